import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// Conflicts chosen silently, ancestors thrown away, resolvers without end: each with a good ending.
struct PainsRaceTests {
    @Test("[M-07] [M-09] cht-core#1022 no side of a conflict is chosen silently")
    func nothingChosenSilently() async throws {
        let contest = try await Contest()

        for device in [contest.lin, contest.chen] {
            let entries = try await device.client.openConflicts()
            let entry = try #require(entries.first)
            let name = try await device.person(contest.id)?.name
            #expect(entries.map(\.conflict.fields) == [[1]])
            #expect(entry.conflict.standing.values.text(of: 1) == "张山")
            #expect(entry.conflict.proposed.values.text(of: 1) == "章三")
            #expect(entry.standingAuthor == "林小梅" && entry.proposedAuthor == "陈建国")
            #expect(name == "张山")
        }
    }

    @Test("[M-09] cht-core#1022 what a rule chose is on file, with both values and the rule")
    func chosenByRule() async throws {
        let contest = try await Contest()

        let found = try await contest.world.service.record(contest.id, in: nil)

        let decided = found?.conflicts.filter { $0.state == .decidedByRule } ?? []
        #expect(decided.map(\.conflict.fields) == [[17]])
        #expect(decided.map(\.conflict.policy) == [.laterObservation])
        #expect(decided.map { $0.conflict.standing.values.text(of: 17) } == ["林记"])
        #expect(decided.map { $0.conflict.proposed.values.text(of: 17) } == ["陈记"])
    }

    @Test("[C-03] [C-05] cht-core#3708 a reviewer settles each in one step: no clean-up campaign")
    func noCampaign() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国")
        let zhou = try await world.device(named: "周审核", role: .reviewer)
        var people: [RecordID] = []
        for number in 1...3 {
            people.append(
                try await lin.client.capture(Sample.person("张三", passport: "E\(number)"))
            )
        }
        for device in [lin, chen] { try await device.sync() }
        for id in people {
            try await lin.rename(id, to: "张山")
            try await chen.rename(id, to: "章三")
        }
        for device in [lin, chen, zhou] { try await device.sync() }

        let open = try await zhou.client.openConflicts()
        for entry in open {
            try await zhou.client.resolve(entry.id, .proposed, reason: "已看证件")
        }
        for device in [zhou, lin, chen] { try await device.sync() }

        #expect(Set(open.map(\.record)) == Set(people))
        for id in people {
            let found = try await world.service.record(id, in: nil)
            let entry = try #require(found?.conflicts.first)
            let name = try await lin.person(id)?.name
            #expect(found?.conflicts.map(\.state) == [.resolved])
            #expect(entry.closing?.author == "周审核" && entry.closing?.reason == "已看证件")
            #expect(entry.closing?.choice == .proposed)
            #expect(name == "章三")
        }
        for device in [lin, chen, zhou] {
            let left = try await device.client.openConflicts()
            #expect(left.isEmpty)
        }
    }

    @Test("[B-02] couchbase-lite-core#402 the first refusal does not throw the ancestor away")
    func ancestorStays() async throws {
        let world = try await World(rules: NamesAskedFor())
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国")
        let id = try await lin.client.capture(Sample.person("张三"))
        for device in [lin, chen] { try await device.sync() }
        try await chen.client.edit(id, as: Person.self) {
            $0.name = "张山"
            $0.remark = "周末在家"
        }
        try await chen.sync()
        try await lin.rename(id, to: NamesAskedFor.unknown)
        let refused = try await lin.sync()

        try await lin.client.mend(id) { fields, _ in fields.setting(text: "章三", of: 1) }
        let mended = try await lin.sync()
        try await chen.sync()

        let returned = try await lin.client.status().returned
        #expect(refused.outcomes == [Outcome.Kind.quarantined: 1])
        #expect(mended.outcomes == [Outcome.Kind.conflicted: 1])
        #expect(returned.isEmpty)
        for device in [lin, chen] {
            let read = try await device.person(id)
            let conflicts = try await device.client.openConflicts().map(\.conflict)
            #expect(read?.name == "张山" && read?.remark == "周末在家")
            #expect(conflicts.map { $0.standing.values.text(of: 1) } == ["张山"])
            #expect(conflicts.map { $0.proposed.values.text(of: 1) } == ["章三"])
        }
    }

    @Test(
        "[C-01] couchbase-lite-ios#1217 two reviewers settle one conflict offline, then all is quiet",
        arguments: [Change.Resolution.Choice.standing, .proposed],
        [Change.Resolution.Choice.standing, .proposed]
    )
    func quiet(first: Change.Resolution.Choice, second: Change.Resolution.Choice) async throws {
        let contest = try await Contest()
        let world = contest.world
        let zhou = try await world.device(named: "周审核", role: .reviewer)
        let wu = try await world.device(named: "吴审核", role: .reviewer)
        let everybody = [zhou, wu, contest.lin, contest.chen]
        for (reviewer, choice) in [(zhou, first), (wu, second)] {
            try await reviewer.sync()
            let open = try await reviewer.client.openConflicts()
            let entry = try #require(open.first)
            try await reviewer.client.resolve(entry.id, choice)
        }
        for device in everybody + everybody { try await device.sync() }
        let settled = try await world.service.counts()
        let before = try await world.record(contest.id)

        var reports: [SyncReport] = []
        for device in everybody + everybody + everybody { reports.append(try await device.sync()) }

        let after = try await world.record(contest.id)
        let quiet = try await world.service.counts()
        let told = try await wu.client.status().returned.map { $0.outcome?.code ?? "" }
        #expect(quiet == settled && after == before)
        #expect(quiet.openConflicts == 0)
        #expect(reports.allSatisfy { $0.roundTrips == 1 && $0.received == 0 })
        #expect(reports.allSatisfy { $0.outcomes.isEmpty })
        #expect(told == ["conflict_closed"])
        for device in everybody {
            let name = try await device.person(contest.id)?.name
            let left = try await device.client.openConflicts()
            #expect(name == (first == .standing ? "张山" : "章三"))
            #expect(left.isEmpty)
        }
    }
}

/// Lin and Chen named a person and remarked on them, neither having seen the other; both know by now.
private struct Contest {
    let world: World
    let lin: Device
    let chen: Device
    let id: RecordID

    init() async throws {
        world = try await World()
        lin = try await world.device(named: "林小梅")
        chen = try await world.device(named: "陈建国")
        id = try await lin.client.capture(Sample.person("张三"))
        for device in [lin, chen] { try await device.sync() }
        for (device, name, remark) in [(lin, "张山", "林记"), (chen, "章三", "陈记")] {
            world.pass(Sample.minute)
            try await device.client.edit(id, as: Person.self) {
                $0.name = name
                $0.remark = remark
            }
        }
        for device in [lin, chen, lin] { try await device.sync() }
    }
}

/// Rules of a server that takes no name that has yet to be asked for.
private struct NamesAskedFor: RecordRules {
    static let unknown = "待问"

    func violations(of fields: FieldMap, as type: RecordType) -> [Violation] {
        let others = SchemaRules().violations(of: fields, as: type)
        guard type.name == "Person", fields.text(of: 1) == Self.unknown else { return others }
        return others + [
            Violation(code: "name_refused", field: 1, zh: "请问明姓名。", en: "Ask for the name.")
        ]
    }
}
