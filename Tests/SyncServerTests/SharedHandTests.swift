import StoreSQLite
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

/// Many people act by the server's own device, and none of them has seen what the others did.
struct SharedHandTests {
    @Test("[M-12] [M-17] a deletion that has not seen another reviewer's choice asks instead")
    func deletionUnseen() async throws {
        try await World.run { world in
            let dispute = try await Dispute(in: world)
            let zhou = try await world.reviewer(named: "周审核")
            let wu = try await world.reviewer(named: "吴审核")
            _ = try await world.service.resolve(
                dispute.entry.id,
                ResolveRequest(revision: Revision(rawValue: 3), choice: .proposed),
                for: zhou
            )

            let result = try await world.service.delete(
                id(1),
                at: Revision(rawValue: 3),
                Change.Deletion(reason: 2, text: ""),
                for: wu
            )

            let record = try await world.known(id(1))
            let entries = try await world.conflicts(of: id(1))
            let entry = try #require(entries.last)
            #expect(result.outcome == .conflicted)
            #expect(!record.state.isDeleted && record.openConflicts == 1)
            #expect(entries.map(\.conflict.kind) == [.field, .existence])
            #expect(entry.conflict.proposed.deletion?.reason == 2)
            #expect(entry.standingAuthor == "周审核" && entry.proposedAuthor == "吴审核")
        }
    }

    @Test("[M-17] a choice that has not seen what another reviewer chose of the record is refused")
    func choiceUnseen() async throws {
        try await World.run { world in
            var dispute = try await Dispute(in: world)
            let zhou = try await world.reviewer(named: "周审核")
            let wu = try await world.reviewer(named: "吴审核")
            var chen = try await world.device(named: "陈建国", areas: Town.gaoting)
            try await dispute.lin.send(
                dispute.lin.change(id(1), to: Person { $0.sex = .male }, saw: 3)
            )
            try await chen.send(chen.change(id(1), to: Person { $0.sex = .unstated }, saw: 3))
            let open = try await world.conflicts(of: id(1), openOnly: true)
            let request = ResolveRequest(revision: Revision(rawValue: 5), choice: .proposed)

            _ = try await world.service.resolve(open[0].id, request, for: zhou)
            let error = try await refusal {
                try await world.service.resolve(open[1].id, request, for: wu)
            }

            let left = try await world.conflicts(of: id(1), openOnly: true)
            #expect(open.map(\.conflict.fields) == [[1], [2]])
            #expect(error?.code == "conflict_outdated")
            #expect(left.map(\.id) == [open[1].id])
        }
    }

    @Test(
        "[M-09] [M-17] of two reviewers' mends the later observation stands, and both are on file",
        arguments: [[0, 1], [1, 0]]
    )
    func mendsByTime(order: [Int]) async throws {
        try await World.run { world in
            let mending = try await Mending(in: world)

            try await mending.mend(order[0], as: "周审核")
            try await mending.mend(order[1], as: "吴审核")

            let record = try await world.known(id(1))
            let entries = try await world.conflicts(of: id(1)).filter {
                $0.conflict.fields == [17]
            }
            let entry = try #require(entries.first)
            let sides = [entry.conflict.standing, entry.conflict.proposed]
            #expect(record.state.fields.text(of: 17) == "白班")
            #expect(entries.map(\.state) == [.decidedByRule])
            #expect(Set(sides.map { $0.values.text(of: 17) }) == ["夜班", "白班"])
            #expect(entry.standingAuthor == "周审核" && entry.proposedAuthor == "吴审核")
        }
    }

