internal import SwiftProtobuf

/// A stored conflict as people read it: the two sides, and how it was decided.
public struct ConflictView: Sendable {
    /// One of the two: what was said, by whom, and when it was observed.
    public struct Side: Sendable {
        /// The values of the fields concerned; one that is missing had none.
        public let values: FieldMap
        /// Who held the device.
        public let author: String
        /// When it was observed, in milliseconds since 1970.
        public let observedAt: Int64

        init(_ wire: WireConflictSide) {
            let body = try? FieldMap.body(encode(wire.values))
            values = body?.fields ?? FieldMap()
            author = wire.author
            observedAt = wire.observedAt
        }
    }

    /// The server's number for it.
    public let id: UInt64
    /// The numbers of the fields concerned; none where it is about the record's existence.
    public let fields: [UInt32]
    /// The policy that decided, or left it to a person.
    public let policy: SchemaMergePolicy
    /// Whether a department's ownership of the field decided.
    public let byAuthority: Bool
    /// Whether a person has to choose.
    public let isOpen: Bool
    /// What stood when the change came.
    public let standing: Side
    /// What the change said.
    public let proposed: Side
    /// Whether the proposed value replaced the standing one.
    public let proposedWon: Bool

    /// A conflict from the bytes of a `Conflict` message; `nil` where they are none.
    public init?(_ bytes: [UInt8]) {
        guard let wire = try? WireConflict(serializedBytes: bytes) else { return nil }
        id = wire.id
        fields = wire.fields
        policy = wire.policy
        byAuthority = wire.byAuthority
        isOpen = wire.state == .open
        standing = Side(wire.standing)
        proposed = Side(wire.proposed)
        proposedWon = wire.proposedWon
    }
}
