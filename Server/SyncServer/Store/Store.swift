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

    /// Whether writers go side by side: then nobody has to wait for another one's commit, or share it.
    var hasManyWriters: Bool { get }

    /// Begins to commit groups of closures, group after group, until `next` has none; it may return before any is.
    ///
    /// `next` is asked once the group before has been told. A group's closures run one after the other, each seeing
    /// what those before it did, with one wait for the disk where the store can.
    /// Each has its own result: one that throws leaves nothing behind and takes no other with it. All that
    /// succeeded is durable when the group is told. A closure may be run more than once; what counts is its last run.
    /// Who else writes, here or in another process, has their turn between groups, however many there are.
    func commit(_ next: @escaping @Sendable () -> CommitGroup?)

    /// Runs a closure on one consistent state, beside other readers and the writer.
    func read<R: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> R
    ) async throws -> R

    /// Who waits for what is committed here: every commit tells them, once it is durable.
    var news: News { get }

    /// Hears what other processes commit to the same data, and tells those who wait, until the task is
    /// cancelled.
    func listen() async

    /// Sees to it that what was redacted does not linger where no transaction reads it: in logs, in free
    /// pages.
    func scrub() async throws
}

extension Store {
    /// One writer at a time.
    public var hasManyWriters: Bool { false }

    /// Commits each closure by itself.
    public func commit(_ next: @escaping @Sendable () -> CommitGroup?) {
        Task {
            while let group = next() {
                var results: [Result<Void, any Error>] = []
                for body in group.bodies {
                    do {
                        results.append(.success(try await write(body)))
                    } catch {
                        results.append(.failure(error))
                    }
                }
                group.done(results)
            }
        }
    }
}

/// Closures that may share a commit, and who is told what became of each.
public struct CommitGroup: Sendable {
    /// What is done in a transaction.
    public typealias Body = @Sendable (any StoreTransaction) throws -> Void

    /// At least one, in their order.
    public let bodies: [Body]
    /// Takes the results, one of each closure in their order, once.
    public let done: @Sendable ([Result<Void, any Error>]) -> Void

    /// A group.
    public init(bodies: [Body], done: @escaping @Sendable ([Result<Void, any Error>]) -> Void) {
        (self.bodies, self.done) = (bodies, done)
    }
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
    /// The ids above one, in their order, of the live records that stand in some areas or below them; of one type, or
    /// of all.
    func ids(
        ofType type: UInt32?,
        under areas: [AreaCode],
        after id: RecordID?
    ) throws -> [RecordID]

    /// A device's changes by number, as far as there are any.
    func changes(
        of device: DeviceID,
        in range: ClosedRange<SequenceNumber>
    ) throws -> [StoredChange]
    /// Of these records, those that are known only from a creation in quarantine.
    func quarantinedCreations(among ids: some Collection<RecordID>) throws -> Set<RecordID>
    /// What happened to a record, the oldest step first: changes of its own, and those made on records
    /// that point to it.
    func steps(of id: RecordID) throws -> [StoredStep]

    /// Every conflict of a record, the oldest first.
    func conflicts(of id: RecordID, openOnly: Bool) throws -> [ConflictEntry]
    /// Every conflict of a record, and those that it brought to others to which it pointed.
    func conflicts(about id: RecordID) throws -> [ConflictEntry]
    /// A conflict by its number.
    func conflict(_ id: UInt64) throws -> ConflictEntry?
    /// Open conflicts behind a rank, the first ranks first [C-05].
    func openConflicts(after rank: ConflictRank?, limit: Int) throws -> [ConflictEntry]
    /// The open conflict that came up first; `nil` where none is open.
    func oldestOpenConflict() throws -> ConflictEntry?

    /// A change in quarantine by its number in the history.
    func returned(_ id: UInt64) throws -> ReturnedChange?
    /// A device's change in quarantine.
    func returned(_ sequence: SequenceNumber, of device: DeviceID) throws -> ReturnedChange?
    /// A device's changes to a record in quarantine about which nothing was decided.
    func returned(of device: DeviceID, to record: RecordID) throws -> [ReturnedChange]
    /// Changes in quarantine with a number above one, in the order of their numbers; those about which
    /// nothing was decided, or all.
    func returned(
        after id: UInt64,
        unsettledOnly: Bool,
        limit: Int
    ) throws -> [ReturnedChange]
    /// What was decided about a device's changes since a number.
    func settlements(of device: DeviceID, after number: UInt64) throws -> [Settlement]

    /// The records that point to one.
    func redirects(to id: RecordID) throws -> [RecordID]
    /// What was made to follow a redirect of a record.
    func followers(of id: RecordID) throws -> [Reference]

    /// The feeds of every area that one of these contains, in the order of their codes.
    func heads(under areas: [AreaCode]) throws -> [AreaHead]
    /// How far each device has read an area, as far as it has said so.
    func readings(of area: AreaCode) throws -> [DeviceID: Position]
    /// Walks an area's feed from above a position, in order, until the closure has had enough.
    func feed(
        of area: AreaCode,
        after position: Position,
        _ visit: (FeedEntry) throws -> Bool
    ) throws

