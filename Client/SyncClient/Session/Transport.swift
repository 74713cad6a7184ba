public import SyncProtocol

/// Where a server is, and how its devices know it.
public struct ServerAddress: Hashable, Codable, Sendable {
    /// `https://host:port`, or `http://host:port`.
    public var url: String
    /// SHA-256 of the public key of the server's certificate, 64 hexadecimal digits: the connection is that
    /// key's whatever the certificate's names and dates; `nil` where the system's authorities vouch for it.
    public var pin: String?
    /// Other keys that the server announced besides; `nil` for none.
    public var otherPins: [String]?

    /// An address.
    public init(url: String, pin: String? = nil, otherPins: [String]? = nil) {
        self.url = url
        self.pin = pin
        self.otherPins = otherPins
    }

    /// Every key by which the server may be met; none where authorities vouch for it.
    public var pins: [String] { (pin.map { [$0] } ?? []) + (otherPins ?? []) }
}

/// How a device reaches its server.
///
/// Nothing is retried in here: that is the session's to decide.
public protocol Transport: Sendable {
    /// One round trip. Throws `TransportFailure`.
    func sync(
        _ request: SyncRequest,
        to server: ServerAddress,
        token: String
    ) async throws -> Exchange
    /// One round trip of a repair. Throws `TransportFailure`.
    func repair(
        _ request: RepairRequest,
        to server: ServerAddress,
        token: String
    ) async throws -> (response: RepairResponse, bytes: ByteCount)
    /// Introduces the device. Throws `TransportFailure`.
    func enrol(
        _ request: EnrolmentRequest,
        at server: ServerAddress
    ) async throws -> EnrolmentResponse
    /// Delivers the bytes of a sealed outbox. Throws `TransportFailure`.
    ///
    /// Returns the server's signature over what it has taken.
    func deliver(_ outbox: [UInt8], to server: ServerAddress) async throws -> [UInt8]
    /// Reads a document in JSON: `/v1/…`. Throws `TransportFailure`.
    func read(_ path: String, from server: ServerAddress, token: String) async throws -> [UInt8]
    /// Listens for news from what the device has read on [S-01].
    ///
    /// The stream ends where the server ends it; it may throw a `TransportFailure`, as this may.
    func events(
        after mark: NewsMark,
        from server: ServerAddress,
        token: String
    ) async throws -> AsyncThrowingStream<NewsEvent, any Error>
    /// Asks for something to be done, in JSON, and returns the answer in JSON. Throws `TransportFailure`.
    func ask(
        _ json: [UInt8],
        of path: String,
        at server: ServerAddress,
        token: String
    ) async throws -> [UInt8]
}

extension Transport {
    /// No news can be heard this way: whoever follows asks now and then [S-07].
    public func events(
        after mark: NewsMark,
        from server: ServerAddress,
        token: String
    ) async throws -> AsyncThrowingStream<NewsEvent, any Error> {
        throw TransportFailure(
            SyncError("events_missing", "No news can be heard this way", hint: "Sync now and then.")
        )
    }
}

/// The answer to a request, and what both weighed on the wire.
public struct Exchange: Sendable {
    /// The answer.
    public var response: SyncResponse
    /// How many bytes of body went up and came down.
    public var bytes: ByteCount

    /// An answer.
    public init(response: SyncResponse, bytes: ByteCount) {
        self.response = response
        self.bytes = bytes
    }
}

/// Bytes of bodies on the wire, and what they were before they were packed.
public struct ByteCount: Hashable, Codable, Sendable {
    /// Sent, packed.
    public var sent = 0
    /// Sent, before packing.
    public var sentUnpacked = 0
    /// Received, packed.
    public var received = 0
    /// Received, after unpacking.
    public var receivedUnpacked = 0

    /// Nothing yet.
    public init() {}

    static func += (left: inout ByteCount, right: ByteCount) {
        left.sent += right.sent
        left.sentUnpacked += right.sentUnpacked
        left.received += right.received
        left.receivedUnpacked += right.receivedUnpacked
    }
}

/// Why a round trip brought no answer, or an answer that says no.
public struct TransportFailure: Error, Sendable {
    /// What went wrong: the server's own problem, or `server_unreachable`.
    public var error: SyncError
    /// Whether no server answered at all.
    public var isUnreachable: Bool
    /// The server's clock, in milliseconds since 1970, where it told.
    public var serverTime: Int64?
    /// How long the server asks to wait, in seconds.
    public var retryAfter: Int?

    /// A failure.
    public init(
        _ error: SyncError,
        isUnreachable: Bool = false,
        serverTime: Int64? = nil,
        retryAfter: Int? = nil
    ) {
        self.error = error
        self.isUnreachable = isUnreachable
        self.serverTime = serverTime
        self.retryAfter = retryAfter
    }
}
