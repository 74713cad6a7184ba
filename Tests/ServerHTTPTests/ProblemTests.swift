import HTTPTypes
import HummingbirdTesting
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

struct ProblemTests {
    /// A body that cannot be read, and the problem that it is answered with.
    struct Broken: CustomTestStringConvertible, Sendable {
        var code: String
        var status: HTTPResponse.Status
        var body: [UInt8]
        var headers: HTTPFields

        var testDescription: String { code }

        static let all = [
            Broken(
                code: "body_not_inflatable",
                status: .badRequest,
                body: Array("不是压缩数据".utf8),
                headers: [.contentEncoding: "deflate"]
            ),
            Broken(
                code: "body_truncated",
                status: .badRequest,
                body: Array(
                    Zlib.pack(capture(1...3, in: "330921101").encoded, as: .deflate).dropLast(9)
                ),
                headers: [.contentEncoding: "deflate"]
            ),
            Broken(
                code: "body_too_large",
                status: .contentTooLarge,
                body: Zlib.pack([UInt8](repeating: 0, count: 1 << 20), as: .deflate),
                headers: [.contentEncoding: "deflate"]
            ),
            Broken(
                code: "body_too_large",
                status: .contentTooLarge,
                body: [UInt8](repeating: 0, count: 40_000),
                headers: [:]
            ),
            Broken(
                code: "protobuf_malformed",
                status: .badRequest,
                body: [0xFF, 0xFF],
                headers: [:]
            ),
            Broken(
                code: "json_malformed",
                status: .badRequest,
                body: Array("{\"changes\":".utf8),
                headers: [.contentType: "application/json"]
            ),
            Broken(
                code: "media_type_unsupported",
                status: .unsupportedMediaType,
                body: [],
                headers: [.contentType: "text/csv"]
            ),
            Broken(
                code: "coding_unsupported",
                status: .unsupportedMediaType,
                body: [],
                headers: [.contentEncoding: "br"]
            ),
        ]
    }

    @Test("[W-04] a body that cannot be read is refused whole, by its code", arguments: Broken.all)
    func unreadable(broken: Broken) async throws {
        var limits = Limits()
        limits.bodyBytes = 32 << 10
        limits.inflatedBytes = 64 << 10

        try await TestHost.run(limits: limits) { host in
            let key = try await host.enrol(in: "330921101")
            var headers = try await host.headers(of: key)
            for field in broken.headers { headers.append(field) }

            let answer = try await host.post("/v1/sync", broken.body, headers)

            let problem = try answer.problem()
            #expect(problem.code == broken.code)
            #expect(answer.status == broken.status && problem.status == broken.status.code)
            let counts = try await host.service.counts()
            #expect(counts.changes == 0)
        }
    }

    @Test("[W-05] an error is a problem document with a code, a hint, an id and the time")
    func shape() async throws {
        try await TestHost.run { host in
            let answer = try await host.post("/v1/sync", SyncRequest().encoded)

            let problem = try answer.problem()
            #expect(answer.status == .unauthorized)
            #expect(answer.headers[.wwwAuthenticate] == "Bearer")
            #expect(problem.type == "urn:residence-sync:problem:token_missing")
            #expect(problem.code == "token_missing" && problem.status == 401)
            #expect(!problem.title.isEmpty && !problem.hint.isEmpty)
            #expect(problem.serverTime == host.clock.now)
            #expect(problem.requestID.count == 16 && problem.requestID == answer.requestID)
        }
    }

    @Test("[W-05] a route that does not exist is a problem document, too")
    func unknownRoute() async throws {
        try await TestHost.run { host in
            let answer = try await host.get("/v2/sync")

            let problem = try answer.problem()
            #expect(answer.status == .notFound)
            #expect(problem.code == "route_not_found")
            #expect(problem.requestID == answer.requestID)
        }
    }

    @Test("[A-01] each way in which a code fails is forbidden by its own code")
    func enrolment() async throws {
        try await TestHost.run { host in
            let request = EnrolmentRequest(
                code: "0000-0000-0000",
                publicKey: SigningKey().publicKey.bytes,
                software: "test/1"
            )
            var short = request
            short.publicKey = [1, 2, 3]

            let unknown = try await host.post("/v1/devices", request.encoded)
            let invalid = try await host.post("/v1/devices", short.encoded)

            #expect(unknown.status == .forbidden)
            #expect(try unknown.problem().code == "code_unknown")
            #expect(invalid.status == .badRequest)
            #expect(try invalid.problem().code == "key_invalid")
        }
    }

    @Test("[T-02] a token of a clock that is years off is answered with the server's time")
    func wrongClock() async throws {
        try await TestHost.run { host in
            let key = try await host.enrol(in: "330921101")
            let newYear2020: Int64 = 1_577_836_800_000
            let early = try await host.headers(of: key, clock: newYear2020)

            let refused = try await host.post("/v1/sync", SyncRequest().encoded, early)
            let problem = try refused.problem()
            let corrected = try await host.headers(of: key, clock: problem.serverTime)
            let accepted = try await host.post("/v1/sync", SyncRequest().encoded, corrected)

            #expect(refused.status == .unauthorized && problem.code == "token_time")
            #expect(accepted.status == .ok)
        }
    }

    @Test("[A-04] a device that was never enrolled is told so")
    func stranger() async throws {
        try await TestHost.run { host in
            let headers = try await host.headers(of: SigningKey())

            let answer = try await host.post("/v1/sync", SyncRequest().encoded, headers)

            #expect(answer.status == .unauthorized)
            #expect(try answer.problem().code == "device_unknown")
        }
    }
}
