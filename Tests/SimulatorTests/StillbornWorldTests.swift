import Simulator
import Testing

struct StillbornWorldTests {
    /// residence-sim --seed 1 --weather storm --bug answers-before-commit: the first handheld's code is not kept.
    private static let plan = Plan(seed: 1, weather: .storm, bug: .answersBeforeCommit)

    @Test func `a world that cannot begin is a verdict on its seed`() async throws {
        let report = try await Simulation.run(Self.plan)

        #expect(report.seed == 1)
        #expect(report.verdicts.map(\.invariant) == ["I10"])
        #expect(report.verdicts.first?.words.contains("code_unknown") == true)
    }

    @Test func `a world that cannot begin is shrunk to nothing, and told`() async throws {
        let shrunk = try await Simulation.shrink(Self.plan, events: 0)

        #expect(!shrunk.isSound && shrunk.events == 0)
        #expect(!shrunk.story.isEmpty)
    }

    @Test func `a database that is not to be had says nothing of the world`() async throws {
        var nowhere = Plan(seed: 1, devices: 1, days: 1, weather: Weather.storm.sparingServer)
        nowhere.database = "postgres://%zz"
        let plan = nowhere

        await #expect(throws: (any Error).self) { _ = try await Simulation.run(plan) }
    }
}
