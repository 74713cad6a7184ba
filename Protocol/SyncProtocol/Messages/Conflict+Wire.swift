internal import Foundation
internal import SwiftProtobuf

/// What a stored conflict is known by, beside what it is about.
public struct ConflictContext: Sendable {
    /// The server's number for the conflict.
    public var id: UInt64
    /// The record concerned.
    public var record: RecordID
    /// The number of the record's type.
    public var type: UInt32
    /// The record's revision after the two met.
    public var revision: Revision
    /// When the server had both, in milliseconds since 1970.
    public var metAt: Int64
    /// The names of those who hold the devices concerned.
    public var authors: [DeviceID: String]

    /// A context.
    public init(
        id: UInt64,
        record: RecordID,
        type: UInt32,
        revision: Revision,
        metAt: Int64,
        authors: [DeviceID: String]
    ) {
        self.id = id
        self.record = record
        self.type = type
        self.revision = revision
        self.metAt = metAt
        self.authors = authors
    }
}

extension Conflict {
    /// The conflict as it is stored and travels: a `Conflict` message of `sync.proto`.
    public func encoded(in context: ConflictContext) -> [UInt8] {
        encode(
            WireConflict.with {
                $0.id = context.id
                $0.record = Data(context.record.bytes)
                $0.kind =
                    switch kind {
                    case .field: .field
                    case .existence: .existence
                    case .invalid: .invalid
                    }
                $0.state = isOpen ? .open : .decidedByRule
                $0.policy = policy
                $0.byAuthority = byAuthority
                $0.fields = fields
                $0.standing = standing.wire(context)
                $0.proposed = proposed.wire(context)
                $0.proposedWon = proposedWon
                $0.revision = context.revision.rawValue
                $0.metAt = context.metAt
            }
        )
    }
}

extension Conflict.Side {
    fileprivate func wire(_ context: ConflictContext) -> WireConflictSide {
        WireConflictSide.with {
            var body: [UInt8] = []
            body.append(field: context.type, bytes: values.bytes)
            if let values = try? RecordBody(serializedBytes: body) { $0.values = values }
            var gone: [UInt8] = []
            gone.append(field: context.type, bytes: removed.bytes)
            if !removed.isEmpty, let removed = try? RecordBody(serializedBytes: gone) {
                $0.removed = removed
            }
            $0.device = Data(device.bytes)
            $0.author = context.authors[device] ?? ""
            $0.observedAt = time
            $0.uncertainty = uncertainty
        }
    }
}
