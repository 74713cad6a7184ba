public import SyncProtocol

/// An accepted change in the history: what came, and what became of it.
public struct StoredChange: Hashable, Sendable {
    /// The device that sent it.
    public var device: DeviceID
    /// Its number among the device's.
    public var sequence: SequenceNumber
    /// The record concerned; `nil` where the payload does not tell.
    public var record: RecordID?
    /// The bytes as they came; what may stay of them once they were redacted.
    public var payload: [UInt8]
    /// The SHA-256 of the payload, which stays when the payload is redacted.
    public var hash: [UInt8]
    /// What became of it.
    public var outcome: Outcome
    /// When it came, in milliseconds since 1970.
    public var receivedAt: Int64
    /// The epoch in which it was accepted.
    public var epoch: Epoch
    /// What leads its record back to what it was before, an encoded `Undo`; empty where it wrote nothing.
    public var undo: [UInt8] = []
    /// Whether the payload was redacted by law, so that it no longer has its hash.
    public var isRedacted = false

    /// A change.
    public init(
        device: DeviceID,
        sequence: SequenceNumber,
        record: RecordID?,
        payload: [UInt8],
        hash: [UInt8],
        outcome: Outcome,
        receivedAt: Int64,
        epoch: Epoch
    ) {
        self.device = device
        self.sequence = sequence
        self.record = record
        self.payload = payload
        self.hash = hash
        self.outcome = outcome
        self.receivedAt = receivedAt
        self.epoch = epoch
    }
}

/// What a change did to another record than its own: one that its own points to.
public struct StoredEffect: Hashable, Sendable {
    /// The record.
    public var record: RecordID
    /// Its revision after it.
    public var revision: Revision
    /// What leads it back to what it was before, an encoded `Undo`.
    public var undo: [UInt8]
    /// The record on which the change was made.
    public var via: RecordID

    /// An effect.
    public init(record: RecordID, revision: Revision, undo: [UInt8], via: RecordID) {
        self.record = record
        self.revision = revision
        self.undo = undo
        self.via = via
    }
}

/// One step in the history of a record.
public struct StoredStep: Hashable, Sendable {
    /// The change that made it.
    public var change: StoredChange
    /// The record's revision after it.
    public var revision: Revision
    /// What leads the record back, an encoded `Undo`; empty where nothing was written.
    public var undo: [UInt8]
    /// The record on which the change was made, where that was another one.
    public var via: RecordID?

    /// A step.
    public init(change: StoredChange, revision: Revision, undo: [UInt8], via: RecordID?) {
        self.change = change
        self.revision = revision
        self.undo = undo
        self.via = via
    }
}

/// A change in quarantine, and what was decided about it.
public struct ReturnedChange: Hashable, Sendable {
    /// Its number in the history.
    public var id: UInt64
    /// The change, whole.
    public var change: StoredChange
    /// What was decided about it; `nil` as long as nothing was.
    public var settlement: Settlement?

    /// A change in quarantine.
    public init(id: UInt64, change: StoredChange, settlement: Settlement?) {
        self.id = id
        self.change = change
        self.settlement = settlement
    }
}

extension Settlement {
    /// What somebody decides now: its number, and that of the change, are the store's to give.
    init(_ kind: Kind, by author: String, reason: String = "", at time: Int64) {
        self.init(
            number: 0,
            sequence: .none,
            kind: kind,
            by: author,
            reason: reason,
            settledAt: time
        )
    }
}
