internal import SyncClient
internal import SyncProtocol

/// A transaction of a device that passes everything on, but for what it overrides.
protocol ForwardingLocalTransaction: LocalTransaction {
    /// What does the work.
    var base: any LocalTransaction { get }
}

extension ForwardingLocalTransaction {
    func profile() throws -> DeviceProfile? {
        try base.profile()
    }

    func keptOutbox() throws -> KeptOutbox? { try base.keptOutbox() }

    func keptPart(after number: Int) throws -> SealedPart? { try base.keptPart(after: number) }

    func eraseEverything(keeping outbox: KeptOutbox?, _ parts: [SealedPart]) throws {
        try base.eraseEverything(keeping: outbox, parts)
    }

    func noteDelivery(ofKeptPart number: Int) throws {
        try base.noteDelivery(ofKeptPart: number)
    }

    func redeliverKeptParts() throws { try base.redeliverKeptParts() }

    func forgetKeptParts() throws { try base.forgetKeptParts() }

    func unheard(_ ids: [RecordID]) throws -> Set<RecordID> { try base.unheard(ids) }

    // One by one: whatever is planted there befalls these, too.
    func admit(_ arrivals: [Arrival], to area: AreaCode) throws {
        for arrival in arrivals {
            let id = arrival.record.id
            try place(id, in: area, mark: arrival.mark, isKept: true)
            try set(conflicts: arrival.conflicts, of: id)
            try save(arrival.record)
        }
    }

    func enrolmentSeed() throws -> [UInt8]? {
        try base.enrolmentSeed()
    }

    func record(_ id: RecordID) throws -> LocalRecord? {
        try base.record(id)
    }

    func records(withPrefix digits: String) throws -> [LocalRecord] {
        try base.records(withPrefix: digits)
    }

    func records(
        ofType type: UInt32,
        in area: AreaCode?,
        offset: Int,
        limit: Int
    ) throws -> [LocalRecord] {
        try base.records(ofType: type, in: area, offset: offset, limit: limit)
    }

    func search(_ words: [String], limit: Int) throws -> [LocalRecord] {
        try base.search(words, limit: limit)
    }

    func counts() throws -> [UInt32: Int] {
        try base.counts()
    }

    func overlay(of id: RecordID) throws -> [OutboxEntry] {
        try base.overlay(of: id)
    }

    func unanswered(limit: Int) throws -> [OutboxEntry] {
        try base.unanswered(limit: limit)
    }

    func change(_ sequence: SequenceNumber) throws -> OutboxEntry? {
        try base.change(sequence)
    }

    func lastChange() throws -> OutboxEntry? {
        try base.lastChange()
    }

    func lastForgotten() throws -> SequenceNumber {
        try base.lastForgotten()
    }

    func returned() throws -> [OutboxEntry] {
        try base.returned()
    }

    func unansweredCount() throws -> Int {
        try base.unansweredCount()
    }

    func bookmarks() throws -> [Bookmark] {
        try base.bookmarks()
    }

    func bookmarksToShow() throws -> [Bookmark] {
        try base.bookmarksToShow()
    }

    func noteBookmarksShown() throws {
        try base.noteBookmarksShown()
    }

    func conflicts(of id: RecordID) throws -> [[UInt8]] {
        try base.conflicts(of: id)
    }

    func conflicts() throws -> [[UInt8]] {
        try base.conflicts()
    }

    func redirects(to id: RecordID) throws -> [LocalRecord] {
        try base.redirects(to: id)
    }

    func settlements(limit: Int) throws -> [Settlement] {
        try base.settlements(limit: limit)
    }

    func lastReceipt() throws -> SyncReceipt? {
        try base.lastReceipt()
    }

    func receipts() throws -> [SyncReceipt] {
        try base.receipts()
    }

    func digests() throws -> [AreaCode: AreaDigest] {
        try base.digests()
    }

