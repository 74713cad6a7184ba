internal import HTTPTypes
internal import Hummingbird
internal import SyncProtocol

/// Reads and writes bodies under the format and coding that the headers name [W-03].
struct Bodies {
    let limits: Limits
    let traffic: TrafficLimits

    /// A request's body after inflation, and what it is written in.
    func read(
        _ request: Request,
        _ context: some RequestContext
    ) async throws -> (bytes: [UInt8], format: BodyFormat) {
        guard let format = BodyFormat(header: request.headers[.contentType]) else {
            throw SyncError(
                "media_type_unsupported",
                "The body's Content-Type is not understood here",
                hint: "Send application/x-protobuf or application/json."
            )
        }
        guard let coding = ContentCoding(header: request.headers[.contentEncoding]) else {
            throw SyncError(
                "coding_unsupported",
                "The body's Content-Encoding is not understood here",
                hint: "Send deflate (zlib), gzip or identity."
            )
        }
        let packed = try await collect(request)
        return (try Zlib.unpack(packed, as: coding, limit: limits.inflatedBytes), format)
    }

    // > [A-11] A body that comes slower than a bad link carries is given up.
    private func collect(_ request: Request) async throws -> [UInt8] {
        let begun = ContinuousClock.now
        var bytes: [UInt8] = []
        for try await chunk in request.body {
            bytes += chunk.readableBytesView
            guard bytes.count <= limits.bodyBytes else { throw HTTPError(.contentTooLarge) }
            let seconds = (ContinuousClock.now - begun) / .seconds(1)
            guard
                seconds < traffic.bodyGraceSeconds
                    || Double(bytes.count) >= seconds * traffic.bodyBytesPerSecond
            else { throw Self.tooSlow }
        }
        return bytes
    }

    private static let tooSlow = DetailedError(
        error: SyncError(
            "body_too_slow",
            "The body comes too slowly",
            hint: "Send fewer changes at a time, or where the network is better."
        ),
        headers: [.connection: "close", .retryAfter: "60"]
    )

    /// The body of a request that is JSON and nothing else; no body at all is an empty object.
    func readJSON(_ request: Request, _ context: some RequestContext) async throws -> [UInt8] {
        guard BodyFormat(header: request.headers[.contentType]) == .json else {
            throw SyncError(
                "media_type_unsupported",
                "The body's Content-Type is not understood here",
                hint: "Send application/json."
            )
        }
        let bytes = try await read(request, context).bytes
        return bytes.isEmpty ? Array("{}".utf8) : bytes
    }

    /// The format in which a caller wants the answer: that of `Accept`, or of its own body.
    func answerFormat(_ request: Request, like format: BodyFormat) -> BodyFormat {
        guard let accept = request.headers[.accept], !accept.contains("*/*") else { return format }
        return BodyFormat(header: accept) ?? format
    }

    /// An answer, packed as the caller's `Accept-Encoding` allows.
    func response(_ bytes: [UInt8], _ format: BodyFormat, to request: Request) -> Response {
        let coding = ContentCoding.preferred(by: request.headers[.acceptEncoding])
        var headers: HTTPFields = [.contentType: format.mediaType]
        if coding != .identity { headers[.contentEncoding] = coding.rawValue }
        return Response(
            status: .ok,
            headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: Zlib.pack(bytes, as: coding)))
        )
    }
}

extension Request {
    /// The token of an `Authorization: Bearer` header.
    var bearerToken: String? {
        guard let header = headers[.authorization] else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        return parts.count == 2 && parts[0].lowercased() == "bearer" ? String(parts[1]) : nil
    }
}
