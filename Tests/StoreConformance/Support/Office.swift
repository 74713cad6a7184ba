import Synchronization
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

/// A service on a store, and the devices of its coordinators: what is promised of areas holds on every store.
struct Office: Sendable {
    let store: any Store
    let service: SyncService
    let clerk = Principal(operatorNamed: "运维")

    /// Tells a story of an empty store; afterwards every sum and every feed is as it must be.
    static func run(in kind: StoreKind, _ story: (Office) async throws -> Void) async throws {
        try await kind.withStore { store, _ in
            let office = try await Office(on: store)
            try await story(office)
            let report = try await office.service.checkHoldings(for: office.clerk)
            #expect(report.flaws.isEmpty, "\(report.flaws)")
        }
    }

    init(on store: any Store) async throws {
        self.store = store
        service = SyncService(
            store: store,
            identity: try await ServerIdentity.kept(in: store, at: Sample.noon),
            rules: SchemaRules(),
            clock: { Sample.noon }
        )
    }

    /// Enrols a device.
    func hand(_ name: String, _ areas: String..., role: Role = .coordinator) async throws -> Hand {
        let expected = try await service.expectDevice(
            named: name,
            areas: areas.map(Sample.area),
            role: role
        )
        return try await enrol(expected.code)
    }

    /// Enrols whoever brings a code.
    func enrol(_ code: OneTimeCode) async throws -> Hand {
        let answer = try await service.enrol(
            EnrolmentRequest(
                code: code.description,
                publicKey: SigningKey().publicKey.bytes,
                software: "test/1"
            )
        )
        return Hand(office: self, id: answer.device, grant: answer.grant, epoch: answer.epoch)
    }

    /// Where some records stand.
    func areas(of ids: RecordID...) async throws -> [[String]] {
        let found = try await store.read { try $0.records(ids) }
        return ids.map { found[$0]?.placements.map(\.area.rawValue) ?? [] }
    }

    func record(_ id: RecordID) async throws -> RecordState {
        let found = try await store.read { try $0.records([id])[id]?.state }
        return try #require(found)
    }

    func device(_ id: DeviceID) async throws -> StoredDevice {
        let found = try await store.read { try $0.device(id) }
        return try #require(found)
    }

    /// What was done to the map, and how it went.
    @discardableResult
    func change(
        _ kind: AreaChange.Kind,
        _ from: [String],
        to: [String],
        putting: [RecordID: String] = [:]
    ) async throws -> AreaPlan {
        try await service.change(
            map: Self.change(kind, from, to: to),
            directing: putting.mapValues(Sample.area),
            for: clerk
        )
    }

    static func change(_ kind: AreaChange.Kind, _ from: [String], to: [String]) -> AreaChange {
        AreaChange(
            kind,
            from.map(Sample.area),
            to: to.map(Sample.area),
            by: "运维",
            reason: "民政发〔2026〕3号",
            at: Sample.noon
        )
    }
}

/// A device: it numbers its changes, and holds what it read.
struct Hand: Sendable {
    let office: Office
    let id: DeviceID
    /// The grant that it knows.
    var grant: Grant
    let epoch: Epoch
    private var sent: UInt64 = 0
    private var bookmarks: [AreaCode: Bookmark] = [:]
    private var places: [RecordID: Set<AreaCode>] = [:]

    init(office: Office, id: DeviceID, grant: Grant, epoch: Epoch) {
        (self.office, self.id, self.grant, self.epoch) = (office, id, grant, epoch)
    }

    /// The records that it holds.
    var held: Set<RecordID> { Set(places.keys) }

    var areas: [String] { grant.areas.map(\.rawValue) }

    /// A capture of a new record, or an edit of one that it saw at a revision.
    func change(
        _ id: RecordID,
        _ message: some RecordMessage,
        saw revision: UInt64 = 0
    ) -> Change {
        var change = Change(
            record: id,
            type: type(of: message).recordType.number,
            base: revision == 0
                ? .none : Base(epoch: epoch, revision: Revision(rawValue: revision)),
            observedAt: Sample.noon
        )
        change.fields = message.fieldMap
        change.grant = grant.number
        return change
    }

    /// Sends changes without reading any news, not even of its grant.
    @discardableResult
    mutating func send(_ changes: Change...) async throws -> [Outcome] { try await send(changes) }

