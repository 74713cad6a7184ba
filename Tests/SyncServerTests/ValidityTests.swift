import StoreSQLite
import SyncTrust
import SyncProtocol
import SyncServer
import Testing

struct ValidityTests {
    @Test("[V-01] a change that breaks a rule is kept, and nothing of it is applied")
    func quarantined() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: dwelling(in: Town.gaoting)))
            let edit = Dwelling {
                $0.remark = "已检查"
                $0.lastInspectedOn = 2026
            }

            let outcomes = try await lin.send(lin.change(id(1), to: edit, saw: 1))

            let outcome = try #require(outcomes.first)
            let state = try await world.record(id(1))?.state
            #expect(outcome.kind == .quarantined)
            #expect(outcome.code == "last_inspected_on_invalid" && outcome.field == 12)
            #expect(outcome.revision == .none)
            #expect(state?.revision.rawValue == 1 && state?.fields[13] == nil)
        }
    }

    @Test("[V-01] a field that is required cannot be cleared by its only author")
    func cleared() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: person(in: Town.gaoting)))
            var change = lin.change(id(1), to: Person(), saw: 1)
            change.clears = [1]

            let outcomes = try await lin.send(change)

            #expect(outcomes.map(\.code) == ["name_missing"])
        }
    }

    @Test("[V-02] what depends on a refused creation waits with it, and goes when it was mended")
    func waiting() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            let nameless = Person { $0.capturedIn = [Town.gaoting] }
            let lives = registration(of: id(1), at: id(2), in: Town.gaoting)

            let refused = try await lin.send(
                lin.change(id(2), to: dwelling(in: Town.gaoting)),
                lin.change(id(1), to: nameless),
                lin.change(id(3), to: lives),
                lin.change(id(1), to: Person { $0.remark = "夜班" }),
                lin.change(id(4), to: dwelling("人民路4号", in: Town.gaoting))
            )
            let mended = try await lin.send(
                lin.change(id(1), to: person(in: Town.gaoting)),
                lin.change(id(3), to: lives)
            )

            #expect(
                refused.map(\.code) == [
                    "", "name_missing", "waits_for_creation", "waits_for_creation", "",
                ]
            )
            #expect(mended.map(\.kind) == [.applied, .applied])
        }
    }

    @Test("[V-02] a reference to what nobody ever captured waits for nothing")
    func unknownReference() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)

            let outcomes = try await lin.send(
                lin.change(id(2), to: dwelling(in: Town.gaoting)),
                lin.change(id(3), to: registration(of: id(1), at: id(2), in: Town.gaoting))
            )

            #expect(outcomes.map(\.code) == ["", "reference_unknown"])
            #expect(outcomes.last?.field == 1)
        }
    }

    @Test("[V-03] a change to a record outside the device's areas is quarantined")
    func outside() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.dongsha)
            try await hu.send(hu.change(id(1), to: dwelling(in: Town.dongsha)))

            let outcomes = try await lin.send(
                lin.change(id(1), to: Dwelling { $0.remark = "别人的" }, saw: 1),
                lin.deletion(of: id(1), Dwelling.recordType, saw: 1),
                lin.change(id(2), to: dwelling(in: Town.dongsha))
            )

            let state = try await world.record(id(1))?.state
            #expect(outcomes.map(\.code) == ["outside_areas", "outside_areas", "outside_areas"])
            #expect(state?.revision.rawValue == 1)
        }
    }

    @Test("[V-03] what was captured under a grant that held the area is accepted, however late")
    func earlierGrant() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            let early = lin.change(id(1), to: dwelling(in: Town.gaoting))
            try await world.assign(lin.id, areas: Town.dongsha)
            lin.grant = 2
            let late = lin.change(id(2), to: dwelling("人民路2号", in: Town.gaoting))

            let outcomes = try await lin.send(early, late)

            #expect(outcomes.map(\.code) == ["", "outside_areas"])
        }
    }

    @Test("[V-04] a change for a type that nobody knows is quarantined with its bytes")
    func unknownType() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var change = lin.change(id(1), to: person(in: Town.gaoting))
            change.type = 4_711

            let outcomes = try await lin.send(change)

            let first = SequenceNumber(rawValue: 1)
            let device = lin.id
            let kept = try await world.store.read { try $0.changes(of: device, in: first...first) }
            #expect(outcomes.map(\.code) == ["type_unknown"])
            #expect(kept.map(\.payload) == [change.payload])
        }
    }

    @Test("[W-06] a batch with more changes than allowed is refused before anything is done")
    func batchTooLarge() async throws {
        var limits = Limits()
        limits.changesPerBatch = 2
        limits.bookmarks = 1

        try await World.run(limits: limits) { world in
            var lin = try await world.device(named: "林小梅", areas: Town.county)
            let captures = (1...3).map {
                lin.change(id($0), to: dwelling(in: Town.gaoting)).payload
            }
            lin.number(captures)
            var many = lin.reading()
            many.bookmarks = [Town.gaoting, Town.dongsha].map {
                Bookmark(area: area($0), position: .start)
            }

            let changes = try await refusal { try await lin.resend(1...3) }
            let bookmarks = try await refusal { [many] in
                try await world.service.sync(many, from: lin.id)
            }
            let halves = try await [lin.resend(1...2), lin.resend(3...3)]

            #expect(changes?.code == "batch_too_large")
            #expect(bookmarks?.code == "too_many_bookmarks")
            #expect(halves.last?.highWater.rawValue == 3)
        }
    }
}
