public import SyncProtocol

/// Where a device keeps what it holds and what it has not yet given away: a promise.
///
/// One transaction is one synchronous closure. What a `write` did survives a kill at any instruction,
/// whole or not at all; a closure that throws leaves nothing behind.
public protocol LocalStore: Sendable {
    /// Runs a closure alone, and commits what it did.
    func write<R: Sendable>(
        _ body: @escaping @Sendable (any LocalTransaction) throws -> R
    ) async throws -> R

    /// Runs a closure on one consistent state.
    func read<R: Sendable>(
        _ body: @escaping @Sendable (any LocalReader) throws -> R
    ) async throws -> R

    /// Sees to it that what was redacted does not linger where no transaction reads it: in logs, in free
    /// pages.
    func scrub() async throws
}

/// What can be read on the device.
public protocol LocalReader {
    /// Who this device is; `nil` before it was enrolled.
    func profile() throws -> DeviceProfile?
    /// The seed of the key with which an enrolment was begun; `nil` where none was.
    func enrolmentSeed() throws -> [UInt8]?
    /// A record as the device holds it.
    func record(_ id: RecordID) throws -> LocalRecord?
    /// Records whose id begins with these hexadecimal digits, two at most.
    func records(withPrefix digits: String) throws -> [LocalRecord]
    /// Visible records of a type, in the order of their titles.
    func records(
        ofType type: UInt32,
        in area: AreaCode?,
        offset: Int,
        limit: Int
    ) throws -> [LocalRecord]
    /// Visible records in whose searchable text all of these words occur.
    func search(_ words: [String], limit: Int) throws -> [LocalRecord]
    /// Visible records by type's number.
    func counts() throws -> [UInt32: Int]

    /// The changes that still lie over a record, in order.
    func overlay(of id: RecordID) throws -> [OutboxEntry]
    /// Unanswered changes from a number on, in order.
    func unanswered(limit: Int) throws -> [OutboxEntry]
    /// The change with a number, answered or not.
    func change(_ sequence: SequenceNumber) throws -> OutboxEntry?
    /// The last change, answered or not.
    func lastChange() throws -> OutboxEntry?
    /// The last of its changes whose bytes are here no more; 0 where all are.
    func lastForgotten() throws -> SequenceNumber
    /// Changes that the server returned.
    func returned() throws -> [OutboxEntry]
    /// How many changes wait for an answer.
    func unansweredCount() throws -> Int

    /// How far each area was read.
    func bookmarks() throws -> [Bookmark]
    /// Those for which no token of the server stands [F-11].
    func bookmarksToShow() throws -> [Bookmark]
    /// The open conflicts of a record, each the bytes of a `Conflict` message.
    func conflicts(of id: RecordID) throws -> [[UInt8]]
    /// Every open conflict among what the device holds, each the bytes of a `Conflict` message.
    func conflicts() throws -> [[UInt8]]
    /// The records that were found to be this one, as far as this device knows.
    func redirects(to id: RecordID) throws -> [LocalRecord]
    /// What people decided about this device's returned changes, the latest first.
    func settlements(limit: Int) throws -> [Settlement]
    /// The last receipt of the server.
    func lastReceipt() throws -> SyncReceipt?
    /// The last receipt of each epoch.
    func receipts() throws -> [SyncReceipt]
    /// What stands in each area that has anything [G-01].
    func digests() throws -> [AreaCode: AreaDigest]
    /// What stands in an area, as far as the ids end with some digits, each with its mark; none where its
    /// row is damaged, or a tombstone.
    func marks(in area: AreaCode, endingWith digits: String) throws -> [RecordID: UInt128?]
    /// Copies that are kept aside.
    func salvaged() throws -> [Salvage]
    /// Records of which the server last spoke in an earlier epoch than this.
    func records(before epoch: Epoch) throws -> [LocalRecord]
    /// Records that the server gave, that stand nowhere, and that no change needs.
    func strays() throws -> [RecordID]
    /// Of some ids those of which nothing here speaks: no record, no placement, no change that lies over one, and no
    /// record that was found to be one of them.
    func unheard(_ ids: [RecordID]) throws -> Set<RecordID>
    /// Records that accepted changes of this device made, that the server never gave, and that no other change needs.
    func unplaced() throws -> [RecordID]
    /// How many conflicts are open among what the device holds.
    func conflictCount() throws -> Int
    /// What is left of a device that was revoked; `nil` where nothing is, or none was.
    func keptOutbox() throws -> KeptOutbox?
    /// Of what is kept under seal, the first part behind a number, delivered or not; `nil` where there is none.
    func keptPart(after number: Int) throws -> SealedPart?
    /// Whether a row of a ledger was imported before, by the hash of its content.
    func wasImported(_ hash: [UInt8]) throws -> Bool
}