    mutating func send(_ changes: [Change]) async throws -> [Outcome] {
        var request = SyncRequest()
        request.epoch = epoch
        request.grant = grant.number
        request.firstSequence = SequenceNumber(rawValue: sent + 1)
        request.payloads = changes.map(\.payload)
        sent += UInt64(changes.count)
        return try await office.service.sync(request, from: id).outcomes
    }

    /// Reads until there is no more; returns what was decided about its returned changes.
    @discardableResult
    mutating func read() async throws -> [Settlement] {
        var settled: [Settlement] = []
        var hasMore = true
        while hasMore {
            var request = SyncRequest()
            request.epoch = epoch
            request.grant = grant.number
            request.bookmarks = bookmarks.values.sorted { $0.area < $1.area }
            let answer = try await office.service.sync(request, from: id)
            if let next = answer.grant {
                grant = next
                for area in bookmarks.keys where !next.areas.cover(area) { leave(area) }
            }
            for page in answer.pages { take(page) }
            settled += answer.settlements
            hasMore = answer.hasMore
        }
        return settled
    }

    private mutating func leave(_ area: AreaCode) {
        bookmarks[area] = nil
        for id in places.keys { remove(id, from: area) }
    }

    private mutating func take(_ page: AreaPage) {
        bookmarks[page.area] = Bookmark(
            area: page.area,
            position: page.position,
            floor: page.floor
        )
        for record in page.records { places[record.id, default: []].insert(page.area) }
        for id in page.departures { remove(id, from: page.area) }
    }

    private mutating func remove(_ id: RecordID, from area: AreaCode) {
        places[id]?.remove(area)
        if places[id]?.isEmpty == true { places[id] = nil }
    }
}

/// A store on which every write from a number on fails, until it is mended.
final class CutStore: Store {
    private let store: any Store
    private let left: Mutex<Int>

    init(_ store: any Store, after writes: Int) {
        self.store = store
        left = Mutex(writes)
    }

    struct Cut: Error {}

    func write<R: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> R
    ) async throws -> R {
        let mayWrite = left.withLock { left in
            left -= 1
            return left >= 0
        }
        guard mayWrite else { throw Cut() }
        return try await store.write(body)
    }

    func read<R: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> R
    ) async throws -> R {
        try await store.read(body)
    }

    var news: News { store.news }

    func listen() async { await store.listen() }

    func scrub() async throws { try await store.scrub() }
}

/// A store in which something happens after the first reading of the records.
final class MeanwhileStore: Store {
    private let store: any Store
    private let happens: @Sendable () async throws -> Void
    private let reads = Mutex(0)

    init(_ store: any Store, _ happens: @escaping @Sendable () async throws -> Void) {
        (self.store, self.happens) = (store, happens)
    }

    func write<R: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> R
    ) async throws -> R {
        try await store.write(body)
    }

    func read<R: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> R
    ) async throws -> R {
        let result = try await store.read(body)
        let count = reads.withLock { count in
            count += 1
            return count
        }
        if count == 1 { try await happens() }
        return result
    }

    var news: News { store.news }

    func listen() async { await store.listen() }

    func scrub() async throws { try await store.scrub() }
}

/// A whole dwelling.
func dwelling(_ address: String = "人民路1号", in town: String) -> Dwelling {
    Dwelling {
        $0.address = address
        $0.area = town
        $0.kind = .rented
    }
}

/// A whole person.
func person(_ name: String, in town: String) -> Person {
    Person {
        $0.name = name
        $0.sex = .female
        $0.documentType = .residentID
        $0.documentNumber = "34011119701005450X"
        $0.capturedIn = [town]
    }
}

/// A whole registration.
func registration(_ person: RecordID, at dwelling: RecordID, in town: String) -> Registration {
    Registration {
        $0.person = person.reference
        $0.dwelling = dwelling.reference
        $0.area = town
        $0.reportedOn = 20_260_410
    }
}

/// A whole visit.
func visit(to dwelling: RecordID) -> Visit {
    Visit {
        $0.dwelling = dwelling.reference
        $0.visitedAt = Sample.noon
    }
}

/// The code of the error that something ends with; `nil` where it does not.
func errorCode<Result>(of body: () async throws -> Result) async throws -> String? {
    do {
        _ = try await body()
        return nil
    } catch let error as SyncError {
        return error.code.rawValue
    }
}
