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

    @Test("[I14] the same seed gives the same trace")
    func sameTrace() async throws {
        let plan = Plan(seed: 11, devices: 4, days: 4, weather: .storm)

        let (one, other) = try await (Simulation.run(plan), Simulation.run(plan))

        #expect(one.trace == other.trace)
        #expect(one == other)
    }
}
