import Foundation
import StoreSQLite
import Synchronization
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

/// A clock that stands still until a story moves it.
final class TestClock: Sendable {
    private let time = Mutex<Int64>(1_767_268_800_000)

    /// In milliseconds since 1970.
    var now: Int64 { time.withLock { $0 } }

    func advance(by milliseconds: Int64) { time.withLock { $0 += milliseconds } }
}

/// A server on an empty store, and the devices that a story enrols with it.
struct World: Sendable {
    let store: SQLiteStore
    let identity: ServerIdentity
    /// The epoch in which the story begins.
    let epoch: Epoch
    let service: SyncService
    let clock: TestClock

    /// Tells a story of a new server, then checks what every story must leave behind.
    static func run<Result>(
        rules: any RecordRules = SchemaRules(),
        limits: Limits = Limits(),
        _ story: (World) async throws -> Result
    ) async throws -> Result {
        try await create(
            in: FileManager.default.temporaryDirectory,
            rules: rules,
            limits: limits
        ) { world in
            let result = try await story(world)
            try await world.checkFeeds()
            return result
        }
    }

    /// Tells one of very many stories of a new server: in memory, where there is a file system in memory.
    static func runInMemory<Result>(
        _ story: (World) async throws -> Result
    ) async throws -> Result {
        let memory = URL(fileURLWithPath: "/dev/shm")
        let isThere = FileManager.default.isWritableFile(atPath: memory.path)
        return try await create(
            in: isThere ? memory : FileManager.default.temporaryDirectory,
            rules: SchemaRules(),
            limits: Limits(),
            story
        )
    }

    private static func create<Result>(
        in parent: URL,
        rules: any RecordRules,
        limits: Limits,
        _ story: (World) async throws -> Result
    ) async throws -> Result {
        let folder = parent.appending(path: "world-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let clock = TestClock()
        let store = try SQLiteStore(folder: folder)
        let identity = try await ServerIdentity.kept(in: store, at: clock.now)
        let service = SyncService(
            store: store,
            identity: identity,
            rules: rules,
            limits: limits,
            clock: { clock.now }
        )
        return try await story(
            World(
                store: store,
                identity: identity,
                epoch: try await store.read { try $0.epoch() },
                service: service,
                clock: clock
            )
        )
    }

    /// Expects a device and enrols it.
    func device(
        named name: String,
        areas: String...,
        department: String? = nil,
        role: Role = .coordinator
    ) async throws -> TestDevice {
        let key = SigningKey()
        let expected = try await service.expectDevice(
            named: name,
            areas: areas.map { area($0) },
            department: department,
            role: role
        )
        let answer = try await service.enrol(
            EnrolmentRequest(
                code: expected.code.description,
                publicKey: key.publicKey.bytes,
                software: "test/1"
            )
        )
        return TestDevice(world: self, key: key, enrolled: answer)
    }

    /// Gives a device its next grant, as an operator does.
    func assign(_ id: DeviceID, areas: String...) async throws {
        let areas = areas.map { area($0) }
        try await store.write { transaction in
            guard var device = try transaction.device(id) else { return }
            device.grants.append(Grant(number: device.grant.number + 1, areas: areas))
            try transaction.save(device)
        }
    }

    /// What the server knows of a device.
    func stored(_ id: DeviceID) async throws -> StoredDevice {
        let device = try await store.read { try $0.device(id) }
        return try #require(device)
    }

    /// A record as the server keeps it.
    func record(_ id: RecordID) async throws -> StoredRecord? {
        try await store.read { try $0.records([id])[id] }
    }

    /// A record that the server must have.
    func known(_ id: RecordID) async throws -> StoredRecord {
        let found = try await record(id)
        return try #require(found)
    }

    /// The codes of the areas in which a record stands.
    func areas(of id: RecordID) async throws -> [String] {
        try await record(id)?.placements.map(\.area.rawValue) ?? []
    }

    /// The same for several records.
    func areas(ofEach ids: RecordID...) async throws -> [[String]] {
        var areas: [[String]] = []
        for id in ids { areas.append(try await self.areas(of: id)) }
        return areas
    }

    /// What a device's holder may see and do.
    func principal(_ device: TestDevice) async throws -> Principal {
        Principal(try await stored(device.id))
    }

    /// Whoever sits at the server.
    let clerk = Principal(operatorNamed: "运维")

    /// Every conflict of a record, the oldest first.
    func conflicts(of id: RecordID, openOnly: Bool = false) async throws -> [ConflictEntry] {
        try await store.read { try $0.conflicts(of: id, openOnly: openOnly) }
    }

    /// Everything in quarantine about which nothing was decided.
    func returned() async throws -> [ReturnedChange] {
        try await store.read { try $0.returned(after: 0, unsettledOnly: true, limit: 1_000) }
    }

    /// The open conflicts of a record, each split into its fields.
    func openConflicts(of id: RecordID) async throws -> [FieldMap] {
        let entries = try await store.read { try $0.conflicts(of: id, openOnly: true) }
        return try entries.map { try FieldMap($0.encoded) }
    }

    // Each feed holds exactly what stands in its area, each record once.
    private func checkFeeds() async throws {
        struct Stand: Hashable, Sendable {
            var id: RecordID
            var place: Placement
        }
        let (standing, feeds) = try await store.read { transaction in
            let records = try transaction.records(ofType: nil, after: nil, limit: 10_000)
            let standing = records.flatMap { record in
                record.placements.map { Stand(id: record.state.id, place: $0) }
            }
            var feeds: [Stand] = []
            for feed in try transaction.heads(under: [area("33")]) {
                let town = feed.area
                try transaction.feed(of: town, after: .start) { entry in
                    #expect(entry.position <= feed.head)
                    if case .record(let copy, _) = entry.content {
                        let place = Placement(area: town, position: entry.position)
                        feeds.append(Stand(id: copy.id, place: place))
                    }
                    return true
                }
            }
            return (standing, feeds)
        }
        #expect(Set(feeds) == Set(standing))
        #expect(feeds.count == standing.count)
    }
}

/// The error that something ends with; `nil` where it does not.
func refusal<Result>(of body: () async throws -> Result) async throws -> SyncError? {
    do {
        _ = try await body()
        return nil
    } catch let error as SyncError {
        return error
    }
}
