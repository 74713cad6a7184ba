internal import Foundation
internal import SwiftProtobuf

/// What became of one change.
public struct Outcome: Hashable, Sendable {
    /// What became of it; see `sync.proto` for each.
    public enum Kind: Int, Hashable, Codable, CaseIterable, Sendable {
        case applied = 1
        case merged = 2
        case conflicted = 3
        case unchanged = 4
        case quarantined = 5
    }

    /// The change's number.
    public var sequence: SequenceNumber
    /// What became of it.
    public var kind: Kind
    /// The record's revision afterwards.
    public var revision = Revision.none
    /// Of a quarantined change: why, for a program.
    public var code = ""
    /// Of a quarantined change: the number of the field concerned, or 0.
    public var field: UInt32 = 0
    /// Of a quarantined change: why, for a person.
    public var message = ""

    /// An outcome.
    public init(sequence: SequenceNumber, kind: Kind, revision: Revision = .none) {
        self.sequence = sequence
        self.kind = kind
        self.revision = revision
    }
}

/// The answer to a sync: outcomes, news, and how far the news reaches.
public struct SyncResponse: Hashable, Sendable {
    /// The server's epoch.
    public var epoch = Epoch.none
    /// The server's clock, in milliseconds since 1970.
    public var serverTime: Int64 = 0
    /// The number of the last change of this device that the server has.
    public var highWater = SequenceNumber.none
    /// What became of the batch's changes.
    public var outcomes: [Outcome] = []
    /// What is new, by area.
    public var pages: [AreaPage] = []
    /// Whether there is more to read.
    public var hasMore = false
    /// What stands for the bookmarks that the request showed, from now on [F-11]; empty where nothing new does.
    public var bookmarkToken: [UInt8] = []
    /// The device's grant, where the request named another.
    public var grant: Grant?
    /// Changes up to this number are in a backup.
    public var backedUp = SequenceNumber.none
    /// The head of the device's chain at the high-water mark.
    public var chain: [UInt8] = []
    /// What the server signs for, where the request brought changes.
    public var receipt: SyncReceipt?
    /// What people decided about this device's returned changes [V-06].
    public var settlements: [Settlement] = []
    /// What stands in the grant's areas, where there is no more to read [G-02].
    public var digest: AreaDigest?
    /// The order to erase everything.
    public var revocation: Revocation?
    /// What to seal an outbox to, where the device has none.
    public var sealingKey: SealingKey?
    /// For how many days the device may show what it holds; 0 for ever.
    public var leaseDays: UInt32 = 0
    /// By which keys the server is met from now on, where the request named an earlier announcement.
    public var announcement: Announcement?
    /// Ed25519, 64 bytes: of the receipt the signature alone, where the request said so; else empty.
    public var receiptSignature: [UInt8] = []

    /// An answer without news.
    public init() {}

    /// Reads an answer from a body after inflation.
    ///
    /// Throws `protobuf_malformed`.
    public init(_ body: [UInt8]) throws(SyncError) {
        guard let map = try? FieldMap(body),
            let wire = try? WireSyncResponse(serializedBytes: map.clearing([5]).bytes)
        else { throw .malformedProtobuf }
        epoch = Epoch(rawValue: wire.epoch)
        serverTime = wire.serverTime
        highWater = SequenceNumber(rawValue: wire.highWater)
        outcomes = wire.outcomes.compactMap(Outcome.init)
        guard outcomes.count == wire.outcomes.count else { throw .malformedProtobuf }
        for page in map.messages(of: 5) { try pages.append(AreaPage(page)) }
        hasMore = wire.more
        bookmarkToken = Array(wire.bookmarkToken)
        grant = wire.hasGrant ? Grant(wire.grant) : nil
        backedUp = SequenceNumber(rawValue: wire.backedUp)
        chain = Array(wire.chain)
        receipt = wire.hasReceipt ? SyncReceipt(wire.receipt) : nil
        settlements = wire.settlements.compactMap(Settlement.init)
        digest = wire.hasDigest ? AreaDigest(wire.digest) : nil
        revocation = wire.hasRevocation ? Revocation(wire.revocation) : nil
        sealingKey = wire.hasSealingKey ? SealingKey(wire.sealingKey) : nil
        leaseDays = wire.leaseDays
        announcement = wire.hasAnnouncement ? Announcement(wire.announcement) : nil
        receiptSignature = Array(wire.receiptSignature)
    }

