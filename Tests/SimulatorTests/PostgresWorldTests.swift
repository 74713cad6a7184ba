import Simulator
import TestSupport
import Testing

/// The embedded store is the oracle of the other one: the same seeds come to the same end on both.
@Suite(.serialized, .enabled(if: PostgresCluster.isInstalled, "not run: no PostgreSQL"))
struct PostgresWorldTests {
    @Test("[I14] the same seed gives the same trace with the server's data in PostgreSQL")
    func sameTrace() async throws {
        let database = try PostgresCluster.shared().schema(of: "worlds")
        for seed: UInt64 in 1...4 {
            var plan = Plan(
                seed: seed,
                devices: 4,
                days: 4,
                weather: (seed.isMultiple(of: 2) ? Weather.drizzle : .storm).sparingServer
            )
            let embedded = try await Simulation.run(plan)
            plan.database = database
            let elsewhere = try await Simulation.run(plan)

            #expect(elsewhere.verdicts == [], "seed \(seed)")
            #expect(elsewhere == embedded, "seed \(seed)")
            #expect(embedded.captures > 0 && embedded.syncs > 0)
        }
    }
}