    @Test("[M-07] [M-17] two reviewers' mends of what somebody else corrected are two proposals")
    func mendsToReview() async throws {
        try await World.run { world in
            let mending = try await Mending(in: world)
            var chen = try await world.device(named: "陈建国", areas: Town.gaoting)
            try await chen.send(chen.change(id(1), to: Person { $0.name = "王舫" }, saw: 1))

            try await mending.mend(0, as: "周审核")
            try await mending.mend(1, as: "吴审核")

            let record = try await world.known(id(1))
            let open = try await world.conflicts(of: id(1), openOnly: true)
            #expect(record.state.fields.text(of: 1) == "王舫")
            #expect(open.map(\.conflict.fields) == [[1], [1]])
            #expect(open.map { $0.conflict.proposed.values.text(of: 1) } == ["王方", "王房"])
            #expect(open.map(\.proposedAuthor) == ["周审核", "吴审核"])
            #expect(open.map(\.standingAuthor) == ["陈建国", "陈建国"])
        }
    }

    @Test("[M-09] who asked is told apart where two mends were observed at one millisecond")
    func sameMillisecond() async throws {
        try await World.run { world in
            let mending = try await Mending(in: world, apart: 0)

            try await mending.mend(0, as: "周审核")
            try await mending.mend(1, as: "吴审核")

            let open = try await world.conflicts(of: id(1), openOnly: true)
            #expect(open.map(\.conflict.fields) == [[1]])
            #expect(open.map(\.standingAuthor) == ["周审核"])
            #expect(open.map(\.proposedAuthor) == ["吴审核"])
        }
    }

    @Test("[V-05] a mended creation stays its author's own, and the author hears of it")
    func mendedCreation() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var capture = person("王芳", in: Town.gaoting)
            capture.birthDate = 2026
            let refused = try await lin.send(lin.change(id(1), to: capture))
            let returned = try await world.returned()
            let mended = try await world.service.mend(
                try #require(returned.first).id,
                Mending.birthDate,
                for: world.reviewer(named: "周审核")
            )

            let later = Person {
                $0.name = "王方"
                $0.remark = "夜班"
            }
            let outcomes = try await lin.send(lin.change(id(1), to: later))

            let record = try await world.known(id(1))
            let conflicts = try await world.conflicts(of: id(1))
            let answer = try await world.service.sync(lin.reading(), from: lin.id)
            #expect(refused.map(\.code) == ["birth_date_invalid"])
            #expect(mended.outcome == .applied)
            // It met the correction of another field, which it had not seen.
            #expect(outcomes.map(\.kind) == [.merged] && conflicts.isEmpty)
            #expect(record.state.fields.text(of: 1) == "王方")
            #expect(record.state.fields.number(of: 5) == 19_700_101)
            #expect(answer.settlements.map(\.kind) == [.mended])
            #expect(answer.settlements.map(\.by) == ["周审核"])
        }
    }

    @Test(
        "[V-05] what was corrected in a mended creation is the reviewer's word, which its author contests unseen"
    )
    func correctedCreation() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var capture = person("王芳", in: Town.gaoting)
            capture.birthDate = 2026
            capture.remark = "夜班"
            capture.originAddress = "海滨镇"
            try await lin.send(lin.change(id(1), to: capture))
            world.clock.advance(by: 60_000)
            let later = lin.change(
                id(1),
                to: Person {
                    $0.name = "王方"
                    $0.birthDate = 19_710_101
                    $0.remark = "白班"
                    $0.originAddress = "河口乡"
                }
            )
            world.clock.advance(by: 60_000)
            let correction = Person {
                $0.birthDate = 19_700_101
                $0.originAddress = "新集镇"
            }
            let returned = try await world.returned()
            let mended = try await world.service.mend(
                try #require(returned.first).id,
                MendRequest(
                    fields: correction.fieldMap,
                    of: Person.recordType.number,
                    clears: ["remark"]
                ),
                for: world.reviewer(named: "周审核")
            )

            let outcomes = try await lin.send(later)

            let fields = try await world.known(id(1)).state.fields
            let all = try await world.conflicts(of: id(1))
            #expect(mended.outcome == .applied)
            #expect(outcomes.map(\.kind) == [.conflicted])
            // What was not corrected is the author's own. Of the rest, the birth date waits for people, and else the
            // correction was observed later.
            #expect(fields.text(of: 1) == "王方")
            #expect(fields.number(of: 5) == 19_700_101)
            let (remark, origin) = (Self.number("remark"), Self.number("origin_address"))
            #expect(fields[remark] == nil)
            #expect(fields.text(of: origin) == "新集镇")
            #expect(Set(all.map(\.conflict.fields)) == [[5], [remark], [origin - 1, origin]])
            #expect(all.filter(\.isOpen).map(\.conflict.fields) == [[5]])
            #expect(Set(all.map(\.standingAuthor)) == ["周审核"])
            #expect(Set(all.map(\.proposedAuthor)) == ["林小梅"])
        }
    }

    @Test("[V-05] an element that a reviewer took out of a mended creation was taken out by them")
    func correctedSet() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var capture = person("王芳", in: Town.gaoting)
            capture.birthDate = 2026
            capture.phones = ["13957000001"]
            try await lin.send(lin.change(id(1), to: capture))
            let later = lin.change(id(1), to: Person { $0.phones = ["13957000001"] })
            let returned = try await world.returned()
            let mended = try await world.service.mend(
                try #require(returned.first).id,
                MendRequest(
                    fields: Person { $0.birthDate = 19_700_101 }.fieldMap,
                    of: Person.recordType.number,
                    clears: ["phones"]
                ),
                for: world.reviewer(named: "周审核")
            )

            let outcomes = try await lin.send(later)

            let all = try await world.conflicts(of: id(1))
            #expect(mended.outcome == .applied)
            #expect(outcomes.map(\.kind) == [.merged])
            #expect(all.map(\.conflict.fields) == [[Self.number("phones")]])
            #expect(all.map(\.standingAuthor) == ["周审核"])
        }
    }

    private static func number(_ name: String) -> UInt32 {
        Person.recordType.field(named: name)?.number ?? 0
    }
}

