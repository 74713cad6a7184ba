internal import HTTPTypes
internal import Hummingbird
internal import SyncProtocol

/// Reads and writes bodies under the format and coding that the headers name [W-03].
struct Bodies {
    let limits: Limits
    let traffic: TrafficLimits
    /// What bodies may be packed with, the latest first.
    let dictionaries = PresetDictionary.all

    /// A request's body after inflation, what it is written in, and what it was packed with.
    func read(
        _ request: Request,
        _ context: some RequestContext
    ) async throws -> (bytes: [UInt8], format: BodyFormat, packing: Packing) {
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
        let bytes = try Zlib.unpack(
            packed,
            as: coding,
            with: dictionaries,
            limit: limits.inflatedBytes
        )
        let dictionary =
            coding == .deflate ? PresetDictionary.named(by: packed, among: dictionaries) : nil
        return (bytes, format, Packing(coding: coding, dictionary: dictionary))
    }

    /// How a request's body was packed.
    struct Packing {
        let coding: ContentCoding
        let dictionary: PresetDictionary?
    }

    // > [W-04] A body that is not what its encoding says, or that ends early, is refused whole.
    //
    // A connection that was cut is the most usual thing on an island, and no fault of the server's.
    private func collect(_ request: Request) async throws -> [UInt8] {
        do {
            return try await collect(request.body)
        } catch {
            if error is DetailedError || error is HTTPError { throw error }
            throw SyncError(
                "body_truncated",
                "The body ends early: the connection was cut",
                hint: "Send it again."
            )
        }
    }

    // > [A-11] A body that comes slower than a bad link carries is given up.
    private func collect(_ body: RequestBody) async throws -> [UInt8] {
        let begun = ContinuousClock.now
        var bytes: [UInt8] = []
        for try await chunk in body {
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

    /// An answer, packed as the caller's `Accept-Encoding` allows; without one, as its own body was, where that is known.
    func response(
        _ bytes: [UInt8],
        _ format: BodyFormat,
        to request: Request,
        packedLike packing: Packing? = nil
    ) -> Response {
        let accepted = request.headers[.acceptEncoding]
        // Who packs understands what it packs with, and saves the bytes of saying so.
        let coding =
            accepted == nil ? packing?.coding ?? .identity : ContentCoding.preferred(by: accepted)
        var headers: HTTPFields = [.contentType: format.mediaType]
        if coding != .identity { headers[.contentEncoding] = coding.rawValue }
        if let packing, let latest = dictionaries.first, packing.isBehind(latest),
            let field = HTTPField.Name("Sync-Dictionary")
        {
            headers[field] = latest.name
        }
        let isSmall = bytes.count <= PresetDictionary.bodyLimit
        let packed = Zlib.pack(bytes, as: coding, with: isSmall ? packing?.dictionary : nil)
        return Response(
            status: .ok,
            headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: packed))
        )
    }

    // > [W-08] To a device that packs, but not with its latest, the server names that one and gives it to who asks.

    /// A dictionary by its name.
    func dictionary(_ name: String) throws -> Response {
        guard let dictionary = dictionaries.first(where: { $0.name == name }) else {
            throw HTTPError(.notFound)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: "application/octet-stream",
                .cacheControl: "public, max-age=31536000, immutable",
            ],
            body: .init(byteBuffer: ByteBuffer(bytes: dictionary.bytes))
        )
    }
}

extension Bodies.Packing {
    /// Whether whoever packed so could do better with a dictionary.
    fileprivate func isBehind(_ latest: PresetDictionary) -> Bool {
        coding == .deflate && dictionary?.id != latest.id
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
