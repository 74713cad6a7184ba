/// What is left of a device that was revoked: its unsent changes, which only the server can read.
public struct KeptOutbox: Hashable, Codable, Sendable {
    /// The server's address.
    public var server: ServerAddress
    /// The server's Ed25519 key, 32 bytes: what is kept goes when this has signed for it.
    public var serverKey: [UInt8]
    /// What the operator had called the device.
    public var name: String
    /// The bytes of a `SealedOutbox`.
    public var sealed: [UInt8]
    /// How many changes it holds.
    public var changes: Int
    /// Whether the server takes it when it is delivered; else the operator takes it from the device.
    public var mayDeliver: Bool

    /// What is kept.
    public init(
        server: ServerAddress,
        serverKey: [UInt8],
        name: String,
        sealed: [UInt8],
        changes: Int,
        mayDeliver: Bool
    ) {
        self.server = server
        self.serverKey = serverKey
        self.name = name
        self.sealed = sealed
        self.changes = changes
        self.mayDeliver = mayDeliver
    }
}