    /// The answer's bytes in protobuf.
    public var encoded: [UInt8] {
        var wire = WireSyncResponse()
        wire.epoch = epoch.rawValue
        wire.serverTime = serverTime
        wire.highWater = highWater.rawValue
        wire.outcomes = outcomes.map(\.wire)
        wire.more = hasMore
        wire.bookmarkToken = Data(bookmarkToken)
        if let grant { wire.grant = grant.wire }
        wire.backedUp = backedUp.rawValue
        wire.chain = Data(chain)
        if let receipt { wire.receipt = receipt.wire }
        wire.settlements = settlements.map(\.wire)
        if let digest { wire.digest = digest.wire }
        if let revocation { wire.revocation = revocation.wire }
        if let sealingKey { wire.sealingKey = sealingKey.wire }
        wire.leaseDays = leaseDays
        if let announcement { wire.announcement = announcement.wire }
        wire.receiptSignature = Data(receiptSignature)
        var bytes = encode(wire)
        for page in pages { bytes.append(field: 5, bytes: page.encoded) }
        return bytes
    }

    // > [Q-10] To a request that says so, the answer carries of the receipt the signature alone: device, sequence, chain
    // > head, epoch and time are those of the device and of the answer itself. It is checked and kept as a whole one.

    /// Says with the receipt's signature alone what the receipt says, where it says nothing else than the answer.
    public mutating func bareReceipt() {
        guard let receipt else { return }
        var bare = self
        (bare.receipt, bare.receiptSignature) = (nil, receipt.signature)
        guard bare.withReceipt(for: receipt.device).receipt == receipt else { return }
        self = bare
    }

    /// The answer with the whole receipt, as the device that asked has it.
    public func withReceipt(for device: DeviceID) -> SyncResponse {
        guard receipt == nil, !receiptSignature.isEmpty else { return self }
        var receipt = SyncReceipt(
            device: device,
            sequence: highWater,
            chain: chain,
            epoch: epoch,
            time: serverTime
        )
        receipt.signature = receiptSignature
        var whole = self
        (whole.receipt, whole.receiptSignature) = (receipt, [])
        return whole
    }

    /// The answer in protobuf's JSON mapping.
    public var json: [UInt8] {
        guard let wire = try? WireSyncResponse(serializedBytes: encoded),
            let json: [UInt8] = try? wire.jsonUTF8Bytes()
        else { preconditionFailure("our own bytes parse") }
        return json
    }
}

extension Outcome {
    fileprivate init?(_ wire: WireOutcome) {
        guard let kind = Kind(rawValue: wire.kind.rawValue) else { return nil }
        self.init(
            sequence: SequenceNumber(rawValue: wire.sequence),
            kind: kind,
            revision: Revision(rawValue: wire.revision)
        )
        code = wire.code
        field = wire.field
        message = wire.message
    }

    fileprivate var wire: WireOutcome {
        WireOutcome.with {
            $0.sequence = sequence.rawValue
            $0.kind = WireOutcome.Kind(rawValue: kind.rawValue) ?? .unspecified
            $0.revision = revision.rawValue
            $0.code = code
            $0.field = field
            $0.message = message
        }
    }
}

extension Grant {
    init(_ wire: WireGrant) {
        self.init(
            number: wire.number,
            areas: wire.areas.compactMap { AreaCode($0) },
            role: Role(rawValue: wire.role) ?? .coordinator
        )
    }

    var wire: WireGrant {
        WireGrant.with {
            $0.number = number
            $0.areas = areas.map(\.rawValue)
            if role != .coordinator { $0.role = role.rawValue }
        }
    }
}
