internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
public import SyncClient
public import SyncProtocol

/// Reaches the server over HTTP: one request, one answer, packed with zlib.
public final class HTTPTransport: Transport {
    private let client: HTTPClient
    private let limits: Limits
    private let timeout: TimeAmount

    /// A transport; `timeout` bounds one whole round trip.
    public init(limits: Limits = Limits(), timeout: Duration = .seconds(120)) {
        self.limits = limits
        self.timeout = .milliseconds(Int64(timeout / .milliseconds(1)))
        var configuration = HTTPClient.Configuration()
        configuration.timeout = .init(connect: .seconds(10), read: .seconds(60))
        configuration.redirectConfiguration = .disallow
        // Whether and when to try again is the session's to decide; a coordinator is not kept waiting.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Closes the connections.
    ///
    /// Call it once, when nothing is under way.
    public func close() async throws { try await client.shutdown() }

    /// One round trip of a sync.
    public func sync(
        _ request: SyncRequest,
        to server: String,
        token: String
    ) async throws -> Exchange {
        let body = request.encoded
        let (answer, bytes) = try await post(body, to: "\(server)/v1/sync", token: token)
        do {
            return Exchange(response: try SyncResponse(answer), bytes: bytes)
        } catch {
            throw TransportFailure(.answerUnreadable, isUnreachable: true)
        }
    }

    /// One round trip of a repair.
    public func repair(
        _ request: RepairRequest,
        to server: String,
        token: String
    ) async throws -> (response: RepairResponse, bytes: ByteCount) {
        let (answer, bytes) = try await post(
            request.encoded,
            to: "\(server)/v1/repair",
            token: token
        )
        do {
            return (try RepairResponse(answer), bytes)
        } catch {
            throw TransportFailure(.answerUnreadable, isUnreachable: true)
        }
    }

    /// Introduces the device.
    public func enrol(
        _ request: EnrolmentRequest,
        at server: String
    ) async throws -> EnrolmentResponse {
        let (answer, _) = try await post(request.encoded, to: "\(server)/v1/devices", token: nil)
        do {
            return try EnrolmentResponse(answer)
        } catch {
            throw TransportFailure(.answerUnreadable)
        }
    }

    /// Delivers a sealed outbox.
    public func deliver(_ outbox: [UInt8], to server: String) async throws {
        _ = try await post(outbox, to: "\(server)/v1/outbox", token: nil)
    }

    /// Reads a document.
    public func read(_ path: String, from server: String, token: String) async throws -> [UInt8] {
        var request = HTTPClientRequest(url: server + path)
        request.headers.add(name: "Accept-Encoding", value: ContentCoding.deflate.rawValue)
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        let (response, received) = try await exchange(request)
        return try unpack(received, response)
    }

    private func post(
        _ body: [UInt8],
        to url: String,
        token: String?
    ) async throws -> (answer: [UInt8], bytes: ByteCount) {
        let packed = Zlib.pack(body, as: .deflate)
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: BodyFormat.protobuf.mediaType)
        request.headers.add(name: "Content-Encoding", value: ContentCoding.deflate.rawValue)
        request.headers.add(name: "Accept-Encoding", value: ContentCoding.deflate.rawValue)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        request.body = .bytes(ByteBuffer(bytes: packed))
        let (response, received) = try await exchange(request)
        let answer = try unpack(received, response)
        var bytes = ByteCount()
        bytes.sent = packed.count
        bytes.sentUnpacked = body.count
        bytes.received = received.count
        bytes.receivedUnpacked = answer.count
        return (answer, bytes)
    }

    private func exchange(
        _ request: HTTPClientRequest
    ) async throws -> (response: HTTPClientResponse, body: [UInt8]) {
        do {
            let response = try await client.execute(request, timeout: timeout)
            let body = try await response.body.collect(upTo: limits.inflatedBytes)
            return (response, Array(body.readableBytesView))
        } catch {
            throw TransportFailure(
                SyncError(
                    "server_unreachable",
                    "无法连接服务器 The server cannot be reached",
                    hint:
                        "数据都在本机，有网络后再同步。 Nothing is lost: it is sent at the next sync. [\(Self.reason(error))]"
                ),
                isUnreachable: true
            )
        }
    }

    /// The kind of a network error: never the request, which is personal.
    private static func reason(_ error: any Error) -> String {
        (error as? HTTPClientError)?.description ?? String(describing: type(of: error))
    }

    private func unpack(_ body: [UInt8], _ response: HTTPClientResponse) throws -> [UInt8] {
        guard response.status == .ok else { throw problem(body, response) }
        let header = response.headers.first(name: "Content-Encoding")
        guard let coding = ContentCoding(header: header) else {
            throw TransportFailure(.answerUnreadable)
        }
        do {
            return try Zlib.unpack(body, as: coding, limit: limits.inflatedBytes)
        } catch {
            // A cut answer is a lost answer: the same request brings it again.
            throw TransportFailure(.answerUnreadable, isUnreachable: true)
        }
    }

    private func problem(_ body: [UInt8], _ response: HTTPClientResponse) -> TransportFailure {
        let retryAfter = response.headers.first(name: "Retry-After").flatMap(Int.init)
        guard let problem = try? JSONDecoder().decode(ProblemDocument.self, from: Data(body)) else {
            return TransportFailure(
                SyncError(
                    "server_failed",
                    "服务器出错 The server answered \(response.status.code)",
                    hint: "请稍后再试。 Try again later."
                ),
                isUnreachable: response.status.code >= 500,
                retryAfter: retryAfter
            )
        }
        return TransportFailure(
            SyncError(
                SyncError.Code(rawValue: problem.code),
                problem.title,
                hint: problem.hint,
                subject: problem.subject
            ),
            serverTime: problem.serverTime,
            retryAfter: retryAfter
        )
    }
}

/// What the client reads of a problem document.
private struct ProblemDocument: Decodable {
    var title: String
    var code: String
    var hint: String
    var subject: String?
    var serverTime: Int64?

    enum CodingKeys: String, CodingKey {
        case title, code, hint, subject
        case serverTime = "server_time"
    }
}

extension SyncError {
    fileprivate static let answerUnreadable = SyncError(
        "answer_unreadable",
        "服务器的回答无法读取 The server's answer cannot be read",
        hint: "请重试；若仍如此，告诉运维人员。 Try again; if it stays so, tell the operator."
    )
}
