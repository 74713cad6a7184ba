public import SyncProtocol

/// What the server knows of a device.
public struct StoredDevice: Hashable, Sendable {
    /// Its id, which follows from its key.
    public var id: DeviceID
    /// Its Ed25519 public key, 32 bytes.
    public var publicKey: [UInt8]
    /// What the operator calls it, and who holds it.
    public var name: String
    /// The department that speaks through it; `nil` for a coordinator.
    public var department: String?
    /// Its assignments, the first with number 1; the last one holds.
    public var grants: [Grant]
    /// The number of its last change that the server has.
    public var highWater = SequenceNumber.none
    /// The head of its chain there.
    public var chain: [UInt8]
    /// When it was enrolled, in milliseconds since 1970.
    public var enrolledAt: Int64
    /// When it last asked for anything; `nil` before it did.
    public var lastContact: Int64?
    /// Its clock minus the server's at its last sync, in milliseconds.
    public var clockOffset: Int64 = 0
    /// What its program calls itself.
    public var software: String
    /// When its chain was first found not to fit; `nil` while it does.
    public var forkedAt: Int64?

    /// A device that was just enrolled.
    public init(
        id: DeviceID,
        publicKey: [UInt8],
        name: String,
        department: String? = nil,
        grants: [Grant],
        chain: [UInt8],
        enrolledAt: Int64,
        software: String
    ) {
        self.id = id
        self.publicKey = publicKey
        self.name = name
        self.department = department
        self.grants = grants
        self.chain = chain
        self.enrolledAt = enrolledAt
        self.software = software
    }

    /// The grant that holds now.
    public var grant: Grant { grants.last ?? Grant(number: 0, areas: []) }

    /// The areas of the grant with a number; the present ones where the number is unknown.
    func areas(ofGrant number: UInt64) -> [AreaCode] {
        (grants.first { $0.number == number } ?? grant).areas
    }

    var author: Author { Author(device: id, name: name, department: department) }
}

/// A device that is expected: whoever brings the code becomes it.
public struct Enrolment: Hashable, Sendable {
    /// The hash of the one-time code.
    public var codeHash: [UInt8]
    /// What the device will be called.
    public var name: String
    /// What it may hold.
    public var areas: [AreaCode]
    /// The department that will speak through it; `nil` for a coordinator.
    public var department: String?
    /// When the code stops working, in milliseconds since 1970.
    public var expiresAt: Int64
    /// The device that brought the code; `nil` while it is unused.
    public var usedBy: DeviceID?

    /// An enrolment.
    public init(
        codeHash: [UInt8],
        name: String,
        areas: [AreaCode],
        department: String? = nil,
        expiresAt: Int64,
        usedBy: DeviceID? = nil
    ) {
        self.codeHash = codeHash
        self.name = name
        self.areas = areas
        self.department = department
        self.expiresAt = expiresAt
        self.usedBy = usedBy
    }
}

/// An accepted change in the history: what came, and what became of it.
public struct StoredChange: Hashable, Sendable {
    /// The device that sent it.
    public var device: DeviceID
    /// Its number among the device's.
    public var sequence: SequenceNumber
    /// The record concerned; `nil` where the payload does not tell.
    public var record: RecordID?
    /// The bytes as they came.
    public var payload: [UInt8]
    /// The SHA-256 of the payload, which stays when the payload is redacted.
    public var hash: [UInt8]
    /// What became of it.
    public var outcome: Outcome
    /// When it came, in milliseconds since 1970.
    public var receivedAt: Int64
    /// The epoch in which it was accepted.
    public var epoch: Epoch

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