/// What can be done on the device in a transaction.
public protocol LocalTransaction: LocalReader {
    /// Keeps the key with which an enrolment begins, so that a lost answer can be asked for again.
    func save(enrolmentSeed: [UInt8]) throws
    /// Keeps who this device is.
    func save(_ profile: DeviceProfile) throws
    /// Keeps a record; where it stands is kept by `place` and `displace`.
    func save(_ record: LocalRecord) throws
    /// Notes that a record stands in an area, and its mark there; `nil` of a tombstone.
    ///
    /// `isKept` tells whether the device keeps the record itself: not one of a type that it does not know.
    func place(_ id: RecordID, in area: AreaCode, mark: UInt128?, isKept: Bool) throws
    /// Keeps unheard-of records in the only area where they stand so far, as `save`, `place` and `set(conflicts:)` would
    /// one by one.
    func admit(_ arrivals: [Arrival], to area: AreaCode) throws
    /// Notes that a record stands in an area no longer.
    func displace(_ id: RecordID, from area: AreaCode) throws
    /// Erases a record, its placements, its conflicts and what lay over it; answered changes stay in the outbox.
    func erase(_ id: RecordID) throws
    /// Erases everything, who this device is included; what is kept takes its place.
    func eraseEverything(keeping outbox: KeptOutbox?, _ parts: [SealedPart]) throws
    /// Notes that the server has signed for a part of what is kept under seal. With the last one all are forgotten, and
    /// none before: a server that is restored in between lacks them again.
    func noteDelivery(ofKeptPart number: Int) throws
    /// Notes that every part of what is kept under seal has to be delivered again.
    func redeliverKeptParts() throws
    /// Forgets what is kept under seal; that the device was revoked, stays.
    func forgetKeptParts() throws
    /// Adds a change to the outbox.
    func append(_ entry: OutboxEntry) throws
    /// Notes the server's answer to a change, given in an epoch.
    func answer(_ outcome: Outcome, in epoch: Epoch) throws
    /// Counts the answered changes above a number as unanswered again; their answers were given in
    /// an epoch, where they name no other.
    ///
    /// Returns the records concerned.
    func reopen(after sequence: SequenceNumber, answeredIn epoch: Epoch) throws -> [RecordID]
    /// Forgets the bytes of answered changes up to a number that nothing here needs any more.
    func trim(upTo sequence: SequenceNumber) throws
    /// Keeps a copy aside, unless a later one of the record is.
    func save(_ salvage: Salvage) throws
    /// Forgets the copies that are kept aside.
    func forgetSalvage() throws
    /// Counts what stands in each area from the rows themselves; a row that cannot be read counts for nothing
    /// and is emptied, its unsent changes stay.
    ///
    /// Returns how many rows were not as they were counted.
    func recount(_ mark: (RecordID, Revision, [UInt8]) -> UInt128) throws -> Int
    /// Checks the file itself; returns what is wrong with it, in the database's words.
    func checkFile() throws -> [String]
    /// Takes answered changes off a record that has arrived at a revision.
    func settle(_ id: RecordID, at revision: Revision) throws
    /// Takes a returned change off its record: a later change says what it said.
    func settleReturned(_ sequence: SequenceNumber) throws
    /// Notes which fields of a returned change a later one says.
    func note(overtaken fields: [UInt32], of sequence: SequenceNumber) throws
    /// Keeps what somebody decided about a returned change.
    func save(_ settlement: Settlement) throws
    /// Keeps how far an area was read.
    func save(_ bookmark: Bookmark) throws
    /// Notes that a token stands for every bookmark that was read up to its floor, as it is now.
    func noteBookmarksShown() throws
    /// Puts every bookmark back to the start; sweeps that were under way are off.
    func forgetBookmarks() throws
    /// Forgets an area's bookmark.
    func forgetBookmark(of area: AreaCode) throws
    /// Puts a record's open conflicts in place of those known.
    func set(conflicts: [[UInt8]], of id: RecordID) throws
    /// Notes that a row of a ledger was imported.
    func noteImported(_ hash: [UInt8]) throws
    /// Keeps a receipt of the server: of each epoch the one for the most changes.
    func save(_ receipt: SyncReceipt) throws
    /// Forgets receipts for more changes than a number.
    func dropReceipts(above sequence: SequenceNumber) throws
    /// Forgets what the answered changes of a record said, and where asked for what was returned; that they were made
    /// stays.
    func redactAnswered(of id: RecordID, withReturned: Bool) throws
    /// Begins to read an area anew: what is not placed there again by `endSweep` has gone [F-08].
    func beginSweep(of area: AreaCode) throws
    /// The records that were not placed in an area again since its sweep began, if one did.
    func endSweep(of area: AreaCode) throws -> [RecordID]
    /// The records that stand in an area.
    func records(standingIn area: AreaCode) throws -> [LocalRecord]
    /// The areas in which any record stands.
    func placedAreas() throws -> [AreaCode]
}
