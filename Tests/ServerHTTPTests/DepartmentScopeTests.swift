import Foundation
import HTTPTypes
import HummingbirdTesting
import StoreSQLite
import SyncProtocol
import SyncServer
import Testing

/// A department whose grant covers some types and fields only, at every route.
struct DepartmentScopeTests {
    /// What the grant does not cover, wherever it is written.
    private static let secrets = ["33010619700101123X", "欧阳修竹", "人民路1号", "欧阳修足"]

    /// A town with a person whose name is contested, their dwelling and registration; and a department that may see the
    /// sex and remark of people, and registrations whole.
    private struct Story {
        var host: TestHost
        var department: Handheld
        var person: RecordID
        var dwelling: RecordID
        var registration: RecordID
    }

    private static func tell(_ story: @escaping @Sendable (Story) async throws -> Void) async throws
    {
        try await TestHost.run { host in
            let (man, home, stay) = (id(1), id(2), id(3))
            var one = try await host.handheld("高亭一号", in: "330921101001")
            var two = try await host.handheld("高亭二号", in: "330921101001")
            var first = person("欧阳修竹", in: "330921101001", number: "33010619700101123X")
            first.remark = "公开"
            try await one.send(
                one.change(man, to: first),
                one.change(home, to: dwelling(in: "330921101001")),
                one.change(stay, to: Self.registration(man, home))
            )
            var other = first
            other.name = "欧阳修足"
            try await two.send(two.change(man, to: other))
            let department = try await host.handheld(
                "人社",
                as: .department,
                of: "人力社保",
                within: try GrantScope(
                    types: ["registration"],
                    fields: ["person.sex", "person.remark"]
                ),
                in: "330921"
            )
            try await story(
                Story(
                    host: host,
                    department: department,
                    person: man,
                    dwelling: home,
                    registration: stay
                )
            )
        }
    }

    private static func registration(_ person: RecordID, _ dwelling: RecordID) -> Registration {
        Registration {
            $0.person = Data(person.bytes)
            $0.dwelling = Data(dwelling.bytes)
            $0.area = "330921101001"
            $0.reportedOn = 20_260_101
        }
    }

