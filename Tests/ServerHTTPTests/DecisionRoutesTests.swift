import HTTPTypes
import HummingbirdTesting
import SyncProtocol
import Testing

struct DecisionRoutesTests {
    /// A town where two coordinators disagree: over a person's name, and whether a dwelling is there.
    struct Dispute {
        let town = "330921101"
        var lin: Handheld
        var hu: Handheld
        let reviewer: Handheld

        init(on host: TestHost) async throws {
            lin = try await host.handheld("林小梅", in: town)
            hu = try await host.handheld("胡敏", in: town)
            reviewer = try await host.handheld("周审核", as: .reviewer, in: "330921")
            try await lin.send(
                lin.change(id(1), to: person("王小明", in: town)),
                lin.change(id(2), to: dwelling(in: town))
            )
            try await lin.send(
                lin.change(id(1), to: Person { $0.name = "王晓明" }, saw: 1),
                lin.change(id(2), to: Dwelling { $0.remark = "已核" }, saw: 1)
            )
            let outcomes = try await hu.send(
                hu.deletion(of: id(2), Dwelling.recordType, saw: 1),
                hu.change(id(1), to: Person { $0.name = "王肖明" }, saw: 1)
            )
            try #require(outcomes == [.conflicted, .conflicted])
        }

        /// The conflict over the name, as the reviewer reads it now.
        func overName() async throws -> Answers.Conflict {
            let list: Answers.Conflicts = try await reviewer.read("/v1/conflicts?type=person")
            return try #require(list.conflicts?.first)
        }

        func resolve(
            _ conflict: Answers.Conflict,
            _ json: String,
            by handheld: Handheld? = nil
        ) async throws -> TestResponse {
            try await (handheld ?? reviewer).post("/v1/conflicts/\(conflict.id)/resolution", json)
        }

        func name() async throws -> String? {
            let record: Answers.Record = try await reviewer.read("/v1/records/\(id(1))")
            return record.body?.person?.name
        }
    }

    @Test("[C-05] a reviewer lists what is open, what would change most first, a page at a time")
    func listing() async throws {
        try await TestHost.run { host in
            let dispute = try await Dispute(on: host)

            let first: Answers.Conflicts = try await dispute.reviewer.read("/v1/conflicts?limit=1")
            let next = try #require(first.next)
            let rest: Answers.Conflicts = try await dispute.reviewer.read(
                "/v1/conflicts?limit=1&after=\(next)"
            )

            let name = try #require(first.conflicts?.first)
            let existence = try #require(rest.conflicts?.first)
            #expect(name.type == "Person" && name.kind == nil && name.state == nil)
            #expect(name.standing.author == "林小梅" && name.proposed.author == "胡敏")
            #expect(name.standing.values?.person?.name == "王晓明")
            #expect(name.proposed.values?.person?.name == "王肖明")
            #expect(existence.type == "Dwelling" && existence.kind == "EXISTENCE")
            #expect(existence.id < name.id && rest.next == nil)
        }
    }

    @Test(
        "[C-05] the list is of one type, area, field or device where one is named",
        arguments: [
            ("type=dwelling", 1), ("type=visit", 0), ("area=330921101", 2), ("area=330922", 0),
            ("field=name", 1), ("field=%E5%A7%93%E5%90%8D", 1), ("field=remark", 0),
            ("device=\(String(repeating: "0", count: 32))", 0),
        ]
    )
    func filters(query: String, count: Int) async throws {
        try await TestHost.run { host in
            let dispute = try await Dispute(on: host)

            let list: Answers.Conflicts = try await dispute.reviewer.read("/v1/conflicts?\(query)")

            #expect((list.conflicts ?? []).count == count)
        }
    }

    @Test("[C-03] a reviewer takes what was proposed, and the conflict is settled for good")
    func proposed() async throws {
        try await TestHost.run { host in
            let dispute = try await Dispute(on: host)
            let conflict = try await dispute.overName()

            let answer = try await dispute.resolve(
                conflict,
                """
                {"revision": \(conflict.currentRevision), "choice": "PROPOSED", "reason": "看过证件"}
                """
            )

            let act: Answers.Act = try answer.decoded()
            #expect(answer.status == .ok && act.record == id(1).description)
            #expect(act.revision > conflict.currentRevision)
            #expect(try await dispute.name() == "王肖明")
            let closed: Answers.Conflict = try await dispute.reviewer.read(
                "/v1/conflicts/\(conflict.id)"
            )
            #expect(closed.state == "RESOLVED" && closed.closing?.choice == "PROPOSED")
            #expect(closed.closing?.author == "周审核" && closed.closing?.reason == "看过证件")
            let left: Answers.Conflicts = try await dispute.reviewer.read("/v1/conflicts")
            #expect(left.conflicts?.map(\.type) == ["Dwelling"])
        }
    }