/// Two people's edits of one record, both returned for a birth date that is none.
private struct Mending {
    let world: World
    let returned: [ReturnedChange]

    static let birthDate = MendRequest(
        fields: Person { $0.birthDate = 19_700_101 }.fieldMap,
        of: Person.recordType.number
    )

    /// Lin said 王方 and 夜班, Hu 王房 and 白班, so many milliseconds later.
    init(in world: World, apart: Int64 = 60_000) async throws {
        var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
        var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
        func edit(_ name: String, _ remark: String) -> Person {
            Person {
                $0.name = name
                $0.birthDate = 2026
                $0.remark = remark
            }
        }
        try await lin.send(lin.change(id(1), to: person("王芳", in: Town.gaoting)))
        world.clock.advance(by: 60_000)
        try await lin.send(lin.change(id(1), to: edit("王方", "夜班"), saw: 1))
        world.clock.advance(by: apart)
        try await hu.send(hu.change(id(1), to: edit("王房", "白班"), saw: 1))
        returned = try await world.returned()
        self.world = world
    }

    func mend(_ index: Int, as reviewer: String) async throws {
        let principal = try await world.reviewer(named: reviewer)
        _ = try await world.service.mend(returned[index].id, Self.birthDate, for: principal)
    }
}

/// A name that two people corrected, neither having seen the other's correction.
struct Dispute {
    var lin: TestDevice
    var hu: TestDevice
    /// Revision 3 of the record: 王方 by Lin stands, 王房 by Hu is proposed.
    let entry: ConflictEntry

    init(in world: World) async throws {
        var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
        var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
        try await lin.send(lin.change(id(1), to: person("王芳", in: Town.gaoting)))
        try await lin.send(lin.change(id(1), to: Person { $0.name = "王方" }, saw: 1))
        try await hu.send(hu.change(id(1), to: Person { $0.name = "王房" }, saw: 1))
        let open = try await world.conflicts(of: id(1), openOnly: true)
        entry = try #require(open.first)
        (self.lin, self.hu) = (lin, hu)
    }
}

extension World {
    /// The server's own device.
    var server: DeviceID { identity.key.publicKey.deviceID }

    /// Somebody who may settle, with a device of their own.
    func reviewer(named name: String, in town: String = Town.county) async throws -> Principal {
        try await principal(device(named: name, areas: town, role: .reviewer))
    }
}
