/// What is left of a device that was revoked: that it was, and its unsent changes, which only the server can
/// read.
public struct KeptOutbox: Hashable, Codable, Sendable {
    /// The server's address.
    public var server: ServerAddress
    /// The server's Ed25519 key, 32 bytes: what is kept goes when this has signed for it.
    public var serverKey: [UInt8]
    /// What the operator had called the device.
    public var name: String
    /// The bytes of a `SealedOutbox`; empty where nothing waits, or waits any longer.
    public var sealed: [UInt8]
    /// How many changes it holds.
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
        sealed: [UInt8],
        changes: Int,
        mayDeliver: Bool,
        revokedAt: Int64?
    ) {
        self.server = server
        self.serverKey = serverKey
        self.name = name
        self.sealed = sealed
        self.changes = changes
        self.mayDeliver = mayDeliver
        self.revokedAt = revokedAt
    }

    /// Whether nothing waits to be delivered.
    public var isEmpty: Bool { sealed.isEmpty }

    /// What stays once the changes are where they belong: that the device was revoked.
    public var emptied: KeptOutbox {
        var kept = self
        (kept.sealed, kept.changes) = ([], 0)
        return kept
    }
}
