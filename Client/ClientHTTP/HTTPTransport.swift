public import Foundation
internal import NIOCore
internal import NIOHTTP1
public import SyncClient
public import SyncProtocol

/// Reaches the server over HTTP: one request, one answer, packed with zlib.
public final class HTTPTransport: Transport {
    let connections: HTTPConnections
    private let dictionaries: DictionaryShelf
    private let limits: Limits
    private let timeout: TimeAmount

    /// A transport; `timeout` bounds one whole round trip.
    ///
    /// In the file `dictionary` stays what the server gave to pack bodies with [W-08]; nobody's data.
    public init(
        limits: Limits = Limits(),
        timeout: Duration = .seconds(120),
        dictionary: URL? = nil
    ) {
        dictionaries = DictionaryShelf(file: dictionary)
        self.limits = limits
        self.timeout = .milliseconds(Int64(timeout / .milliseconds(1)))
        connections = HTTPConnections(answerLimit: limits.inflatedBytes)
    }

    /// Closes the connections.
    ///
    /// Call it once, when nothing is under way.
    public func close() async throws { try await connections.close() }

    /// One round trip of a sync.
    public func sync(
        _ request: SyncRequest,
        to server: ServerAddress,
        token: String
    ) async throws -> Exchange {
        let body = request.encoded
        // A sync that counts its bytes fetches no dictionary besides.
        let (answer, bytes) = try await post(
            body,
            "/v1/sync",
            to: server,
            token: token,
            fetches: request.budget == 0
        )
        do {
            return Exchange(response: try SyncResponse(answer), bytes: bytes)
        } catch {
            throw TransportFailure(.answerUnreadable, isUnreachable: true)
        }
    }

