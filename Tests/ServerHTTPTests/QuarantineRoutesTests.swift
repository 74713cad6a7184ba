import HTTPTypes
import HummingbirdTesting
import SyncProtocol
import Testing

struct QuarantineRoutesTests {
    /// A town where one capture of a coordinator was returned: a dwelling of no kind.
    struct Returned {
        var lin: Handheld
        let hu: Handheld
        let reviewer: Handheld
        let id: UInt64

        init(on host: TestHost) async throws {
            let town = "330921101"
            lin = try await host.handheld("林小梅", in: town)
            hu = try await host.handheld("胡敏", in: town)
            reviewer = try await host.handheld("周审核", as: .reviewer, in: "330921")
            let outcomes = try await lin.send(
                lin.change(
                    ServerHTTPTests.id(1),
                    to: Dwelling {
                        $0.address = "人民路1号"
                        $0.area = town
                    }
                )
            )
            try #require(outcomes == [.quarantined])
            let list: Answers.Quarantine = try await reviewer.read("/v1/quarantine")
            id = try #require(list.entries?.first).id
        }

        func entries(
            of handheld: Handheld,
            settled: Bool = false
        ) async throws -> [Answers.Returned] {
            let path = "/v1/quarantine?settled=\(settled)"
            let list: Answers.Quarantine = try await handheld.read(path)
            return list.entries ?? []
        }
    }

    @Test("[V-06] a reviewer sees what was returned to others; a coordinator only the own")
    func seen() async throws {
        try await TestHost.run { host in
            let returned = try await Returned(on: host)
            let stranger = try await host.handheld("外区审核", as: .reviewer, in: "330922")

            let shown: Answers.Returned = try await returned.reviewer.read(
                "/v1/quarantine/\(returned.id)"
            )
            let own = try await returned.entries(of: returned.lin)
            let others = try await returned.entries(of: returned.hu)
            let hidden = try await returned.hu.get("/v1/quarantine/\(returned.id)")
            let elsewhere = try await stranger.get("/v1/quarantine/\(returned.id)")

            #expect(shown.state == "RETURNED" && shown.author == "林小梅")
            #expect(shown.code == "kind_missing" && shown.field == "kind")
            #expect(own.map(\.id) == [returned.id] && others.isEmpty)
            #expect(hidden.status == .notFound && elsewhere.status == .notFound)
            #expect(try hidden.problem().code == "quarantine_not_found")
        }
    }

    @Test("[V-06] a reviewer mends what is missing, once, and the record is there")
    func mended() async throws {
        try await TestHost.run { host in
            let returned = try await Returned(on: host)
            let path = "/v1/quarantine/\(returned.id)/mend"
            let json = "{\"body\": {\"dwelling\": {\"kind\": \"DWELLING_KIND_RENTED\"}}}"

            let still = try await returned.reviewer.post(path, "")
            let mended = try await returned.reviewer.post(path, json)
            let again = try await returned.reviewer.post(path, json)

            #expect(still.status == .badRequest)
            #expect(try still.problem().code == "kind_missing")
            let act: Answers.Act = try mended.decoded()
            #expect(mended.status == .ok && act.outcome == "APPLIED" && act.revision == 1)
            #expect(again.status == .conflict)
            #expect(try again.problem().code == "quarantine_settled")
            let record: Answers.Record = try await returned.lin.read("/v1/records/\(act.record)")
            #expect(record.body?.dwelling?.kind == "DWELLING_KIND_RENTED")
            let left = try await returned.entries(of: returned.reviewer)
            let all = try await returned.entries(of: returned.lin, settled: true)
            #expect(left.isEmpty)
            #expect(all.map(\.state) == ["MENDED"] && all.first?.settledBy == "周审核")
        }
    }

    @Test("[V-06] a reviewer discards with a reason, which the author reads")
    func discarded() async throws {
        try await TestHost.run { host in
            let returned = try await Returned(on: host)
            let path = "/v1/quarantine/\(returned.id)/discard"

            let silent = try await returned.reviewer.post(path, "{\"reason\": \" \"}")
            let told = try await returned.reviewer.post(path, "{\"reason\": \"重复采集\"}")

            #expect(silent.status == .badRequest)
            #expect(try silent.problem().code == "reason_missing")
            let entry: Answers.Returned = try told.decoded()
            #expect(told.status == .ok && entry.state == "DISCARDED")
            let own = try await returned.entries(of: returned.lin, settled: true)
            #expect(own.map(\.reason) == ["重复采集"])
        }
    }

    @Test("[A-05] a coordinator neither mends nor discards", arguments: ["mend", "discard"])
    func forbidden(act: String) async throws {
        try await TestHost.run { host in
            let returned = try await Returned(on: host)
            let json = act == "discard" ? "{\"reason\": \"重复\"}" : "{}"

            let answer = try await returned.lin.post("/v1/quarantine/\(returned.id)/\(act)", json)

            #expect(answer.status == .forbidden)
            #expect(try answer.problem().code == "role_forbidden")
        }
    }
}
