/// What is new in one area since a bookmark.
public struct AreaPage: Hashable, Sendable {
    /// The area.
    public var area: AreaCode
    /// The bookmark after this page.
    public var position: Position
    /// The area's head when reading began at 0.
    public var floor: Position
    /// Records that stand in the area, at their latest.
    public var records: [RecordCopy] = []
    /// Records that left the area.
    public var departures: [RecordID] = []
    /// Whether reading starts again: what is not sent by the time the floor is reached has gone [F-08].
    public var restarts = false

    /// A page without news.
    public init(area: AreaCode, position: Position, floor: Position) {
        self.area = area
        self.position = position
        self.floor = floor
    }

    /// Reads a page from its bytes.
    ///
    /// Throws `protobuf_malformed`.
    init(_ bytes: [UInt8]) throws(SyncError) {
        guard let map = try? FieldMap(bytes), let area = map.text(of: 1).flatMap({ AreaCode($0) })
        else { throw .malformedProtobuf }
        self.init(
            area: area,
            position: Position(rawValue: map.number(of: 2)),
            floor: Position(rawValue: map.number(of: 3))
        )
        for record in map.messages(of: 4) { try records.append(RecordCopy(record)) }
        let left = map.messages(of: 5)
        departures = left.compactMap { RecordID(bytes: $0) }
        guard departures.count == left.count else { throw .malformedProtobuf }
        restarts = map.number(of: 6) != 0
    }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(field: 1, bytes: Array(area.rawValue.utf8))
        bytes.append(varint: position.rawValue, as: 2)
        bytes.append(varint: floor.rawValue, as: 3)
        for record in records { bytes.append(field: 4, bytes: record.encoded) }
        for id in departures { bytes.append(field: 5, bytes: id.bytes) }
        bytes.append(varint: restarts ? 1 : 0, as: 6)
        return bytes
    }
}

/// A record as it travels to whoever holds its area.
public struct RecordCopy: Hashable, Sendable {
    /// The record's id.
    public var id: RecordID
    /// The number of its type.
    public var type: UInt32
    /// Its revision.
    public var revision: Revision
    /// The message's bytes, not split; a tombstone's do not travel.
    public var message: [UInt8]
    /// Whether it is a tombstone.
    public var isDeleted: Bool
    /// The latest stamp's time, in milliseconds since 1970.
    public var clock: Int64
    /// Its open conflicts, each the bytes of a `Conflict` message.
    public var conflicts: [[UInt8]] = []
    /// The record that this one was found to be; it travels as a tombstone then.
    public var redirect: RecordID?
    /// Whether it was redacted by law: nothing that it said may be kept.
    public var isErased = false

    /// A copy.
    public init(
        id: RecordID,
        type: UInt32,
        revision: Revision,
        message: [UInt8],
        isDeleted: Bool,
        clock: Int64
    ) {
        self.id = id
        self.type = type
        self.revision = revision
        self.message = message
        self.isDeleted = isDeleted
        self.clock = clock
    }

    init(_ bytes: [UInt8]) throws(SyncError) {
        guard let map = try? FieldMap(bytes),
            let id = map.value(of: 1).flatMap(RecordID.init(bytes:)),
            let body = try? map.body(3)
        else { throw .malformedProtobuf }
        self.init(
            id: id,
            type: body.type,
            revision: Revision(rawValue: map.number(of: 2)),
            message: body.fields.bytes,
            isDeleted: map.number(of: 4) != 0,
            clock: Int64(bitPattern: map.number(of: 5))
        )
        conflicts = map.messages(of: 6)
        redirect = map.value(of: 7).flatMap(RecordID.init(bytes:))
        isErased = map.number(of: 8) != 0
    }

    /// The record's bytes as they travel.
    public var encoded: [UInt8] {
        var body: [UInt8] = []
        body.append(field: type, bytes: isDeleted ? [] : message)
        var bytes: [UInt8] = []
        bytes.append(field: 1, bytes: id.bytes)
        bytes.append(varint: revision.rawValue, as: 2)
        bytes.append(field: 3, bytes: body)
        bytes.append(varint: isDeleted ? 1 : 0, as: 4)
        bytes.append(varint: UInt64(bitPattern: clock), as: 5)
        for conflict in conflicts { bytes.append(field: 6, bytes: conflict) }
        if let redirect { bytes.append(field: 7, bytes: redirect.bytes) }
        bytes.append(varint: isErased ? 1 : 0, as: 8)
        return bytes
    }
}