    func marks(in area: AreaCode, endingWith digits: String) throws -> [RecordID: UInt128?] {
        try base.marks(in: area, endingWith: digits)
    }

    func salvaged() throws -> [Salvage] {
        try base.salvaged()
    }

    func records(before epoch: Epoch) throws -> [LocalRecord] {
        try base.records(before: epoch)
    }

    func strays() throws -> [RecordID] {
        try base.strays()
    }

    func unplaced() throws -> [RecordID] {
        try base.unplaced()
    }

    func conflictCount() throws -> Int {
        try base.conflictCount()
    }

    func wasImported(_ hash: [UInt8]) throws -> Bool {
        try base.wasImported(hash)
    }

    func save(enrolmentSeed: [UInt8]) throws {
        try base.save(enrolmentSeed: enrolmentSeed)
    }

    func save(_ profile: DeviceProfile) throws {
        try base.save(profile)
    }

    func save(_ record: LocalRecord) throws {
        try base.save(record)
    }

    func place(_ id: RecordID, in area: AreaCode, mark: UInt128?, isKept: Bool) throws {
        try base.place(id, in: area, mark: mark, isKept: isKept)
    }

    func displace(_ id: RecordID, from area: AreaCode) throws {
        try base.displace(id, from: area)
    }

    func erase(_ id: RecordID) throws {
        try base.erase(id)
    }

    func append(_ entry: OutboxEntry) throws {
        try base.append(entry)
    }

    func answer(_ outcome: Outcome, in epoch: Epoch) throws {
        try base.answer(outcome, in: epoch)
    }

    func reopen(after sequence: SequenceNumber, answeredIn epoch: Epoch) throws -> [RecordID] {
        try base.reopen(after: sequence, answeredIn: epoch)
    }

    func trim(upTo sequence: SequenceNumber) throws {
        try base.trim(upTo: sequence)
    }

    func save(_ salvage: Salvage) throws {
        try base.save(salvage)
    }

    func forgetSalvage() throws {
        try base.forgetSalvage()
    }

    func recount(_ mark: (RecordID, Revision, [UInt8]) -> UInt128) throws -> Int {
        try base.recount(mark)
    }

    func checkFile() throws -> [String] {
        try base.checkFile()
    }

    func settle(_ id: RecordID, at revision: Revision) throws {
        try base.settle(id, at: revision)
    }

    func settleReturned(_ sequence: SequenceNumber) throws {
        try base.settleReturned(sequence)
    }

    func note(overtaken fields: [UInt32], of sequence: SequenceNumber) throws {
        try base.note(overtaken: fields, of: sequence)
    }

    func save(_ settlement: Settlement) throws {
        try base.save(settlement)
    }

    func save(_ bookmark: Bookmark) throws {
        try base.save(bookmark)
    }

    func forgetBookmarks() throws {
        try base.forgetBookmarks()
    }

    func forgetBookmark(of area: AreaCode) throws {
        try base.forgetBookmark(of: area)
    }

    func set(conflicts: [[UInt8]], of id: RecordID) throws {
        try base.set(conflicts: conflicts, of: id)
    }

    func noteImported(_ hash: [UInt8]) throws {
        try base.noteImported(hash)
    }

    func save(_ receipt: SyncReceipt) throws {
        try base.save(receipt)
    }

    func dropReceipts(above sequence: SequenceNumber) throws {
        try base.dropReceipts(above: sequence)
    }

    func redactAnswered(of id: RecordID, withReturned: Bool) throws {
        try base.redactAnswered(of: id, withReturned: withReturned)
    }

    func beginSweep(of area: AreaCode) throws {
        try base.beginSweep(of: area)
    }

    func endSweep(of area: AreaCode) throws -> [RecordID] {
        try base.endSweep(of: area)
    }

    func records(standingIn area: AreaCode) throws -> [LocalRecord] {
        try base.records(standingIn: area)
    }

    func placedAreas() throws -> [AreaCode] {
        try base.placedAreas()
    }
}
