public import SyncProtocol

/// Where a server keeps what it has accepted: a promise that every implementation must keep.
///
/// One transaction is one synchronous closure. What a `write` did is durable when it returns, whole
/// or not at all; a closure that throws leaves nothing behind. The suite in `Tests/StoreConformance`
/// belongs to this promise and runs against every implementation.
public protocol Store: Sendable {
    /// Runs a closure alone among the writers, and commits what it did.
    func write<R: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> R
    ) async throws -> R

    /// Runs a closure on one consistent state, beside other readers and the writer.
    func read<R: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> R
    ) async throws -> R
}

/// What can be read in a transaction.
public protocol StoreReader {
    /// A value that the deployment keeps: an epoch, a key.
    func setting(_ key: Setting) throws -> [UInt8]?

    /// A device; `nil` where it was never enrolled.
    func device(_ id: DeviceID) throws -> StoredDevice?
    /// Every device, in the order of enrolment.
    func devices() throws -> [StoredDevice]
    /// An enrolment by the hash of its code.
    func enrolment(codeHash: [UInt8]) throws -> Enrolment?

    /// The records with these ids, as far as there are any.
    func records(_ ids: some Collection<RecordID>) throws -> [RecordID: StoredRecord]
    /// Who refers to these records, deleted or not.
    func referrers(of ids: some Collection<RecordID>) throws -> [Reference]
    /// The areas that a record has left.
    func departures(of id: RecordID) throws -> [AreaCode]
    /// Records with an id above one, in the order of their ids.
    func records(ofType type: UInt32?, after id: RecordID?, limit: Int) throws -> [StoredRecord]

    /// A device's changes by number, as far as there are any.
    func changes(
        of device: DeviceID,
        in range: ClosedRange<SequenceNumber>
    ) throws -> [StoredChange]
    /// Of these records, those that are known only from a creation in quarantine.
    func quarantinedCreations(among ids: some Collection<RecordID>) throws -> Set<RecordID>
    /// Every conflict of a record, the oldest first; each the bytes of a `Conflict` message.
    func conflicts(of id: RecordID, openOnly: Bool) throws -> [[UInt8]]

    /// The heads of the feeds of every area that one of these contains, in the order of their codes.
    func heads(under areas: [AreaCode]) throws -> [(area: AreaCode, head: Position)]
    /// Walks an area's feed from above a position, in order, until the closure has had enough.
    func feed(
        of area: AreaCode,
        after position: Position,
        _ visit: (FeedEntry) throws -> Bool
    ) throws

    /// How much there is of everything.
    func counts() throws -> Counts
}

/// What can be done in a writing transaction.
public protocol StoreTransaction: StoreReader {
    /// Keeps a value for the deployment.
    func set(_ value: [UInt8], for key: Setting) throws
    /// Keeps a device: new, or in place of what was known of it.
    func save(_ device: StoredDevice) throws
    /// Keeps an enrolment: new, or in place of what was known of it.
    func save(_ enrolment: Enrolment) throws

    /// Keeps records, in the order of their ids.
    func save(_ records: [RecordWrite]) throws
    /// Adds an accepted change to the history.
    func append(_ change: StoredChange) throws
    /// Adds a conflict of a record; the bytes name no id yet.
    func append(
        conflict bytes: [UInt8],
        of id: RecordID,
        device: DeviceID,
        isOpen: Bool
    ) throws

    /// Takes the next positions of an area.
    ///
    /// Returns the first of `count`. They are given in commit order: whoever takes them holds the
    /// area until the transaction ends.
    func takePositions(in area: AreaCode, count: Int) throws -> Position
    /// Puts a record, or its departure, at a position, instead of where it stood in that area.
    func put(_ move: FeedMove) throws
}

/// A name under which a deployment keeps a value.
public enum Setting: String, Sendable {
    /// The epoch, as eight bytes, the highest first.
    case epoch
    /// The seed of the server's Ed25519 key.
    case serverKey = "server_key"
    /// The key for derived ids.
    case identityKey = "identity_key"
    /// The address under which devices reach the server, as text.
    case publicURL = "public_url"
}

/// How much there is of everything.
public struct Counts: Codable, Hashable, Sendable {
    /// Records by type's number, tombstones apart.
    public var records: [UInt32: Int] = [:]
    /// Tombstones.
    public var tombstones = 0
    /// Accepted changes.
    public var changes = 0
    /// Conflicts that a person has to settle.
    public var openConflicts = 0
    /// Conflicts decided by a rule.
    public var decidedConflicts = 0
    /// Changes in quarantine.
    public var quarantined = 0
    /// Enrolled devices.
    public var devices = 0
    /// Areas with a feed.
    public var areas = 0

    /// Nothing at all.
    public init() {}
}
