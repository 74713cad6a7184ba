import StoreSQLite
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

struct ConflictLifeTests {
    @Test("[C-02] further edits of the same device extend its open conflict")
    func extended() async throws {
        try await World.run { world in
            var dispute = try await Dispute(in: world)
            world.clock.advance(by: 60_000)

            let outcomes = try await dispute.hu.send(
                dispute.hu.change(id(1), to: Person { $0.name = "王放" }, saw: 1)
            )

            let entries = try await world.conflicts(of: id(1))
            let entry = try #require(entries.first)
            #expect(outcomes.map(\.kind) == [.conflicted])
            #expect(entries.count == 1 && entry.id == dispute.entry.id && entry.isOpen)
            #expect(entry.conflict.proposed.values.text(of: 1) == "王放")
            #expect(entry.conflict.standing.values.text(of: 1) == "王方")
            #expect(entry.metAt == dispute.entry.metAt)
        }
    }

    @Test("[C-02] an open conflict's standing side is what stands, whoever wrote it since")
    func standsElsewise() async throws {
        try await World.run { world in
            let dispute = try await Dispute(in: world)
            var chen = try await world.device(named: "陈建国", areas: Town.gaoting)

            try await chen.send(chen.change(id(1), to: Person { $0.name = "王舫" }, saw: 2))

            let entries = try await world.conflicts(of: id(1))
            let entry = try #require(entries.first)
            #expect(entries.count == 1 && entry.id == dispute.entry.id && entry.isOpen)
            #expect(entry.conflict.standing.values.text(of: 1) == "王舫")
            #expect(entry.standingAuthor == "陈建国" && entry.proposedAuthor == "胡敏")
            #expect(entry.conflict.proposed.values.text(of: 1) == "王房")
        }
    }

