internal import Foundation
internal import SwiftProtobuf

/// How far a reader has read an area.
public struct Bookmark: Hashable, Sendable {
    /// The area.
    public var area: AreaCode
    /// The last position read.
    public var position: Position
    /// The area's head when reading began at 0 [F-03].
    public var floor: Position

    /// A bookmark.
    public init(area: AreaCode, position: Position, floor: Position = .start) {
        self.area = area
        self.position = position
        self.floor = floor
    }
}

/// `POST /v1/sync`: a batch of changes, and how far the device has read.
///
/// The changes stay the bytes that they came as: those are what the chain covers and the history
/// keeps, and most of them are never decoded.
public struct SyncRequest: Hashable, Sendable {
    /// The epoch of the bookmarks.
    public var epoch = Epoch.none
    /// The number of the first change.
    public var firstSequence = SequenceNumber.none
    /// The changes' payloads, in the order of their numbers.
    public var payloads: [[UInt8]] = []
    /// The head of the chain after the last change; empty where the caller keeps no chain.
    public var chain: [UInt8] = []
    /// How far the device has read.
    public var bookmarks: [Bookmark] = []
    /// What stands for all other bookmarks [F-11]; empty where there are none.
    public var bookmarkToken: [UInt8] = []
    /// Bytes of records that the device wants at most; 0 leaves it to the server.
    public var budget = 0
    /// The number of the last grant applied.
    public var grant: UInt64 = 0
    /// What the device's program calls itself.
    public var software = ""
    /// The device's clock, in milliseconds since 1970.
    public var deviceTime: Int64 = 0
    /// The number of the last settlement that the device applied [V-06].
    public var settlements: UInt64 = 0
    /// What the device can no longer offer, right before the first change.
    public var hole: Hole?
    /// Where changes of this batch stood in an earlier epoch, by their numbers.
    public var former: [SequenceNumber: Change.Former] = [:]
    /// The server's own word that it had more than it says now.
    public var receipt: SyncReceipt?
    /// How many changes wait on the device, those of this request included.
    public var pending: UInt64 = 0
    /// Whether the device has the server's sealing key.
    public var hasSealingKey = false
    /// The number of the last announcement that the device took; 0 for none.
    public var announcement: UInt64 = 0
    /// Whether of the receipt the signature will do.
    public var takesBareSignature = false

    /// A request that asks for nothing and brings nothing.
    public init() {}

    /// Reads a request from a body after inflation.
    ///
    /// Throws `protobuf_malformed`, `json_malformed` or `bookmark_malformed`.
    public init(_ body: [UInt8], as format: BodyFormat) throws(SyncError) {
        let wire: WireSyncRequest
        switch format {
        case .protobuf:
            guard let map = try? FieldMap(body),
                let envelope = try? WireSyncRequest(serializedBytes: map.clearing([3]).bytes)
            else { throw .malformedProtobuf }
            payloads = map.messages(of: 3)
            wire = envelope
        case .json:
            wire = try decodeJSON(body)
            payloads = wire.changes.map { encode($0) }
        }
        epoch = Epoch(rawValue: wire.epoch)
        firstSequence = SequenceNumber(rawValue: wire.firstSequence)
        chain = Array(wire.chain)
        bookmarks = try Self.bookmarks(wire.bookmarks)
        bookmarkToken = Array(wire.bookmarkToken)
        budget = Int(clamping: wire.budget)
        grant = wire.grant
        software = wire.software
        deviceTime = bounded(time: wire.deviceTime)
        settlements = wire.settlements
        hole = wire.hasHole ? Hole(wire.hole) : nil
        receipt = wire.hasReceipt ? SyncReceipt(wire.receipt) : nil
        pending = wire.pending
        hasSealingKey = wire.hasSealingKey_p
        announcement = wire.announcement
        takesBareSignature = wire.bareSignature
        for place in wire.former {
            former[SequenceNumber(rawValue: place.sequence)] = Change.Former(
                place: Base(
                    epoch: Epoch(rawValue: place.epoch),
                    revision: Revision(rawValue: place.revision)
                ),
                wasContested: place.contested
            )
        }
    }

