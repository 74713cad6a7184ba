internal import SwiftProtobuf

/// What people decided about a change in quarantine.
///
/// > [V-06] A returned change is kept whole until it is mended, or discarded by a reviewer with a reason.
/// > Its device hears of either at its next sync.
public struct Settlement: Hashable, Sendable {
    /// What was decided.
    public enum Kind: Int, Hashable, Sendable {
        /// Another change took its place.
        case mended = 1
        /// It was thrown away.
        case discarded = 2
    }

    /// The order in which things were settled.
    public var number: UInt64
    /// The device's own number of the change.
    public var sequence: SequenceNumber
    /// What was decided.
    public var kind: Kind
    /// Who decided.
    public var by: String
    /// Why.
    public var reason: String
    /// When, in milliseconds since 1970 by the server's clock.
    public var settledAt: Int64

    /// A settlement.
    public init(
        number: UInt64,
        sequence: SequenceNumber,
        kind: Kind,
        by: String,
        reason: String,
        settledAt: Int64
    ) {
        self.number = number
        self.sequence = sequence
        self.kind = kind
        self.by = by
        self.reason = reason
        self.settledAt = settledAt
    }

    init?(_ wire: WireSettlement) {
        guard let kind = Kind(rawValue: wire.kind.rawValue) else { return nil }
        self.init(
            number: wire.number,
            sequence: SequenceNumber(rawValue: wire.sequence),
            kind: kind,
            by: wire.by,
            reason: wire.reason,
            settledAt: wire.settledAt
        )
    }

    var wire: WireSettlement {
        WireSettlement.with {
            $0.number = number
            $0.sequence = sequence.rawValue
            $0.kind = WireSettlement.Kind(rawValue: kind.rawValue) ?? .unspecified
            $0.by = by
            $0.reason = reason
            $0.settledAt = settledAt
        }
    }
}