    @Test("[A-14] no route tells a department a type or a field that its grant does not cover [I7]")
    func everyRoute() async throws {
        let routes = try OpenAPITests.documented().filter { $0.contains(" /v1/") }.sorted()
        try await Self.tell { story in
            for record in [story.person, story.dwelling, story.registration] {
                for route in routes {
                    let answer = try await OtherAreasTests.ask(
                        route,
                        by: story.department,
                        about: record
                    )

                    for secret in Self.secrets {
                        #expect(!answer.text.contains(secret), "\(route)")
                    }
                    // Nor in which village of its county anything stands.
                    #expect(
                        !answer.text.contains("330921101001") || record == story.registration
                            || route == "GET /v1/records",
                        "\(route)"
                    )
                    #expect(answer.status.code < 500, "\(route): \(answer.text)")
                }
            }
        }
    }

    @Test("[A-14] it reads by listing what its grant covers, and that alone")
    func listing() async throws {
        try await Self.tell { story in
            let people = try await story.department.get("/v1/records?type=person")
            let homes = try await story.department.get("/v1/records?type=dwelling")
            let stays = try await story.department.get("/v1/records/\(story.registration)")
            let home = try await story.department.get("/v1/records/\(story.dwelling)")
            let narrow = try await story.department.get("/v1/records?area=330921101")

            #expect(people.text.contains("公开") && people.text.contains("SEX_FEMALE"))
            #expect(people.text.contains(#""areas":["330921"]"#))
            #expect(!homes.text.contains(story.dwelling.description))
            #expect(stays.text.contains("reportedOn"))
            #expect(home.status == .notFound)
            #expect(!narrow.text.contains(story.person.description))
        }
    }

    @Test("[A-14] of a conflict that was settled it is not told the reason, in words")
    func settledConflict() async throws {
        try await Self.tell { story in
            let host = story.host
            var one = try await host.handheld("高亭三号", in: "330921101001")
            var two = try await host.handheld("高亭四号", in: "330921101001")
            let reviewer = try await host.handheld("周审核", as: .reviewer, in: "330921")
            let whole = try await host.handheld(
                "公安",
                as: .department,
                of: "公安",
                within: try GrantScope(types: ["person"], fields: []),
                in: "330921"
            )
            let revision = try #require(
                try await host.service.record(story.person, in: nil)?.record.state.revision
            ).rawValue
            try await one.send(
                one.change(story.person, to: Person { $0.sex = .male }, saw: revision)
            )
            try await two.send(
                two.change(story.person, to: Person { $0.sex = .unstated }, saw: revision)
            )
            let record = try #require(try await host.service.record(story.person, in: nil))
            let entry = try #require(
                record.conflicts.first { $0.isOpen && $0.conflict.fields == [2] }
            )
            let settled = try await reviewer.post(
                "/v1/conflicts/\(entry.id)/resolution",
                #"{"choice": "STANDING", "revision": \#(record.record.state.revision.rawValue), "reason": "欧阳修竹本人证实"}"#
            )

            let part = try await story.department.get("/v1/conflicts/\(entry.id)")
            let all = try await whole.get("/v1/conflicts/\(entry.id)")
            let listed = try await story.department.get("/v1/records/\(story.person)")

            #expect(settled.status == .ok, "\(settled.text)")
            #expect(part.status == .ok && !part.text.contains("欧阳修竹"))
            #expect(all.text.contains("欧阳修竹本人证实"))
            #expect(!listed.text.contains("欧阳修竹"))
        }
    }

    @Test("[A-14] it follows no feed: a sync brings no page, and a digest of nothing")
    func noFeed() async throws {
        try await Self.tell { story in
            var request = SyncRequest()
            request.software = "test/1"
            let answer = try await SyncResponse(
                story.host.sync(request, by: story.department.key).bytes
            )
            let repair = try await story.department.post(
                "/v1/repair",
                #"{"branches": [{"area": "330921101001"}]}"#
            )

            #expect(answer.pages.isEmpty && !answer.hasMore)
            #expect(answer.digest == .empty)
            #expect(answer.grant?.areas == [])
            #expect(!repair.text.contains(story.person.description))
        }
    }

    @Test("[A-14] a change of a field that its grant does not cover is returned, and names it")
    func writing() async throws {
        try await Self.tell { story in
            var department = story.department
            let revision = try #require(
                try await story.host.service.record(story.person, in: nil)?.record.state.revision
            ).rawValue
            var remark = Person()
            remark.remark = "参保"
            var name = Person()
            name.name = "改名"
            let dwelling = Dwelling { $0.remark = "看不到" }

            let outcomes = try await department.outcomes(
                of: department.change(story.person, to: remark, saw: revision),
                department.change(story.person, to: name, saw: revision),
                department.change(story.dwelling, to: dwelling, saw: 1),
                department.deletion(of: story.person, Person.recordType, saw: revision)
            )

            #expect(outcomes.map(\.kind) == [.applied, .quarantined, .quarantined, .quarantined])
            #expect(outcomes.dropFirst().allSatisfy { $0.code == "outside_scope" })
            #expect(outcomes[1].field == 1 && outcomes[1].message.contains("person.name"))
            #expect(outcomes[2].field == 0 && outcomes[2].message.contains("dwelling"))
            let after = try await story.host.service.record(story.person, in: nil)?.record.state
            #expect(after?.isDeleted == false)
        }
    }

    @Test("[A-14] one that comes back after a restore keeps its scope, or is given everything")
    func confirmed() async throws {
        let scope = try GrantScope(types: ["registration"], fields: [])
        try await Self.tell { story in
            let (host, id) = (story.host, story.department.id)
            func wait() async throws {
                try await host.store.write { transaction in
                    guard var device = try transaction.device(id) else { return }
                    device.claimed = device.grant
                    try transaction.save(device)
                }
            }
            func confirm(_ scope: GrantScope??) async throws -> GrantScope? {
                try await wait()
                return try await host.service.confirm(
                    id,
                    areas: [area("330921")],
                    role: .department,
                    scope: scope
                ).grant.scope
            }
            let before = try #require(try await host.service.devices().first { $0.id == id })

            let kept = try await confirm(.none)
            let other = try await confirm(.some(scope))
            let whole = try await confirm(.some(nil))

            #expect(kept == before.grant.scope && kept != nil)
            #expect(other == scope && whole == nil)
        }
    }

    @Test("[A-14] over HTTP it deletes what it sees whole, and nothing else")
    func acting() async throws {
        try await Self.tell { story in
            let body = #"{"reason": 1, "revision": 1}"#
            let part = try await story.department.post("/v1/records/\(story.person)/deletion", body)
            let none = try await story.department.post(
                "/v1/records/\(story.dwelling)/deletion",
                body
            )
            let whole = try await story.department.post(
                "/v1/records/\(story.registration)/deletion",
                body
            )

            #expect(try part.problem().code == "outside_scope")
            #expect(none.status == .notFound)
            #expect(whole.status == .ok)
        }
    }

    @Test("[A-14] what was captured under an earlier grant counts by that one")
    func earlierGrant() async throws {
        try await Self.tell { story in
            var department = try await story.host.handheld(
                "住建",
                as: .department,
                of: "住建",
                in: "330921"
            )
            let early = department.change(
                story.dwelling,
                to: Dwelling { $0.remark = "早先" },
                saw: 1
            )
            try await story.host.service.assign(
                [area("330921")],
                scope: try GrantScope(types: [], fields: ["dwelling.land_approval"]),
                to: department.id
            )

            let kinds = try await department.send(early)
            let feed = try await SyncResponse(
                story.host.sync(SyncRequest(), by: department.key).bytes
            )

            #expect(kinds == [.applied])
            #expect(feed.pages.isEmpty && feed.grant?.areas == [] && feed.grant?.number == 2)
        }
    }

    @Test("[A-14] whoever may not see what ids derive from is not given the key to them")
    func identityKey() async throws {
        try await TestHost.run { host in
            let without = try await host.enrolment(
                within: try GrantScope(types: ["dwelling"], fields: ["person.sex"])
            )
            let with = try await host.enrolment(
                within: try GrantScope(types: ["person"], fields: [])
            )

            #expect(without.identityKey.isEmpty)
            #expect(with.identityKey.count == 32)
            #expect(without.grant.areas.isEmpty && without.grant.role == .department)
        }
    }

    @Test("[A-14] nobody's work is handed to a device that would not see it")
    func handover() async throws {
        try await Self.tell { story in
            let giver = try await story.host.handheld("离职", in: "330921101")

            let error = await #expect(throws: SyncError.self) {
                try await story.host.service.handOver(
                    from: giver.id,
                    to: story.department.id,
                    for: Principal(operatorNamed: "运维")
                )
            }
            #expect(error?.code == "device_is_partial")
        }
    }

    @Test("[A-05] the table gives a grant that covers some fields no copy to follow")
    func table() throws {
        let scope = try GrantScope(types: ["dwelling"], fields: [])

        for act in Role.Act.allCases {
            let part = Role.department.may(act, within: scope)
            #expect(part == (act == .capture), "\(act)")
        }
        #expect(Role.allCases.allSatisfy { $0.may(.follow) })
    }

    @Test("[A-14] a group is granted whole, and a name that the schema lacks is refused")
    func names() throws {
        let parted = #expect(throws: SyncError.self) {
            try GrantScope(types: [], fields: ["person.document_number"])
        }
        let unknown = #expect(throws: SyncError.self) {
            try GrantScope(types: ["persn"], fields: [])
        }
        let chinese = try GrantScope(types: ["住所"], fields: ["流动人口.姓名", "person.sex"])

        #expect(parted?.code == "scope_unfit" && parted?.hint.contains("document_type") == true)
        #expect(unknown?.code == "scope_unknown")
        #expect(chinese.names == ["dwelling", "person.name", "person.sex"])
    }
}
