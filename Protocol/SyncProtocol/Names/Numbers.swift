/// A record's place in its own history: 1, 2, 3 …, given by the server.
///
/// Revisions order changes; clocks only annotate them. A device reads a revision and sends it back
/// as the base of a change; only the server counts on.
public struct Revision: RawRepresentable, Hashable, Comparable, Codable, Sendable {
    /// The number.
    public let rawValue: UInt64
    /// A revision by its number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    /// The revision of a record that the server has never seen.
    public static let none = Revision(rawValue: 0)
    package var next: Revision { Revision(rawValue: rawValue + 1) }
    /// Orders revisions of one record.
    public static func < (left: Revision, right: Revision) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// A place in an area's feed: 1, 2, 3 …, given at commit, in commit order.
public struct Position: RawRepresentable, Hashable, Comparable, Codable, Sendable {
    /// The number.
    public let rawValue: UInt64
    /// A position by its number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    /// Before the first position of an area.
    public static let start = Position(rawValue: 0)
    package var next: Position { Position(rawValue: rawValue + 1) }
    /// Orders positions of one area.
    public static func < (left: Position, right: Position) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// One incarnation of the server's database; a restored database is a later one.
///
/// The number is the time of its beginning in milliseconds since 1970, or one more than its
/// predecessor's where the clock stands behind that.
public struct Epoch: RawRepresentable, Hashable, Comparable, Codable, Sendable {
    /// The number.
    public let rawValue: UInt64
    /// An epoch by its number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    /// No epoch yet: nothing was read from any server.
    public static let none = Epoch(rawValue: 0)
    /// Orders the epochs of one deployment.
    public static func < (left: Epoch, right: Epoch) -> Bool { left.rawValue < right.rawValue }
}

/// A change's number among those of its device: 1, 2, 3 …, given by the device.
public struct SequenceNumber: RawRepresentable, Hashable, Comparable, Codable, Sendable {
    /// The number.
    public let rawValue: UInt64
    /// A sequence number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    /// Before the first change of a device.
    public static let none = SequenceNumber(rawValue: 0)
    package var next: SequenceNumber { SequenceNumber(rawValue: rawValue + 1) }
    /// Orders changes of one device.
    public static func < (left: SequenceNumber, right: SequenceNumber) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// What the author of a change had seen of a record: an epoch and a revision in it [B-01].
public struct Base: Hashable, Comparable, Codable, Sendable {
    /// The incarnation of the server that gave the revision.
    public var epoch: Epoch
    /// The revision seen.
    public var revision: Revision

    /// A base.
    public init(epoch: Epoch, revision: Revision) {
        self.epoch = epoch
        self.revision = revision
    }

    /// The base of a creation: its author knew of no such record.
    public static let none = Base(epoch: .none, revision: .none)

    // > [B-03] A stamp of a later epoch is above every base of an earlier one.

    /// Orders by epoch, then by revision.
    public static func < (left: Base, right: Base) -> Bool {
        (left.epoch, left.revision) < (right.epoch, right.revision)
    }
}