    private static func bookmarks(_ wire: [WireBookmark]) throws(SyncError) -> [Bookmark] {
        var bookmarks: [Bookmark] = []
        for bookmark in wire {
            guard let area = AreaCode(bookmark.area) else {
                throw SyncError(
                    "bookmark_malformed",
                    "A bookmark names no area: “\(bookmark.area.prefix(20))”",
                    hint: "An area is 2, 4, 6, 9 or 12 digits.",
                    subject: "bookmarks"
                )
            }
            bookmarks.append(
                Bookmark(
                    area: area,
                    position: Position(rawValue: bookmark.position),
                    floor: Position(rawValue: bookmark.floor)
                )
            )
        }
        return bookmarks
    }

    /// The request's bytes in protobuf.
    public var encoded: [UInt8] {
        var wire = WireSyncRequest()
        wire.epoch = epoch.rawValue
        wire.firstSequence = firstSequence.rawValue
        wire.chain = Data(chain)
        wire.bookmarks = bookmarks.map { bookmark in
            WireBookmark.with {
                $0.area = bookmark.area.rawValue
                $0.position = bookmark.position.rawValue
                $0.floor = bookmark.floor.rawValue
            }
        }
        wire.bookmarkToken = Data(bookmarkToken)
        wire.budget = UInt64(budget)
        wire.grant = grant
        wire.software = software
        wire.deviceTime = deviceTime
        wire.settlements = settlements
        if let hole { wire.hole = hole.wire }
        if let receipt { wire.receipt = receipt.wire }
        wire.pending = pending
        wire.hasSealingKey_p = hasSealingKey
        wire.announcement = announcement
        wire.bareSignature = takesBareSignature
        wire.former = former.sorted { $0.key < $1.key }.map { sequence, place in
            WireFormer.with {
                $0.sequence = sequence.rawValue
                $0.epoch = place.place.epoch.rawValue
                $0.revision = place.place.revision.rawValue
                $0.contested = place.wasContested
            }
        }
        var bytes = encode(wire)
        for payload in payloads { bytes.append(field: 3, bytes: payload) }
        return bytes
    }
}

/// Encodes a message that has no required fields, which cannot fail.
func encode(_ message: some Message) -> [UInt8] {
    guard let bytes: [UInt8] = try? message.serializedBytes() else {
        preconditionFailure("a proto3 message always encodes")
    }
    return bytes
}

/// Reads a message from protobuf's JSON mapping.
func decodeJSON<M: Message>(_ body: [UInt8]) throws(SyncError) -> M {
    do {
        let message = try M(jsonUTF8Bytes: body)
        try EnumerationRange.check(message)
        return message
    } catch {
        // The decoder's own words may quote the body, which is personal: its kind of error will do.
        let kind = "\(error)".prefix { $0 != "(" && $0 != ":" }
        throw SyncError(
            "json_malformed",
            "The body is not the JSON of a \(M.protoMessageName) (\(kind))",
            hint: "Field names and values are those of protobuf's JSON mapping of sync.proto."
        )
    }
}

extension FieldMap {
    /// The messages of a repeated message field, each without key and length.
    func messages(of number: UInt32) -> [[UInt8]] {
        guard let field = self[number] else { return [] }
        var scanner = WireScanner(bytes, field.startIndex..<field.endIndex)
        var messages: [[UInt8]] = []
        while let next = try? scanner.next() { messages.append(Array(bytes[next.value])) }
        return messages
    }
}

extension SyncError {
    static let malformedProtobuf = SyncError(
        "protobuf_malformed",
        "The body is not the protobuf of this message",
        hint: "Encode it by Protocol/sync.proto; JSON needs Content-Type: application/json."
    )
}
