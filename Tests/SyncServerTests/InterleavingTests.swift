import StoreSQLite
import SyncProtocol
import SyncServer
import Testing
import TestSupport

/// What holds for every history with redirects, splits and references in it, however it was sent.
///
/// Two people, a dwelling and a registration; bases of any age, clocks years apart. A failure names its
/// seed; RESIDENCE_SEEDS in the environment tries more.
struct InterleavingTests {
    @Test("[M-09] [R-02] no value vanishes, and an entry is there only where two values met")
    func nothingVanishes() async throws {
        for seed in Seeds.first(150) {
            let flaws = try await World.runInMemory { world in
                let play = try await Interleaving(seed: seed, in: world)
                return try await Ledger(play).flaws
            }

            guard flaws.isEmpty else {
                Issue.record("seed \(seed): \(flaws.joined(separator: "; "))")
                return
            }
        }
    }

    @Test("[Q-03] the same history in smaller batches, each sent twice, has the same end")
    func otherBatches() async throws {
        for seed in Seeds.first(75) {
            let (batches, once) = try await World.runInMemory { world in
                let play = try await Interleaving(seed: seed, in: world)
                return (play.batches, try await End(of: world, after: play.outcomes))
            }

            let twice = try await World.runInMemory { world in
                let outcomes = try await Interleaving.play(batches, in: world, seed: seed)
                return try await End(of: world, after: outcomes)
            }

            guard once == twice else {
                Issue.record("seed \(seed): \(once.differences(to: twice))")
                return
            }
        }
    }

    @Test("[R-04] [M-09] what was overruled unseen beside a redirect is on file after a split")
    func contestedBesideRedirect() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var chen = try await world.device(named: "陈建国", areas: Town.gaoting)
            func remarked(_ remark: String) -> Person {
                var someone = person(in: Town.gaoting)
                someone.remark = remark
                return someone
            }
            try await lin.send(lin.change(id(2), to: remarked("甲")))
            world.clock.advance(by: 1000)
            try await lin.send(lin.change(id(1), to: remarked("丙")))
            try await lin.send(lin.redirect(id(1), to: id(2), saw: 1))
            world.clock.advance(by: 1000)
            try await chen.send(chen.change(id(2), to: remarked("乙")))

            try await lin.send(lin.split(id(1), saw: 2))

            let record = try await world.known(id(2))
            let entries = try await world.conflicts(of: id(2))
            let said = entries.flatMap { [$0.conflict.standing, $0.conflict.proposed] }
                .map { $0.values.text(of: 17) }
            #expect(record.state.fields.text(of: 17) == "乙")
            #expect(said.contains("甲"))
        }
    }
}

/// What may not depend on how changes were sent.
private struct End: Equatable {
    let outcomes: [Outcome]
    let records: [RecordID: FieldMap]
    let conflicts: [RecordID: [ConflictEntry.State]]

    init(of world: World, after outcomes: [Outcome]) async throws {
        let ids = Interleaving.records
        self.outcomes = outcomes
        (records, conflicts) = try await world.store.read { transaction in
            (
                try transaction.records(ids).mapValues(\.state.fields),
                try Dictionary(
                    uniqueKeysWithValues: ids.map {
                        ($0, try transaction.conflicts(of: $0, openOnly: false).map(\.state))
                    }
                )
            )
        }
    }

    func differences(to other: End) -> String {
        let outcomes = zip(outcomes, other.outcomes).filter { $0 != $1 }
        let ids = Interleaving.records.filter {
            records[$0] != other.records[$0] || conflicts[$0] != other.conflicts[$0]
        }
        return "\(outcomes.prefix(3)) \(ids)"
    }
}
