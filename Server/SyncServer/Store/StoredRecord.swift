public import SyncProtocol

/// A record as the store keeps it: its state, and where it stands.
public struct StoredRecord: Hashable, Sendable {
    /// The record.
    public var state: RecordState
    /// Where it stands, in the order of the areas' codes.
    public var placements: [Placement]
    /// How many of its conflicts wait for a person.
    public var openConflicts: Int
    /// What was made on the record itself, where others point to it: `state` holds theirs, too.
    public var own: RecordState?

    /// A record and where it stands.
    public init(
        state: RecordState,
        placements: [Placement],
        openConflicts: Int,
        own: RecordState? = nil
    ) {
        self.state = state
        self.placements = placements
        self.openConflicts = openConflicts
        self.own = own
    }
}

/// Where a record stands.
public struct Placement: Hashable, Sendable {
    /// The area.
    public var area: AreaCode
    /// The position in the area's feed.
    public var position: Position

    /// A placement.
    public init(area: AreaCode, position: Position) {
        self.area = area
        self.position = position
    }
}

/// One record refers to another.
public struct Reference: Hashable, Sendable {
    /// The record referred to.
    public var target: RecordID
    /// The record that refers.
    public var source: RecordID
    /// The number of the referring field.
    public var field: UInt32

    /// A reference.
    public init(target: RecordID, source: RecordID, field: UInt32) {
        self.target = target
        self.source = source
        self.field = field
    }
}

/// A record to be kept, and how its references changed.
public struct RecordWrite: Sendable {
    /// The record.
    public var record: StoredRecord
    /// References that it did not have before.
    public var added: Set<Reference>
    /// References that it no longer has.
    public var removed: Set<Reference>

    /// A record to be kept.
    public init(record: StoredRecord, added: Set<Reference> = [], removed: Set<Reference> = []) {
        self.record = record
        self.added = added
        self.removed = removed
    }
}

/// What stands at one position of a feed.
public struct FeedEntry: Sendable {
    /// What stands there.
    public enum Content: Sendable {
        /// A record, and how many open conflicts it has.
        case record(RecordCopy, openConflicts: Int)
        /// A record that left the area.
        case departure(RecordID)
    }

    /// The position.
    public var position: Position
    /// What stands there.
    public var content: Content

    /// An entry.
    public init(position: Position, content: Content) {
        self.position = position
        self.content = content
    }
}

/// A record comes to a position of an area's feed, or leaves the area there.
public struct FeedMove: Hashable, Sendable {
    /// The record.
    public var id: RecordID
    /// The area.
    public var area: AreaCode
    /// Where it stood in the area before; `nil` where it did not.
    public var from: Position?
    /// Whether it has never stood anywhere: no area has a departure of it to forget.
    public var isFirst = false
    /// The position.
    public var to: Position
    /// Whether the record leaves.
    public var isDeparture: Bool
    /// When what stands there from now on is nothing but a departure or a tombstone: since when, in
    /// milliseconds since 1970 by the server's clock [F-08].
    public var goneAt: Int64?

    /// A move.
    public init(
        id: RecordID,
        area: AreaCode,
        from: Position?,
        to: Position,
        isDeparture: Bool,
        goneAt: Int64? = nil,
        isFirst: Bool = false
    ) {
        self.id = id
        self.area = area
        self.from = from
        self.to = to
        self.isDeparture = isDeparture
        self.goneAt = goneAt
        self.isFirst = isFirst
    }
}

/// How far an area's feed reaches.
public struct AreaHead: Hashable, Sendable {
    /// The area.
    public var area: AreaCode
    /// Its last position.
    public var head: Position
    /// The last position from which a tombstone or departure was taken out [F-08].
    public var pruned: Position
    /// What stands there [G-01].
    public var digest: AreaDigest

    /// A head.
    public init(
        area: AreaCode,
        head: Position,
        pruned: Position = .start,
        digest: AreaDigest = .empty
    ) {
        self.area = area
        self.head = head
        self.pruned = pruned
        self.digest = digest
    }
}
