internal import Foundation
internal import SwiftProtobuf

/// A conflict as it is kept and travels: what two people said, and how it ended.
///
/// > [C-01] A conflict is open, decided by rule, resolved by a person or superseded. Closed, it stays
/// > closed.
public struct ConflictEntry: Hashable, Sendable {
    /// Where it stands in its life.
    public enum State: Int, Hashable, CaseIterable, Sendable {
        case open = 0
        case decidedByRule = 1
        case resolved = 2
        case superseded = 3
    }

    /// How it ended.
    public struct Closing: Hashable, Sendable {
        /// The device whose change ended it.
        public var device: DeviceID
        /// Who held that device, or asked for the change.
        public var author: String
        /// When, in milliseconds since 1970 by the server's clock.
        public var closedAt: Int64
        /// The record's revision that ended it.
        public var revision: Revision
        /// Which side a person chose; `nil` where nobody was asked.
        public var choice: Change.Resolution.Choice?
        /// Why, in words.
        public var reason = ""

        /// An ending.
        public init(
            device: DeviceID,
            author: String,
            closedAt: Int64,
            revision: Revision,
            choice: Change.Resolution.Choice?,
            reason: String
        ) {
            self.device = device
            self.author = author
            self.closedAt = closedAt
            self.revision = revision
            self.choice = choice
            self.reason = reason
        }
    }

    /// The server's number for it; 0 before it has one.
    public var id: UInt64
    /// The record concerned.
    public var record: RecordID
    /// The number of the record's type.
    public var type: UInt32
    /// What the two disagree about.
    public var conflict: Conflict
    /// Where it stands in its life.
    public var state: State
    /// The record's epoch and revision after the two met.
    public var base: Base
    /// When the server first had both, in milliseconds since 1970.
    public var metAt: Int64
    /// Who held the device of the standing side.
    public var standingAuthor = ""
    /// Who held the device of the proposed side.
    public var proposedAuthor = ""
    /// What it would change: the larger, the sooner a person should look [C-05].
    public var impact: UInt32 = 0
    /// How it ended; `nil` while it is open, and where a rule decided at once.
    public var closing: Closing?
    /// The record that was redirected to this one, where that brought the two together.
    public var via: RecordID?

    /// A conflict that has just come up.
    public init(
        _ conflict: Conflict,
        of record: RecordID,
        type: UInt32,
        at base: Base,
        metAt: Int64
    ) {
        id = 0
        self.record = record
        self.type = type
        self.conflict = conflict
        state = conflict.isOpen ? .open : .decidedByRule
        self.base = base
        self.metAt = metAt
    }

    /// Whether a person has to choose.
    public var isOpen: Bool { state == .open }

    /// A conflict from the bytes of a `Conflict` message; `nil` where they are none.
    public init?(_ bytes: [UInt8]) {
        guard let wire = try? WireConflict(serializedBytes: bytes) else { return nil }
        self.init(wire)
    }

    init?(_ wire: WireConflict) {
        guard let record = RecordID(bytes: wire.record),
            let kind = Conflict.Kind(wire.kind),
            let state = State(rawValue: wire.state.rawValue),
            let standing = Conflict.Side(wire.standing, wire.type),
            let proposed = Conflict.Side(wire.proposed, wire.type)
        else { return nil }
        let conflict = Conflict(
            kind: kind,
            fields: wire.fields,
            policy: wire.policy,
            byAuthority: wire.byAuthority,
            isOpen: state == .open,
            standing: standing,
            proposed: proposed,
            proposedWon: wire.proposedWon
        )
        let base = Base(
            epoch: Epoch(rawValue: wire.epoch),
            revision: Revision(rawValue: wire.revision)
        )
        self.init(conflict, of: record, type: wire.type, at: base, metAt: wire.metAt)
        id = wire.id
        self.state = state
        standingAuthor = wire.standing.author
        proposedAuthor = wire.proposed.author
        impact = wire.impact
        closing = wire.hasClosing ? Closing(wire.closing) : nil
        via = RecordID(bytes: wire.via)
    }

    /// The entry as a `Conflict` message of `sync.proto`.
    public var encoded: [UInt8] { encode(wire) }