    @Test("[C-03] a reviewer says a third value, of the fields in conflict and of no other")
    func third() async throws {
        try await TestHost.run { host in
            let dispute = try await Dispute(on: host)
            let conflict = try await dispute.overName()
            let begin = "{\"revision\": \(conflict.currentRevision), \"choice\": \"OTHER\""

            let unfit = try await dispute.resolve(
                conflict,
                "\(begin), \"value\": {\"person\": {\"name\": \"王笑明\", \"remark\": \"x\"}}}"
            )
            let other = try await dispute.resolve(
                conflict,
                "\(begin), \"value\": {\"person\": {\"name\": \"王笑明\"}}}"
            )

            #expect(unfit.status == .badRequest)
            #expect(try unfit.problem().code == "value_unfit")
            #expect(other.status == .ok)
            #expect(try await dispute.name() == "王笑明")
        }
    }

    @Test("[C-03] where the record moved on, the reviewer is refused with both in view")
    func outdated() async throws {
        try await TestHost.run { host in
            var dispute = try await Dispute(on: host)
            let seen = try await dispute.overName()
            try await dispute.lin.send(
                dispute.lin.change(id(1), to: Person { $0.remark = "来过" }, saw: 2)
            )

            let answer = try await dispute.resolve(
                seen,
                "{\"revision\": \(seen.currentRevision), \"choice\": \"STANDING\"}"
            )

            let view: Answers.BothInView = try answer.decoded()
            #expect(answer.status == .conflict)
            #expect(try answer.problem().code == "conflict_outdated")
            #expect(view.conflict.id == seen.id && view.conflict.state == nil)
            #expect(view.conflict.currentRevision > seen.currentRevision)
            #expect(view.record?.revision == view.conflict.currentRevision)
            let again = try await dispute.resolve(
                seen,
                "{\"revision\": \(view.conflict.currentRevision), \"choice\": \"STANDING\"}"
            )
            #expect(again.status == .ok)
        }
    }

    @Test("[C-01] whoever comes second is told how it ended, with the record as it is now")
    func closed() async throws {
        try await TestHost.run { host in
            let dispute = try await Dispute(on: host)
            let second = try await host.handheld("吴审核", as: .reviewer, in: "330921")
            let seen = try await dispute.overName()
            let json = "{\"revision\": \(seen.currentRevision), \"choice\": \"PROPOSED\"}"

            let first = try await dispute.resolve(seen, json)
            let late = try await dispute.resolve(seen, json, by: second)

            let view: Answers.BothInView = try late.decoded()
            #expect(first.status == .ok && late.status == .conflict)
            #expect(try late.problem().code == "conflict_closed")
            #expect(view.conflict.closing?.author == "周审核")
            #expect(view.record?.body?.person?.name == "王肖明")
        }
    }

    @Test("[A-05] a coordinator sees conflicts and may not settle them")
    func coordinator() async throws {
        try await TestHost.run { host in
            let dispute = try await Dispute(on: host)
            let conflict = try await dispute.overName()

            let list: Answers.Conflicts = try await dispute.lin.read("/v1/conflicts")
            let answer = try await dispute.resolve(
                conflict,
                "{\"revision\": \(conflict.currentRevision), \"choice\": \"STANDING\"}",
                by: dispute.lin
            )

            #expect(list.conflicts?.count == 2)
            #expect(answer.status == .forbidden)
            #expect(try answer.problem().code == "role_forbidden")
        }
    }

    @Test("[F-05] of another area nothing is seen and nothing is settled")
    func elsewhere() async throws {
        try await TestHost.run { host in
            let dispute = try await Dispute(on: host)
            let conflict = try await dispute.overName()
            let stranger = try await host.handheld("外区审核", as: .reviewer, in: "330922")

            let list: Answers.Conflicts = try await stranger.read("/v1/conflicts")
            let shown = try await stranger.get("/v1/conflicts/\(conflict.id)")
            let settled = try await dispute.resolve(
                conflict,
                "{\"revision\": \(conflict.currentRevision), \"choice\": \"STANDING\"}",
                by: stranger
            )
            let history = try await stranger.get("/v1/records/\(id(1))/history")

            #expect((list.conflicts ?? []).isEmpty)
            #expect(shown.status == .notFound && settled.status == .notFound)
            #expect(try shown.problem().code == "conflict_not_found")
            #expect(try settled.problem().code == "conflict_not_found")
            #expect(history.status == .notFound)
        }
    }
}