    @Test("[C-02] each unit and each proposing device has a conflict of its own")
    func apart() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            var chen = try await world.device(named: "陈建国", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: person("王芳", in: Town.gaoting)))
            func corrected(_ name: String, _ sex: Sex) -> Person {
                Person {
                    $0.name = name
                    $0.sex = sex
                }
            }

            try await lin.send(lin.change(id(1), to: corrected("王方", .male), saw: 1))
            try await hu.send(hu.change(id(1), to: corrected("王房", .unstated), saw: 1))
            try await chen.send(chen.change(id(1), to: Person { $0.name = "王舫" }, saw: 1))

            let open = try await world.conflicts(of: id(1), openOnly: true)
            let record = try await world.known(id(1))
            #expect(open.map(\.proposedAuthor) == ["胡敏", "胡敏", "陈建国"])
            #expect(open.map(\.conflict.fields) == [[1], [2], [1]])
            #expect(open.map(\.standingAuthor) == ["林小梅", "林小梅", "林小梅"])
            #expect(record.openConflicts == 3)
        }
    }

    /// A change by somebody else that ends the dispute without settling it.
    struct Ending: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (TestDevice) -> Change

        static let all = [
            Ending(testDescription: "a third value by who has seen both") { device in
                device.change(id(1), to: Person { $0.name = "王舫" }, saw: 3)
            },
            Ending(testDescription: "the standing value again by who has seen both") { device in
                device.change(id(1), to: Person { $0.name = "王方" }, saw: 3)
            },
            Ending(testDescription: "what was proposed, said unseen") { device in
                device.change(id(1), to: Person { $0.name = "王房" }, saw: 2)
            },
            Ending(testDescription: "a deletion that stands") { device in
                device.deletion(of: id(1), Person.recordType, saw: 3)
            },
        ]
    }

    @Test("[C-04] what ends a conflict without settling it", arguments: Ending.all)
    func superseded(by ending: Ending) async throws {
        try await World.run { world in
            let dispute = try await Dispute(in: world)
            var chen = try await world.device(named: "陈建国", areas: Town.gaoting)

            let outcomes = try await chen.send(ending.change(chen))

            let entries = try await world.conflicts(of: id(1))
            let record = try await world.known(id(1))
            let closing = try #require(entries.first?.closing)
            #expect(outcomes.map(\.code) == [""])
            #expect(entries.map(\.id) == [dispute.entry.id])
            #expect(entries.map(\.state) == [.superseded])
            #expect(record.openConflicts == 0 && record.state.revision.rawValue == 4)
            #expect(closing.author == "陈建国" && closing.device == chen.id)
            #expect(closing.revision.rawValue == 4)
            #expect(closing.choice == nil && closing.reason.isEmpty)
        }
    }

    @Test("[C-04] a deletion that does not stand ends no conflict")
    func deletionInVain() async throws {
        try await World.run { world in
            let dispute = try await Dispute(in: world)
            var chen = try await world.device(named: "陈建国", areas: Town.gaoting)

            try await chen.send(chen.deletion(of: id(1), Person.recordType, saw: 2))

            let open = try await world.conflicts(of: id(1), openOnly: true)
            #expect(open.map(\.conflict.kind) == [.field, .existence])
            #expect(open.first?.id == dispute.entry.id)
        }
    }

    @Test("[C-04] who proposed and now says what stands takes the proposal back")
    func withdrawn() async throws {
        try await World.run { world in
            var dispute = try await Dispute(in: world)

            let outcomes = try await dispute.hu.send(
                dispute.hu.change(id(1), to: Person { $0.name = "王方" }, saw: 1)
            )

            let entries = try await world.conflicts(of: id(1))
            let record = try await world.known(id(1))
            #expect(outcomes.map(\.code) == [""])
            #expect(entries.map(\.state) == [.superseded])
            #expect(
                entries.allSatisfy { $0.conflict.standing.device != $0.conflict.proposed.device }
            )
            #expect(record.state.fields.text(of: 1) == "王方" && record.openConflicts == 0)
        }
    }

    @Test("[C-01] what a rule decided was never open, and nobody closed it")
    func decidedByRule() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: person(in: Town.gaoting)))
            try await lin.send(lin.change(id(1), to: Person { $0.remark = "白班" }, saw: 1))
            world.clock.advance(by: 60_000)

            let outcomes = try await hu.send(
                hu.change(id(1), to: Person { $0.remark = "夜班" }, saw: 1)
            )

            let entries = try await world.conflicts(of: id(1))
            let entry = try #require(entries.first)
            #expect(outcomes.map(\.kind) == [.merged])
            #expect(entries.count == 1 && entry.state == .decidedByRule)
            #expect(entry.conflict.proposedWon && entry.closing == nil)
            let open = try await world.service.openConflicts(for: world.clerk)
            #expect(open.conflicts.isEmpty)
        }
    }

    @Test("[C-01] a closed conflict stays closed: who proposes again opens another one")
    func staysClosed() async throws {
        try await World.run { world in
            var dispute = try await Dispute(in: world)
            let zhou = try await world.reviewer(named: "周审核")
            _ = try await world.service.resolve(
                dispute.entry.id,
                ResolveRequest(revision: Revision(rawValue: 3), choice: .standing),
                for: zhou
            )

            try await dispute.hu.send(
                dispute.hu.change(id(1), to: Person { $0.name = "王房" }, saw: 1)
            )

            let entries = try await world.conflicts(of: id(1))
            #expect(entries.map(\.state) == [.resolved, .open])
            #expect(entries.first?.id == dispute.entry.id)
            #expect(entries.last?.standingAuthor == "周审核")
        }
    }

    /// The third value of the name, and the other two.
    private static let names: [Change.Resolution.Choice: String] = [
        .standing: "王方", .proposed: "王房", .other: "王舫",
    ]

    @Test(
        "[C-01] [C-03] a reviewer settles it for good, from a device or at the server",
        arguments: Change.Resolution.Choice.allCases,
        [true, false]
    )
    func resolved(choice: Change.Resolution.Choice, byDevice: Bool) async throws {
        try await World.run { world in
            let dispute = try await Dispute(in: world)
            var zhou = try await world.device(named: "周审核", areas: Town.county, role: .reviewer)
            let name = try #require(Self.names[choice])
            let value = choice == .other ? Person { $0.name = name }.fieldMap : FieldMap()
            world.clock.advance(by: 60_000)

            if byDevice {
                var change = zhou.resolution(of: dispute.entry, choice, saw: 3)
                change.fields = value
                change.resolution?.reason = "看过证件"
                let outcomes = try await zhou.send(change)
                #expect(outcomes.map(\.code) == [""])
            } else {
                var request = ResolveRequest(
                    revision: Revision(rawValue: 3),
                    choice: choice,
                    value: value,
                    reason: "看过证件"
                )
                request.type = Person.recordType.number
                let principal = try await world.principal(zhou)
                _ = try await world.service.resolve(dispute.entry.id, request, for: principal)
            }

            let entries = try await world.conflicts(of: id(1))
            let record = try await world.known(id(1))
            let closing = try #require(entries.first?.closing)
            #expect(entries.map(\.state) == [.resolved] && record.openConflicts == 0)
            #expect(record.state.fields.text(of: 1) == name)
            #expect(closing.device == (byDevice ? zhou.id : world.server))
            #expect(closing.author == "周审核" && closing.reason == "看过证件")
            #expect(closing.choice == choice && closing.revision == record.state.revision)
            #expect(closing.closedAt == world.clock.now)
        }
    }

    @Test("[C-03] where the record moved on, the choice is refused and the conflict stays open")
    func outdated() async throws {
        try await World.run { world in
            var dispute = try await Dispute(in: world)
            var zhou = try await world.device(named: "周审核", areas: Town.county, role: .reviewer)
            let principal = try await world.principal(zhou)
            try await dispute.lin.send(
                dispute.lin.change(id(1), to: Person { $0.remark = "来过" }, saw: 3)
            )

            let late = try await zhou.send(zhou.resolution(of: dispute.entry, .proposed, saw: 3))
            let error = try await refusal {
                try await world.service.resolve(
                    dispute.entry.id,
                    ResolveRequest(revision: Revision(rawValue: 3), choice: .proposed),
                    for: principal
                )
            }

            let open = try await world.conflicts(of: id(1), openOnly: true)
            #expect(late.map(\.code) == ["conflict_outdated"])
            #expect(error?.code == "conflict_outdated")
            #expect(open.map(\.id) == [dispute.entry.id])
            let again = try await zhou.send(zhou.resolution(of: dispute.entry, .proposed, saw: 4))
            #expect(again.map(\.kind) == [.applied])
        }
    }

    @Test("[C-01] [C-03] a second choice comes too late, and a coordinator's is none")
    func secondAndForbidden() async throws {
        try await World.run { world in
            var dispute = try await Dispute(in: world)
            let entry = dispute.entry
            let request = ResolveRequest(revision: Revision(rawValue: 3), choice: .standing)
            let lin = try await world.principal(dispute.lin)
            let (zhou, wu) = (
                try await world.reviewer(named: "周审核"), try await world.reviewer(named: "吴审核")
            )

            let forbidden = try await dispute.lin.send(
                dispute.lin.resolution(of: entry, .standing, saw: 3)
            )
            let refused = try await refusal {
                try await world.service.resolve(entry.id, request, for: lin)
            }
            _ = try await world.service.resolve(entry.id, request, for: zhou)
            let second = try await refusal {
                try await world.service.resolve(entry.id, request, for: wu)
            }

            let found = try await world.service.conflict(entry.id, for: wu)
            #expect(forbidden.map(\.code) == ["role_forbidden"])
            #expect(refused?.code == "role_forbidden")
            #expect(second?.code == "conflict_closed")
            #expect(found.entry.closing?.author == "周审核")
        }
    }

    @Test("[C-05] open conflicts are listed by what they would change, then by age")
    func ranked() async throws {
        try await World.run { world in
            _ = try await Docket(in: world)

            let all = try await world.service.openConflicts(for: world.clerk)
            var paged: [RecordID] = []
            var rank: ConflictRank?
            repeat {
                let page = try await world.service.openConflicts(
                    for: world.clerk,
                    after: rank,
                    limit: 1
                )
                paged += page.conflicts.map(\.entry.record)
                rank = page.next
            } while rank != nil

            #expect(all.conflicts.map(\.entry.record) == [id(5), id(6), id(4), id(3)])
            #expect(all.conflicts.map(\.entry.impact) == [400, 400, 300, 200])
            #expect(all.next == nil)
            #expect(paged == [id(5), id(6), id(4), id(3)])
        }
    }

    @Test("[C-05] a list may leave out other areas, types, fields and devices")
    func filtered() async throws {
        try await World.run { world in
            let docket = try await Docket(in: world)
            let local = try await world.reviewer(named: "东沙审核", in: Town.dongsha)
            func listed(
                by principal: Principal? = nil,
                _ narrow: (inout ConflictFilter) -> Void = { _ in }
            ) async throws -> [RecordID] {
                var filter = ConflictFilter()
                narrow(&filter)
                let page = try await world.service.openConflicts(
                    filter,
                    for: principal ?? world.clerk
                )
                return page.conflicts.map(\.entry.record)
            }

            let here = try await listed { $0.area = area(Town.gaoting) }
            let persons = try await listed { $0.type = Person.recordType.number }
            let named = try await listed { $0.field = "姓名" }
            let terms = try await listed { $0.field = "ended_on" }
            let proposed = try await listed { $0.device = docket.wu.id }
            let standing = try await listed { $0.device = docket.chen.id }
            let seen = try await listed(by: local)

            #expect(here == [id(5), id(4), id(3)])
            #expect(persons == [id(5), id(6)])
            #expect(named == [id(5), id(6)])
            #expect(terms == [id(3)])
            #expect(proposed == [id(6)] && standing == [id(6)])
            #expect(seen == [id(6)])
        }
    }
}

