import StoreSQLite
import SyncTrust
import SyncProtocol
import SyncServer
import Testing

struct MergingTests {
    @Test("[N-02] the same row of a ledger from two devices is one person, dwelling, registration")
    func sameRowTwice() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)

            lin.number(try row(by: lin).map(\.payload))
            let first = try await lin.resend(1...3).outcomes
            hu.number(try row(by: hu).map(\.payload))
            let second = try await hu.resend(1...3).outcomes

            let counts = try await world.service.counts()
            #expect(first.map(\.kind) == [.applied, .applied, .applied])
            #expect(second.map(\.kind) == [.unchanged, .unchanged, .unchanged])
            #expect(counts.records == [1: 1, 2: 1, 3: 1])
            #expect(counts.openConflicts == 0 && counts.decidedConflicts == 0)
        }
    }

    /// A row of a ledger as a device imports it, its ids derived from what it says.
    private func row(by device: TestDevice) throws -> [Change] {
        let natural = try #require(device.naturalKey)
        let number = Array("34011119701005450X".utf8)
        let who = natural.person(documentType: 1, number: number)
        let home = natural.dwelling(area: Town.gaoting, village: "", address: "人民路1号", kind: 1)
        let stay = natural.registration(person: who, dwelling: home, reportedOn: 20_260_410)
        return [
            device.change(who, to: person(in: Town.gaoting)),
            device.change(home, to: dwelling(in: Town.gaoting)),
            device.change(stay, to: registration(of: who, at: home, in: Town.gaoting)),
        ]
    }

    @Test("[M-13] the same person captured twice is merged, and stands in both places")
    func concurrentCreation() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.dongsha)
            try await lin.send(lin.change(id(1), to: person("王芳", in: Town.gaoting)))

            let outcomes = try await hu.send(hu.change(id(1), to: person("王方", in: Town.dongsha)))

            let record = try await world.known(id(1))
            let areas = try await world.areas(of: id(1))
            #expect(outcomes.map(\.kind) == [.conflicted])
            #expect(outcomes.first?.revision.rawValue == 2)
            #expect(record.state.fields.text(of: 1) == "王芳" && record.openConflicts == 1)
            #expect(areas == [Town.gaoting, Town.dongsha])
        }
    }

    @Test("[M-09] a conflict names both authors, their values and when they met")
    func conflictEntry() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: person("王芳", in: Town.gaoting)))
            world.clock.advance(by: 60_000)
            try await hu.send(hu.change(id(1), to: person("王方", in: Town.gaoting)))

            let conflicts = try await world.openConflicts(of: id(1))
            let conflict = try #require(conflicts.first)

            let standing = try FieldMap(Array(try #require(conflict.value(of: 8))))
            let proposed = try FieldMap(Array(try #require(conflict.value(of: 9))))
            #expect(standing.value(of: 2).map { Array($0) } == lin.id.bytes)
            #expect(proposed.value(of: 2).map { Array($0) } == hu.id.bytes)
            #expect(standing.text(of: 3) == "林小梅" && proposed.text(of: 3) == "胡敏")
            #expect(conflict.number(of: 12) == UInt64(world.clock.now))
            #expect(conflict.number(of: 4) == 0)
        }
    }

    @Test("[M-12] a deletion of what somebody else edited meanwhile leaves it, and asks")
    func deletionAgainstEdit() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: person(in: Town.gaoting)))
            try await hu.send(hu.change(id(1), to: Person { $0.remark = "夜班" }, saw: 1))

            let outcomes = try await lin.send(lin.deletion(of: id(1), Person.recordType, saw: 1))

            let record = try await world.known(id(1))
            #expect(outcomes.map(\.kind) == [.conflicted])
            #expect(!record.state.isDeleted && record.openConflicts == 1)
        }
    }

    @Test("[M-12] an edit of what somebody else deleted meanwhile brings it back, and asks")
    func editAgainstDeletion() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: person(in: Town.gaoting)))
            try await lin.send(lin.deletion(of: id(1), Person.recordType, saw: 1))

            let outcomes = try await hu.send(
                hu.change(id(1), to: Person { $0.remark = "夜班" }, saw: 1)
            )

            let record = try await world.known(id(1))
            #expect(outcomes.map(\.kind) == [.conflicted])
            #expect(!record.state.isDeleted && record.openConflicts == 1)
            #expect(record.state.fields.text(of: 17) == "夜班")
        }
    }

    @Test(
        "[M-12] a record that a live one refers to is not deleted, whoever asks",
        arguments: [true, false]
    )
    func deletionOfReferredTo(byItsAuthor: Bool) async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            let lives = registration(of: id(1), at: id(2), in: Town.gaoting)
            try await lin.send(
                lin.change(id(1), to: person(in: Town.gaoting)),
                lin.change(id(2), to: dwelling(in: Town.gaoting)),
                lin.change(id(3), to: lives)
            )

            let outcomes =
                try await byItsAuthor
                ? lin.send(lin.deletion(of: id(1), Person.recordType, saw: 1))
                : hu.send(hu.deletion(of: id(1), Person.recordType, saw: 1))

            let record = try await world.known(id(1))
            #expect(outcomes.map(\.kind) == [.conflicted])
            #expect(!record.state.isDeleted && record.openConflicts == 1)
        }
    }

    @Test("[M-14] two valid changes that break a rule together are kept, and a person is asked")
    func invalidTogether() async throws {
        try await World.run(rules: DatesInOrder()) { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            var lives = registration(of: id(1), at: id(2), in: Town.gaoting)
            lives.arrivedOn = 20_260_401
            try await lin.send(
                lin.change(id(1), to: person(in: Town.gaoting)),
                lin.change(id(2), to: dwelling(in: Town.gaoting)),
                lin.change(id(3), to: lives)
            )
            let later = Registration { $0.arrivedOn = 20_260_405 }
            let earlier = Registration { $0.reportedOn = 20_260_403 }

            let first = try await lin.send(lin.change(id(3), to: later, saw: 1))
            let second = try await hu.send(hu.change(id(3), to: earlier, saw: 1))

            let record = try await world.known(id(3))
            let conflicts = try await world.openConflicts(of: id(3))
            let conflict = try #require(conflicts.first)
            #expect(first.map(\.kind) == [.applied] && second.map(\.kind) == [.conflicted])
            #expect(record.state.fields.number(of: 4) == 20_260_405)
            #expect(record.state.fields.number(of: 5) == 20_260_403)
            // Of kind INVALID, about the day of reporting.
            #expect(conflict.number(of: 3) == 2 && record.openConflicts == 1)
        }
    }
}

/// The schema's rules, and that nobody reports a residence before arriving.
private struct DatesInOrder: RecordRules {
    func violations(of fields: FieldMap, as type: RecordType) -> [Violation] {
        let shape = SchemaRules().violations(of: fields, as: type)
        let (arrived, reported) = (fields.number(of: 4), fields.number(of: 5))
        guard type.name == "Registration", reported > 0, reported < arrived else { return shape }
        let violation = Violation(
            code: "reported_before_arrival",
            field: 5,
            zh: "申报日期早于来本地日期，请核对。",
            en: "The day of reporting is before the day of arrival: check both."
        )
        return shape + [violation]
    }
}
