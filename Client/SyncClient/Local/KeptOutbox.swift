/// What is left of a device that was revoked: that it was, and its unsent changes, which only the server can
/// read.
public struct KeptOutbox: Hashable, Codable, Sendable {
    /// The server's address.
    public var server: ServerAddress
    /// The server's Ed25519 key, 32 bytes: what is kept goes when this has signed for it.
    public var serverKey: [UInt8]
    /// What the operator had called the device.
    public var name: String
    /// How many changes wait under seal: those that were delivered do not.
    public var changes: Int
    /// When it heard of it, in milliseconds since 1970 by the server's clock; `nil` of one kept before that was.
    public var revokedAt: Int64?
    /// Whether the server takes it when it is delivered; else the operator takes it from the device.
    public var mayDeliver: Bool

    /// What is kept.
    public init(
        server: ServerAddress,
        serverKey: [UInt8],
        name: String,
        changes: Int,
        mayDeliver: Bool,
        revokedAt: Int64?
    ) {
        self.server = server
        self.serverKey = serverKey
        self.name = name
        self.changes = changes
        self.mayDeliver = mayDeliver
        self.revokedAt = revokedAt
    }

    /// Whether nothing waits to be delivered.
    public var isEmpty: Bool { changes == 0 }
}

/// Some consecutive changes of a device under the server's seal: one `SealedOutbox`.
public struct SealedPart: Hashable, Sendable {
    /// Its place among those that are kept: rising.
    public var number: Int
    /// The bytes of the `SealedOutbox`.
    public var sealed: [UInt8]
    /// How many changes it holds.
    public var changes: Int
    /// Whether the server has signed for it; it is kept until it has for all.
    public var isDelivered: Bool

    /// A part.
    public init(number: Int, sealed: [UInt8], changes: Int, isDelivered: Bool = false) {
        self.number = number
        self.sealed = sealed
        self.changes = changes
        self.isDelivered = isDelivered
    }
}