/// Four open conflicts, the least important first: a term, an existence, two names.
private struct Docket {
    let chen: TestDevice
    let wu: TestDevice

    init(in world: World) async throws {
        var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
        var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
        var chen = try await world.device(named: "陈建国", areas: Town.county)
        var wu = try await world.device(named: "吴海", areas: Town.dongsha)
        try await lin.send(
            lin.change(id(1), to: person(in: Town.gaoting)),
            lin.change(id(2), to: dwelling(in: Town.gaoting)),
            lin.change(id(3), to: registration(of: id(1), at: id(2), in: Town.gaoting)),
            lin.change(id(4), to: dwelling("人民路4号", in: Town.gaoting))
        )
        try await lin.send(lin.change(id(3), to: ended(on: 20_260_501), saw: 1))
        try await hu.send(
            hu.change(id(3), to: ended(on: 20_260_502), saw: 1),
            hu.change(id(4), to: Dwelling { $0.remark = "出租" }, saw: 1)
        )
        try await lin.send(
            lin.deletion(of: id(4), Dwelling.recordType, saw: 1),
            lin.change(id(5), to: person("李四", in: Town.gaoting))
        )
        try await hu.send(hu.change(id(5), to: person("李思", in: Town.gaoting)))
        try await chen.send(chen.change(id(6), to: person("赵六", in: Town.dongsha)))
        try await wu.send(wu.change(id(6), to: person("赵陆", in: Town.dongsha)))
        (self.chen, self.wu) = (chen, wu)
    }
}
