import HTTPTypes
import HummingbirdTesting
import SyncProtocol
import Testing

struct ActRoutesTests {
    private let town = "330921101"

    @Test("[H-01] a record's history tells each step: who, and each field before and after")
    func history() async throws {
        try await TestHost.run { host in
            var lin = try await host.handheld("林小梅", in: town)
            try await lin.send(lin.change(id(1), to: person("王小明", in: town)))
            try await lin.send(lin.change(id(1), to: Person { $0.name = "王晓明" }, saw: 1))

            let history: Answers.History = try await lin.read("/v1/records/\(id(1))/history")

            #expect(history.entries.map(\.act) == ["capture", "edit"])
            #expect(history.entries.map(\.author) == ["林小梅", "林小梅"])
            let change = try #require(history.entries.last?.fields?.first)
            #expect(change.field == "name" && history.entries.last?.fields?.count == 1)
            #expect(change.before?.person?.name == "王小明")
            #expect(change.after?.person?.name == "王晓明")
            #expect(history.recordThen == nil)
        }
    }

    @Test("[H-02] a record is read as it was at a revision and at an instant")
    func then() async throws {
        try await TestHost.run { host in
            var lin = try await host.handheld("林小梅", in: town)
            try await lin.send(lin.change(id(1), to: person("王小明", in: town)))
            host.clock.advance(by: 3_600_000)
            try await lin.send(lin.change(id(1), to: Person { $0.name = "王晓明" }, saw: 1))
            let path = "/v1/records/\(id(1))/history?at="

            let first: Answers.History = try await lin.read("\(path)1")
            let noon: Answers.History = try await lin.read("\(path)2026-01-01T12:30:00Z")
            let later: Answers.History = try await lin.read("\(path)2026-01-01T13:00:00.000Z")
            let before = try await lin.get("\(path)2025-12-31T00:00:00Z")

            #expect(first.recordThen?.body?.person?.name == "王小明")
            #expect(noon.recordThen?.body?.person?.name == "王小明")
            #expect(later.recordThen?.body?.person?.name == "王晓明")
            #expect(before.status == .notFound)
            #expect(try before.problem().code == "record_not_there_then")
        }
    }

    @Test("[R-04] a person under a wrong number is pointed to the right one, and split off again")
    func reidentified() async throws {
        try await TestHost.run { host in
            var lin = try await host.handheld("林小梅", in: town)
            try await lin.send(
                lin.change(id(1), to: person("王小明", in: town)),
                lin.change(id(2), to: person("王小明", in: town, number: "340111197010054505"))
            )
            let path = "/v1/records/\(id(1))"
            let json = "{\"revision\": 1, \"target\": \"\(id(2))\"}"

            let pointed = try await lin.post("\(path)/reidentification", json)
            let gone = try await lin.get(path)
            let twice = try await lin.post("\(path)/reidentification", json)
            let circular = try await lin.post(
                "/v1/records/\(id(2))/reidentification",
                "{\"revision\": 2, \"target\": \"\(id(1))\"}"
            )
            let parted = try await lin.post("\(path)/split", "{\"revision\": 2}")
            let back = try await lin.get(path)
            let again = try await lin.post("\(path)/split", "{\"revision\": 3}")

            #expect(pointed.status == .ok && gone.status == .notFound)
            #expect(twice.status == .conflict && circular.status == .conflict)
            #expect(try twice.problem().code == "record_redirected")
            #expect(try circular.problem().code == "redirect_circular")
            #expect(parted.status == .ok && back.status == .ok)
            #expect(again.status == .conflict)
            #expect(try again.problem().code == "record_not_redirected")
            let history: Answers.History = try await lin.read("\(path)/history")
            #expect(history.entries.map(\.act) == ["capture", "reidentification", "split"])
        }
    }

    @Test("[M-15] a record is deleted with a reason, and undeleted")
    func deleted() async throws {
        try await TestHost.run { host in
            var lin = try await host.handheld("林小梅", in: town)
            try await lin.send(lin.change(id(1), to: dwelling(in: town)))
            let path = "/v1/records/\(id(1))"

            let silent = try await lin.post("\(path)/deletion", "{\"revision\": 1}")
            let deleted = try await lin.post("\(path)/deletion", "{\"revision\": 1, \"reason\": 2}")
            let gone = try await lin.get(path)
            let act: Answers.Act = try deleted.decoded()
            let undeleted = try await lin.post(
                "\(path)/undeletion",
                "{\"revision\": \(act.revision)}"
            )
            let back = try await lin.get(path)

            #expect(silent.status == .badRequest)
            #expect(try silent.problem().code == "deletion_reason_missing")
            #expect(deleted.status == .ok && act.outcome == "APPLIED")
            #expect(gone.status == .notFound)
            #expect(undeleted.status == .ok && back.status == .ok)
        }
    }