    /// The last entry of the log of who read what; whoever writes holds the log until the transaction ends.
    func lastAccess() throws -> StoredAccess?
    /// Entries of that log with a number above one, in the order of their numbers.
    func accesses(after number: UInt64, limit: Int) throws -> [StoredAccess]

    /// How much there is of everything.
    func counts() throws -> Counts

    /// Rows of a table as they stand behind a key, in the order of the key: nothing is read into them, and none
    /// is left out because what it names is not there.
    func rows(
        of table: ArchiveTable,
        after key: [ArchivedValue]?,
        limit: Int
    ) throws -> ArchivePage
    /// The rows of a table, as they stand, of which a column is one of some values.
    func rows(
        of table: ArchiveTable,
        where column: String,
        isOneOf values: [ArchivedValue]
    ) throws -> [[ArchivedValue]]
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
    /// Adds an accepted change to the history, and what it did to records that its own points to.
    ///
    /// Returns the change's number in the history.
    @discardableResult
    func append(_ change: StoredChange, effects: [StoredEffect]) throws -> UInt64
    /// Puts other bytes in the place of every payload of a record, and forgets what was before: of this
    /// record, and of others from its first change that reached them on. Reasons of what was decided
    /// about its returned changes go, too.
    ///
    /// The closure is given each payload and returns what may stay of it; the hash stays as it was.
    func redactHistory(of id: RecordID, _ redacted: ([UInt8]) -> [UInt8]) throws
    /// Adds a conflict, or puts it in the place of what was known under its number.
    ///
    /// Returns its number.
    @discardableResult
    func save(_ conflict: ConflictEntry) throws -> UInt64
    /// Notes what was decided about a change in quarantine; the settlement's number is given here.
    func settle(_ id: UInt64, by settlement: Settlement) throws
    /// Notes that a reference was made to follow the redirect of a record.
    func note(follower: Reference) throws
    /// Forgets what followed the redirect of a record.
    func forgetFollowers(of id: RecordID) throws
    /// Notes how far a device has read its areas.
    func note(readings: [Bookmark], of device: DeviceID) throws
    /// Takes tombstones and departures out of a feed: those that have been there since before a time, up
    /// to a position.
    ///
    /// Returns how many.
    func prune(_ area: AreaCode, upTo position: Position, goneBefore time: Int64) throws -> Int

    /// Adds an entry to the log of who read what.
    func append(_ access: StoredAccess) throws
    /// Removes the entries of that log up to a number.
    func removeAccesses(through number: UInt64) throws

    /// Takes the next positions of an area.
    ///
    /// Returns the first of `count`. They are given in commit order: whoever takes them holds the
    /// area until the transaction ends.
    func takePositions(in area: AreaCode, count: Int) throws -> Position
    /// Puts a record, or its departure, at a position, instead of where it stood in that area.
    func put(_ move: FeedMove) throws
    /// Adds to what stands in an area that has a feed [G-01].
    func add(_ change: AreaDigest, to area: AreaCode) throws
    /// Keeps what stands in an area that has a feed.
    func set(_ digest: AreaDigest, of area: AreaCode) throws
}

/// A name under which a deployment keeps a value.
public enum Setting: String, Sendable {
    /// The epoch, as eight bytes, the highest first.
    case epoch
    /// Every epoch and how it began, in JSON.
    case epochLog = "epoch_log"
    /// The seed of the server's Ed25519 key.
    case serverKey = "server_key"
    /// The key for derived ids.
    case identityKey = "identity_key"
    /// What was done to the map of areas, in JSON [P-05].
    case areaMap = "area_map"
    /// Whose open work was given to whom, in JSON [O-01].
    case handovers
    /// Which device a code that was given out replaces, in JSON [O-03].
    case replacements
    /// Which device a code that was given out re-keys, in JSON.
    case rekeys
    /// When the last backup was begun, in milliseconds since 1970, as text: the backup has it, too.
    case backupBegan = "backup_began"
    /// The last backup that was verified: when it was begun, in milliseconds since 1970, as text.
    case backupVerified = "backup_verified"
    /// The address under which devices reach the server, as text.
    case publicURL = "public_url"
    /// What devices pin of the server's certificate, as text; empty where it serves without TLS.
    case tlsPin = "tls_pin"
    /// The key of the certificate that the server made itself, in PEM: a backup has it, too.
    case tlsKey = "tls_key"
    /// The key of which devices are told before it is used, in PEM; empty where there is none.
    case tlsNextKey = "tls_next_key"
    /// What devices are told of these, signed: the bytes of an `Announcement`.
    case announcement
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
    /// Changes in quarantine about which nothing was decided yet.
    public var quarantined = 0
    /// Changes in quarantine that were mended or discarded.
    public var settled = 0
    /// Enrolled devices.
    public var devices = 0
    /// Areas with a feed.
    public var areas = 0

    /// Nothing at all.
    public init() {}
}
