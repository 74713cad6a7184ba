import Simulator
import TestSupport
import Testing

struct SimulatorTests {
    @Test(arguments: ["fair", "drizzle", "rain", "storm", "copies", "winters"])
    func `a world of any weather ends with nothing lost`(name: String) async throws {
        let weather = try #require(Weather.named.first { $0.name == name }?.weather)

        for seed in Seeds.first(3) {
            let report = try await Simulation.run(
                Plan(seed: seed, devices: 4, days: 4, weather: weather)
            )

            #expect(report.verdicts == [], "seed \(seed)")
            #expect(report.captures > 0 && report.syncs > 0)
        }
    }

    /// A world in which something was lost, or shown that was not so, before it was mended.
    struct Former: CustomTestStringConvertible {
        let weather: Weather
        let seed: UInt64
        let story: String

        var testDescription: String { story }
    }

    @Test(arguments: [
        Former(weather: .rain, seed: 19, story: "a pruned tombstone's record comes back elsewhere"),
        Former(
            weather: .rain,
            seed: 10_020,
            story: "an area is merged away, and somebody erased in it"
        ),
        Former(weather: .detours, seed: 5001, story: "a deletion is wished for once more, in vain"),
        Former(weather: .detours, seed: 5021, story: "who was found to be somebody is told apart"),
    ])
    func `a world that went wrong once ends with nothing lost`(former: Former) async throws {
        let report = try await Simulation.run(Plan(seed: former.seed, weather: former.weather))

        #expect(report.verdicts == [])
    }

    @Test("[I14] the same seed gives the same trace")
    func sameTrace() async throws {
        let plan = Plan(seed: 11, devices: 4, days: 4, weather: .storm)

        let (one, other) = try await (Simulation.run(plan), Simulation.run(plan))

        #expect(one.trace == other.trace)
        #expect(one == other)
    }
}