    /// One round trip of a repair.
    public func repair(
        _ request: RepairRequest,
        to server: ServerAddress,
        token: String
    ) async throws -> (response: RepairResponse, bytes: ByteCount) {
        let (answer, bytes) = try await post(
            request.encoded,
            "/v1/repair",
            to: server,
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
        at server: ServerAddress
    ) async throws -> EnrolmentResponse {
        let (answer, _) = try await post(request.encoded, "/v1/devices", to: server, token: nil)
        do {
            return try EnrolmentResponse(answer)
        } catch {
            throw TransportFailure(.answerUnreadable)
        }
    }

    /// Delivers a sealed outbox.
    public func deliver(_ outbox: [UInt8], to server: ServerAddress) async throws -> [UInt8] {
        let (answer, _) = try await post(outbox, "/v1/outbox", to: server, token: nil)
        guard let report = try? JSONDecoder().decode(OutboxDocument.self, from: Data(answer)) else {
            throw TransportFailure(.answerUnreadable, isUnreachable: true)
        }
        return Array(report.signature)
    }

    /// Reads a document.
    public func read(
        _ path: String,
        from server: ServerAddress,
        token: String
    ) async throws -> [UInt8] {
        var headers: HTTPHeaders = ["Accept-Encoding": ContentCoding.deflate.rawValue]
        headers.add(name: "Authorization", value: "Bearer \(token)")
        let answer = try await exchange(.GET, path, headers, nil, with: server)
        return try unpack(answer)
    }

    /// Asks for something to be done.
    public func ask(
        _ json: [UInt8],
        of path: String,
        at server: ServerAddress,
        token: String
    ) async throws -> [UInt8] {
        let headers: HTTPHeaders = [
            "Content-Type": BodyFormat.json.mediaType,
            "Content-Encoding": ContentCoding.deflate.rawValue,
            "Accept": BodyFormat.json.mediaType,
            "Accept-Encoding": ContentCoding.deflate.rawValue,
            "Authorization": "Bearer \(token)",
        ]
        let packed = Zlib.pack(json, as: .deflate)
        return try unpack(try await exchange(.POST, path, headers, packed, with: server))
    }

    private func post(
        _ body: [UInt8],
        _ path: String,
        to server: ServerAddress,
        token: String?,
        fetches: Bool = true
    ) async throws -> (answer: [UInt8], bytes: ByteCount) {
        // Whoever has no token yet knows nothing of the server.
        let dictionary = token == nil ? nil : dictionaries.dictionary(for: body)
        let packed = Zlib.pack(body, as: .deflate, with: dictionary)
        var headers: HTTPHeaders = [
            "Content-Type": BodyFormat.protobuf.mediaType,
            "Content-Encoding": ContentCoding.deflate.rawValue,
        ]
        if let token { headers.add(name: "Authorization", value: "Bearer \(token)") }
        let received = try await exchange(.POST, path, headers, packed, with: server)
        let answer: [UInt8]
        do {
            answer = try unpack(received)
        } catch let failure as TransportFailure {
            guard let dictionary, failure.error.code == "dictionary_unknown" else { throw failure }
            dictionaries.refuse(dictionary)
            return try await post(body, path, to: server, token: token, fetches: fetches)
        }
        var bytes = ByteCount()
        bytes.sent = packed.count
        bytes.sentUnpacked = body.count
        bytes.received = received.body.count
        bytes.receivedUnpacked = answer.count
        if fetches, let token,
            let name = dictionaries.prefer(received.head.headers.first(name: "Sync-Dictionary"))
        {
            bytes.received += try await fetchDictionary(name, from: server, token: token)
        }
        return (answer, bytes)
    }

    /// Fetches what bodies are packed better with; returns the bytes that it took.
    private func fetchDictionary(
        _ name: String,
        from server: ServerAddress,
        token: String
    ) async throws -> Int {
        // What was answered is answered, whether this succeeds or not.
        let path = "/v1/dictionaries/\(name)"
        guard let bytes = try? await read(path, from: server, token: token) else { return 0 }
        dictionaries.take(bytes, fetchedAs: name)
        return bytes.count
    }

    private func exchange(
        _ method: HTTPMethod,
        _ path: String,
        _ headers: HTTPHeaders,
        _ body: [UInt8]?,
        with server: ServerAddress
    ) async throws -> HTTPExchange.Answer {
        var headers = headers
        let place = Place(server.url)
        headers.add(name: "Host", value: place?.authority ?? "")
        if let body { headers.add(name: "Content-Length", value: String(body.count)) }
        let request = HTTPExchange.Request(
            method: method,
            path: (place?.path ?? "") + path,
            headers: headers,
            body: body.map { ByteBuffer(bytes: $0) }
        )
        do {
            return try await connections.exchange(request, with: server, timeout: timeout)
        } catch {
            if error is ServerNotTrusted { throw TransportFailure(.serverNotPinned) }
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
    private static func reason(_ error: any Error) -> String { String(describing: type(of: error)) }

    private func unpack(_ answer: HTTPExchange.Answer) throws -> [UInt8] {
        guard answer.head.status == .ok else { throw Self.failure(answer) }
        let header = answer.head.headers.first(name: "Content-Encoding")
        guard let coding = ContentCoding(header: header) else {
            throw TransportFailure(.answerUnreadable)
        }
        do {
            return try Zlib.unpack(
                answer.body,
                as: coding,
                with: dictionaries.known,
                limit: limits.inflatedBytes
            )
        } catch {
            // A cut answer is a lost answer: the same request brings it again.
            throw TransportFailure(.answerUnreadable, isUnreachable: true)
        }
    }

    /// What an answer that says no comes to.
    static func failure(_ answer: HTTPExchange.Answer) -> TransportFailure {
        let (body, response) = (answer.body, answer.head)
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

/// What the client reads of the answer to a delivery; the signature is in base64.
private struct OutboxDocument: Decodable {
    var signature: Data
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
    fileprivate static let serverNotPinned = SyncError(
        "server_untrusted",
        "连接的不是登记时的服务器 What answers is not the server of this device's enrolment",
        hint:
            "什么也没有送出，数据都在本机；请告诉运维人员。若服务器换了密钥：运行 residence enroll 链接 --rekey。 Nothing was sent and nothing is lost; tell the operator. If the server has a new key, they give a link (device re-key): residence enroll LINK --rekey."
    )

    fileprivate static let answerUnreadable = SyncError(
        "answer_unreadable",
        "服务器的回答无法读取 The server's answer cannot be read",
        hint: "请重试；若仍如此，告诉运维人员。 Try again; if it stays so, tell the operator."
    )
}
