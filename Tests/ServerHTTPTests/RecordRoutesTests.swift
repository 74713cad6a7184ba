import Foundation
import HTTPTypes
import HummingbirdTesting
import SyncProtocol
import SyncServer
import Testing

struct RecordRoutesTests {
    private struct List: Decodable {
        var records: [View]?
        var next: String?
    }

    private struct View: Decodable {
        var id: String
        var type: String
        var areas: [String]?
    }

    private func list(_ answer: TestResponse) throws -> List {
        try JSONDecoder().decode(List.self, from: Data(answer.bytes))
    }

    @Test func `records are listed a page at a time, each once`() async throws {
        try await TestHost.run { host in
            let key = try await host.enrol(in: "330921101")
            _ = try await host.sync(capture(1...5, in: "330921101"), by: key)
            let headers = try await host.headers(of: key)
            var ids: [String] = []
            var sizes: [Int] = []
            var path: String? = "/v1/records?type=dwelling&limit=2"

            while let next = path, sizes.count < 10 {
                let page = try list(await host.get(next, headers))
                let records = page.records ?? []
                ids += records.map(\.id)
                sizes.append(records.count)
                let after = page.next ?? ""
                path = after.isEmpty ? nil : "/v1/records?type=dwelling&limit=2&after=\(after)"
            }

            #expect(sizes == [2, 2, 1])
            #expect(ids == (1...5).map { id($0).description })
        }
    }

    @Test func `a list may be asked for by type and by area`() async throws {
        try await TestHost.run { host in
            let key = try await host.enrol(in: "330921")
            _ = try await host.sync(capture(1...2, in: "330921101"), by: key)
            let headers = try await host.headers(of: key)

            let here = try list(await host.get("/v1/records?area=330921101", headers))
            let there = try list(await host.get("/v1/records?area=330921102", headers))
            let around = try list(await host.get("/v1/records?area=33", headers))
            let persons = try list(await host.get("/v1/records?type=Person", headers))

            #expect(here.records?.count == 2 && around.records?.count == 2)
            #expect((there.records ?? []).isEmpty && (persons.records ?? []).isEmpty)
        }
    }

    @Test func `a record is shown with its type and areas`() async throws {
        try await TestHost.run { host in
            let key = try await host.enrol(in: "330921101")
            _ = try await host.sync(capture(1...1, in: "330921101"), by: key)
            let headers = try await host.headers(of: key)

            let answer = try await host.get("/v1/records/\(id(1))", headers)

            let view = try JSONDecoder().decode(View.self, from: Data(answer.bytes))
            #expect(answer.status == .ok)
            #expect(view.id == id(1).description && view.type == "Dwelling")
            #expect(view.areas == ["330921101"])
            #expect(answer.text.contains("人民路1号"))
        }
    }

    @Test("[F-05] a record outside the areas is not found, and is in no list")
    func outside() async throws {
        try await TestHost.run { host in
            let lin = try await host.enrol(in: "330921101")
            let hu = try await host.enrol("胡敏", in: "330921102")
            _ = try await host.sync(capture(1...1, in: "330921101"), by: lin)
            let headers = try await host.headers(of: hu)

            let shown = try await host.get("/v1/records/\(id(1))", headers)
            let listed = try list(await host.get("/v1/records?area=330921101", headers))

            #expect(shown.status == .notFound)
            #expect(try shown.problem().code == "record_not_found")
            #expect((listed.records ?? []).isEmpty)
        }
    }

    @Test(
        "[W-05] a parameter that is not understood is named",
        arguments: ["type=Ship", "area=3309211", "after=7", "limit=many"]
    )
    func parameters(query: String) async throws {
        try await TestHost.run { host in
            let key = try await host.enrol(in: "330921101")
            let headers = try await host.headers(of: key)

            let answer = try await host.get("/v1/records?\(query)", headers)

            let problem = try answer.problem()
            #expect(answer.status == .badRequest)
            #expect(problem.code == "parameter_invalid")
            #expect(problem.subject == query.prefix { $0 != "=" }.description)
        }
    }

    @Test("[A-04] reading needs a token", arguments: ["/v1/records", "/v1/records/1"])
    func noToken(path: String) async throws {
        try await TestHost.run { host in
            let answer = try await host.get(path)

            #expect(answer.status == .unauthorized)
            #expect(try answer.problem().code == "token_missing")
        }
    }

    @Test func `the server tells its health and its numbers`() async throws {
        try await TestHost.run { host in
            let key = try await host.enrol(in: "330921101")
            _ = try await host.sync(capture(1...3, in: "330921101"), by: key)

            let live = try await host.get("/health/live")
            let ready = try await host.get("/health/ready")
            let metrics = try await host.get("/metrics")

            #expect(live.status == .ok && live.text == "live\n")
            #expect(ready.status == .ok && ready.text == "ready\n")
            #expect(metrics.status == .ok)
            let lines = metrics.text.split(separator: "\n")
            #expect(lines.contains("residence_records 3"))
            #expect(lines.contains("residence_devices 1"))
            #expect(lines.contains("residence_changes_accepted 3"))
        }
    }

    @Test func `the server tells for how long what people have to decide has waited`() async throws
    {
        try await TestHost.run { host in
            func gauges() async throws -> [String] {
                try await host.get("/metrics").text.split(separator: "\n").map(String.init)
                    .filter { $0.hasPrefix("residence_oldest") || $0.hasPrefix("residence_repair") }
            }
            let none = try await gauges()
            _ = try await DecisionRoutesTests.Dispute(on: host)
            host.clock.advance(by: 60_000)
            _ = try await QuarantineRoutesTests.Returned(on: host)
            host.clock.advance(by: 30_000)

            let some = try await gauges()

            #expect(
                none == [
                    "residence_repair_records_total 0", "residence_repair_requests_total 0",
                    "residence_oldest_conflict_seconds 0", "residence_oldest_returned_seconds 0",
                ]
            )
            #expect(
                some.suffix(2) == [
                    "residence_oldest_conflict_seconds 90", "residence_oldest_returned_seconds 30",
                ]
            )
        }
    }
}