    @Test("[A-05] an operator walks the chains, and nobody else", arguments: Role.allCases)
    func audit(role: Role) async throws {
        try await TestHost.run { host in
            var device = try await host.handheld("设备", as: role, in: town)
            try await device.send(device.change(id(1), to: dwelling(in: town)))

            let answer = try await device.get("/v1/audit")

            guard role == .operator else {
                #expect(answer.status == .forbidden)
                #expect(try answer.problem().code == "role_forbidden")
                return
            }
            let report: Answers.Audit = try answer.decoded()
            #expect(report.changes == 1 && report.redacted == 0 && report.breaks.isEmpty)
        }
    }

    @Test func `duplicates are proposed where the domain knows any`() async throws {
        try await TestHost.run { host in
            let lin = try await host.handheld("林小梅", in: town)

            let persons: Answers.Duplicates = try await lin.read("/v1/duplicates?type=person")
            let ships = try await lin.get("/v1/duplicates?type=ship")

            #expect((persons.pairs ?? []).isEmpty)
            #expect(ships.status == .badRequest)
        }
    }

    @Test(
        "[W-05] a parameter that is out of range or not understood is refused, and nothing breaks",
        arguments: [
            ("/v1/conflicts/-1", 400), ("/v1/conflicts/one", 400),
            ("/v1/conflicts/99999999999999999999", 400),
            ("/v1/conflicts/18446744073709551615", 404), ("/v1/quarantine/0", 404),
            ("/v1/quarantine/18446744073709551615", 404),
            ("/v1/quarantine?after=18446744073709551615", 200),
            ("/v1/quarantine?settled=perhaps", 400),
            ("/v1/conflicts?after=4294967295.18446744073709551615", 200),
            ("/v1/conflicts?after=7", 400), ("/v1/conflicts?field=ship", 400),
            ("/v1/conflicts?device=7", 400),
            ("/v1/conflicts?limit=18446744073709551615", 200), ("/v1/conflicts?limit=-1", 400),
            ("/v1/records/7/history", 400),
            ("/v1/records/\(id(9))/history?at=18446744073709551615", 404),
            ("/v1/records/\(id(9))/history?at=99999999999-01-01T00:00:00Z", 400),
            ("/v1/records/\(id(9))/history?at=soon", 400),
        ]
    )
    func parameters(path: String, status: Int) async throws {
        try await TestHost.run { host in
            let reviewer = try await host.handheld("周审核", as: .reviewer, in: town)

            let answer = try await reviewer.get(path)

            #expect(answer.status.code == status, "\(answer.text)")
        }
    }

    @Test(
        "[W-03] an act is JSON, and nothing else",
        arguments: [nil, "text/plain", "application/x-protobuf"]
    )
    func mediaType(type: String?) async throws {
        try await TestHost.run { host in
            let reviewer = try await host.handheld("周审核", as: .reviewer, in: town)
            var headers = try await host.headers(of: reviewer.key)
            headers[.contentType] = type

            let refused = try await host.post("/v1/conflicts/1/resolution", [], headers)
            let malformed = try await reviewer.post("/v1/conflicts/1/resolution", "{\"choice\":")
            let empty = try await reviewer.post("/v1/conflicts/1/resolution", "")

            #expect(refused.status == .unsupportedMediaType)
            #expect(try malformed.problem().code == "json_malformed")
            #expect(try empty.problem().code == "choice_missing")
        }
    }

    @Test(
        "[W-05] a method that a path does not have is answered with those that it has",
        arguments: [
            (HTTPRequest.Method.get, "/v1/sync", "POST"), (.delete, "/v1/records", "GET"),
            (.get, "/v1/conflicts/7/resolution", "POST"), (.put, "/v1/records/7", "GET"),
        ]
    )
    func methods(method: HTTPRequest.Method, path: String, allowed: String) async throws {
        try await TestHost.run { host in
            let answer = try await host.request(method, path)

            #expect(answer.status == .methodNotAllowed)
            #expect(answer.headers[.allow] == allowed)
            #expect(try answer.problem().code == "method_not_allowed")
        }
    }
}
