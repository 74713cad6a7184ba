internal import SyncProtocol
internal import SyncServer

/// A transaction of the server that passes everything on, but for what it overrides.
protocol ForwardingStoreTransaction: StoreTransaction {
    /// What does the work.
    var base: any StoreTransaction { get }
}

extension ForwardingStoreTransaction {
    func setting(_ key: Setting) throws -> [UInt8]? {
        try base.setting(key)
    }

    func device(_ id: DeviceID) throws -> StoredDevice? {
        try base.device(id)
    }

    func devices() throws -> [StoredDevice] {
        try base.devices()
    }

    func enrolment(codeHash: [UInt8]) throws -> Enrolment? {
        try base.enrolment(codeHash: codeHash)
    }

    func records(_ ids: some Collection<RecordID>) throws -> [RecordID: StoredRecord] {
        try base.records(ids)
    }

    func referrers(of ids: some Collection<RecordID>) throws -> [Reference] {
        try base.referrers(of: ids)
    }

    func departures(of id: RecordID) throws -> [AreaCode] {
        try base.departures(of: id)
    }

    func records(ofType type: UInt32?, after id: RecordID?, limit: Int) throws -> [StoredRecord] {
        try base.records(ofType: type, after: id, limit: limit)
    }

    func ids(
        ofType type: UInt32?,
        under areas: [AreaCode],
        after id: RecordID?
    ) throws -> [RecordID] {
        try base.ids(ofType: type, under: areas, after: id)
    }

    func changes(
        of device: DeviceID,
        in range: ClosedRange<SequenceNumber>
    ) throws -> [StoredChange] {
        try base.changes(of: device, in: range)
    }

    func quarantinedCreations(among ids: some Collection<RecordID>) throws -> Set<RecordID> {
        try base.quarantinedCreations(among: ids)
    }

    func steps(of id: RecordID) throws -> [StoredStep] {
        try base.steps(of: id)
    }

    func conflicts(of id: RecordID, openOnly: Bool) throws -> [ConflictEntry] {
        try base.conflicts(of: id, openOnly: openOnly)
    }

    func conflicts(about id: RecordID) throws -> [ConflictEntry] {
        try base.conflicts(about: id)
    }

    func conflict(_ id: UInt64) throws -> ConflictEntry? {
        try base.conflict(id)
    }

    func oldestOpenConflict() throws -> ConflictEntry? { try base.oldestOpenConflict() }

    func openConflicts(after rank: ConflictRank?, limit: Int) throws -> [ConflictEntry] {
        try base.openConflicts(after: rank, limit: limit)
    }

    func returned(_ id: UInt64) throws -> ReturnedChange? {
        try base.returned(id)
    }

    func returned(_ sequence: SequenceNumber, of device: DeviceID) throws -> ReturnedChange? {
        try base.returned(sequence, of: device)
    }

    func returned(of device: DeviceID, to record: RecordID) throws -> [ReturnedChange] {
        try base.returned(of: device, to: record)
    }

    func returned(after id: UInt64, unsettledOnly: Bool, limit: Int) throws -> [ReturnedChange] {
        try base.returned(after: id, unsettledOnly: unsettledOnly, limit: limit)
    }

    func settlements(of device: DeviceID, after number: UInt64) throws -> [Settlement] {
        try base.settlements(of: device, after: number)
    }

    func redirects(to id: RecordID) throws -> [RecordID] {
        try base.redirects(to: id)
    }

    func followers(of id: RecordID) throws -> [Reference] {
        try base.followers(of: id)
    }

    func heads(under areas: [AreaCode]) throws -> [AreaHead] {
        try base.heads(under: areas)
    }

    func readings(of area: AreaCode) throws -> [DeviceID: Position] {
        try base.readings(of: area)
    }

    func feed(
        of area: AreaCode,
        after position: Position,
        _ visit: (FeedEntry) throws -> Bool
    ) throws {
        try base.feed(of: area, after: position, visit)
    }

    func lastAccess() throws -> StoredAccess? { try base.lastAccess() }

    func accesses(after number: UInt64, limit: Int) throws -> [StoredAccess] {
        try base.accesses(after: number, limit: limit)
    }

    func append(_ access: StoredAccess) throws { try base.append(access) }

    func removeAccesses(through number: UInt64) throws {
        try base.removeAccesses(through: number)
    }

    func counts() throws -> Counts {
        try base.counts()
    }

    func rows(
        of table: ArchiveTable,
        after key: [ArchivedValue]?,
        limit: Int
    ) throws -> ArchivePage {
        try base.rows(of: table, after: key, limit: limit)
    }

    func rows(
        of table: ArchiveTable,
        where column: String,
        isOneOf values: [ArchivedValue]
    ) throws -> [[ArchivedValue]] {
        try base.rows(of: table, where: column, isOneOf: values)
    }

    func set(_ value: [UInt8], for key: Setting) throws {
        try base.set(value, for: key)
    }

    func save(_ device: StoredDevice) throws {
        try base.save(device)
    }

    func save(_ enrolment: Enrolment) throws {
        try base.save(enrolment)
    }

    func save(_ records: [RecordWrite]) throws {
        try base.save(records)
    }

    func append(_ change: StoredChange, effects: [StoredEffect]) throws -> UInt64 {
        try base.append(change, effects: effects)
    }

    func redactHistory(of id: RecordID, _ redacted: ([UInt8]) -> [UInt8]) throws {
        try base.redactHistory(of: id, redacted)
    }

    func save(_ conflict: ConflictEntry) throws -> UInt64 {
        try base.save(conflict)
    }

    func settle(_ id: UInt64, by settlement: Settlement) throws {
        try base.settle(id, by: settlement)
    }

    func note(follower: Reference) throws {
        try base.note(follower: follower)
    }

    func forgetFollowers(of id: RecordID) throws {
        try base.forgetFollowers(of: id)
    }

    func note(readings: [Bookmark], of device: DeviceID) throws {
        try base.note(readings: readings, of: device)
    }

    func prune(_ area: AreaCode, upTo position: Position, goneBefore time: Int64) throws -> Int {
        try base.prune(area, upTo: position, goneBefore: time)
    }

    func takePositions(in area: AreaCode, count: Int) throws -> Position {
        try base.takePositions(in: area, count: count)
    }

    func put(_ move: FeedMove) throws {
        try base.put(move)
    }

    func add(_ change: AreaDigest, to area: AreaCode) throws {
        try base.add(change, to: area)
    }

    func set(_ digest: AreaDigest, of area: AreaCode) throws {
        try base.set(digest, of: area)
    }
}
