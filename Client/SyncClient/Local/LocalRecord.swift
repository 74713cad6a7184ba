public import SyncProtocol

/// A record as a device holds it: what the server last said, and what the person sees.
public struct LocalRecord: Hashable, Sendable {
    /// The record as the server last gave it.
    public struct Acknowledged: Hashable, Sendable {
        /// The epoch and revision.
        public var base: Base
        /// The fields; none of a tombstone.
        public var fields: FieldMap
        /// Whether it is a tombstone.
        public var isDeleted: Bool
        /// The latest stamp's time, in milliseconds since 1970.
        public var clock: Int64
        /// The record that this one was found to be; it is a tombstone then.
        public var redirect: RecordID?
        /// Whether it was redacted by law; it is a tombstone then.
        public var isErased = false

        /// A record as the server gave it.
        public init(
            base: Base,
            fields: FieldMap,
            isDeleted: Bool,
            clock: Int64,
            redirect: RecordID? = nil
        ) {
            self.base = base
            self.fields = fields
            self.isDeleted = isDeleted
            self.clock = clock
            self.redirect = redirect
        }
    }

    /// The record's id.
    public let id: RecordID
    /// The number of its type.
    public let type: UInt32
    /// What the server last said; `nil` of a record that only this device knows.
    public var acknowledged: Acknowledged?
    /// What the person sees: the pending changes laid over it.
    ///
    /// `nil` where it is deleted.
    public var visible: FieldMap?
    /// The record that this one was found to be, by the server or by this device.
    public var redirect: RecordID?
    /// The areas in which the server placed it, as far as this device holds them.
    public var areas: Set<AreaCode> = []
    /// How many of its changes wait for an answer.
    public var pending = 0
    /// How many of its changes the server returned.
    public var returned = 0

    /// A record that only this device knows so far.
    public init(id: RecordID, type: UInt32) {
        self.id = id
        self.type = type
    }
}

/// A copy of an earlier epoch that the server has not given again.
public struct Salvage: Hashable, Sendable {
    /// The record's id.
    public let id: RecordID
    /// The number of its type.
    public let type: UInt32
    /// What the server had said of it.
    public let copy: LocalRecord.Acknowledged

    /// A copy that is kept aside.
    public init(id: RecordID, type: UInt32, copy: LocalRecord.Acknowledged) {
        self.id = id
        self.type = type
        self.copy = copy
    }
}

/// A record that comes for the first time.
public struct Arrival: Sendable {
    /// The record; nothing of this device lies over it.
    public let record: LocalRecord
    /// Its mark where it stands; `nil` of a tombstone.
    public let mark: UInt128?
    /// Its open conflicts, each the bytes of a `Conflict` message.
    public let conflicts: [[UInt8]]

    /// A record as it came.
    public init(record: LocalRecord, mark: UInt128?, conflicts: [[UInt8]]) {
        (self.record, self.mark, self.conflicts) = (record, mark, conflicts)
    }
}

/// A change in the outbox: numbered, chained and durable before anybody hears of it.
public struct OutboxEntry: Hashable, Sendable {
    /// Its number among the device's.
    public var sequence: SequenceNumber
    /// The record concerned.
    public var record: RecordID
    /// The change's bytes as they travel.
    public var payload: [UInt8]
    /// The head of the chain after it.
    public var chain: [UInt8]
    /// What became of it; `nil` while it is unanswered.
    public var outcome: Outcome?
    /// Of a returned change: the fields that a later accepted change of this device says, ascending.
    public var overtaken: [UInt32] = []
    /// Where it stood in an epoch that a restore of the server ended; at no revision where it was
    /// returned there.
    public var former: Change.Former?

    /// An unanswered change.
    public init(
        sequence: SequenceNumber,
        record: RecordID,
        payload: [UInt8],
        chain: [UInt8],
        outcome: Outcome? = nil
    ) {
        self.sequence = sequence
        self.record = record
        self.payload = payload
        self.chain = chain
        self.outcome = outcome
    }
}