    var wire: WireConflict {
        WireConflict.with {
            $0.id = id
            $0.record = Data(record.bytes)
            $0.type = type
            $0.kind = conflict.kind.wire
            $0.state = WireConflict.State(rawValue: state.rawValue) ?? .open
            $0.policy = conflict.policy
            $0.byAuthority = conflict.byAuthority
            $0.fields = conflict.fields
            $0.standing = conflict.standing.wire(type, author: standingAuthor)
            $0.proposed = conflict.proposed.wire(type, author: proposedAuthor)
            $0.proposedWon = conflict.proposedWon
            $0.revision = base.revision.rawValue
            $0.epoch = base.epoch.rawValue
            $0.metAt = metAt
            $0.impact = impact
            if let closing { $0.closing = closing.wire }
            if let via { $0.via = Data(via.bytes) }
        }
    }
}

extension ConflictEntry.Closing {
    fileprivate init?(_ wire: WireConflict.Closing) {
        guard let device = DeviceID(bytes: wire.device) else { return nil }
        self.init(
            device: device,
            author: wire.author,
            closedAt: wire.closedAt,
            revision: Revision(rawValue: wire.revision),
            choice: Change.Resolution.Choice(rawValue: wire.choice.rawValue),
            reason: wire.reason
        )
    }

    fileprivate var wire: WireConflict.Closing {
        WireConflict.Closing.with {
            $0.device = Data(device.bytes)
            $0.author = author
            $0.closedAt = closedAt
            $0.revision = revision.rawValue
            if let choice {
                $0.choice = WireResolution.Choice(rawValue: choice.rawValue) ?? .unspecified
            }
            $0.reason = reason
        }
    }
}

extension Conflict.Kind {
    fileprivate init?(_ wire: WireConflict.Kind) {
        switch wire {
        case .field: self = .field
        case .existence: self = .existence
        case .invalid: self = .invalid
        case .redirect: self = .redirect
        case .UNRECOGNIZED: return nil
        }
    }

    var wire: WireConflict.Kind {
        switch self {
        case .field: .field
        case .existence: .existence
        case .invalid: .invalid
        case .redirect: .redirect
        }
    }
}

extension Conflict.Side {
    fileprivate init?(_ wire: WireConflictSide, _ type: UInt32) {
        guard let device = DeviceID(bytes: wire.device),
            let values = wire.values.fields(of: type),
            let removed = wire.removed.fields(of: type)
        else { return nil }
        self.init(
            values: values,
            removed: removed,
            device: device,
            time: wire.observedAt,
            uncertainty: wire.uncertainty,
            deletion: wire.hasDeletion
                ? Change.Deletion(reason: wire.deletion.reason, text: wire.deletion.text) : nil
        )
    }

    fileprivate func wire(_ type: UInt32, author: String) -> WireConflictSide {
        WireConflictSide.with {
            if let values = RecordBody(values, type) { $0.values = values }
            if !removed.isEmpty, let removed = RecordBody(removed, type) { $0.removed = removed }
            $0.device = Data(device.bytes)
            $0.author = author
            $0.observedAt = time
            $0.uncertainty = uncertainty
            if let deletion {
                $0.deletion = WireDeletion.with {
                    $0.reason = deletion.reason
                    $0.text = deletion.text
                }
            }
        }
    }
}

extension RecordBody {
    /// Fields of a record of some type; `nil` where they do not parse.
    init?(_ fields: FieldMap, _ type: UInt32) {
        var body: [UInt8] = []
        body.append(field: type, bytes: fields.bytes)
        guard let message = try? RecordBody(serializedBytes: body) else { return nil }
        self = message
    }

    /// The fields, none where the body is empty; `nil` where it is of another type than the one named.
    ///
    /// Conflicts of the first version name no type, 0.
    fileprivate func fields(of type: UInt32) -> FieldMap? {
        let bytes = encode(self)
        if bytes.isEmpty { return FieldMap() }
        guard let body = try? FieldMap.body(bytes), type == 0 || body.type == type else {
            return nil
        }
        return body.fields
    }
}
