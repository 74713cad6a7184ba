import Foundation
import GRDB
import LocalSQLite
import StoreSQLite
import SyncClient
import SyncProtocol
import SyncServer
import SyncTrust
import Synchronization

/// A server on an embedded store, and the devices that the operator gave out.
final class World: Sendable {
    let clock: TestClock
    private struct Server: Sendable {
        let folder: TemporaryFolder
        let store: SQLiteStore
        let service: SyncService
    }

    private let rules: any RecordRules
    private let limits: Limits
    private let lease: UInt32
    private let current: Mutex<Server>
    private let clocks: Mutex<[TestClock]>

    /// A world; `rules` and `lease`, in days, are the server's.
    init(
        rules: any RecordRules = SchemaRules(),
        limits: Limits = Limits(),
        lease: UInt32 = 0
    ) async throws {
        let clock = TestClock(at: Sample.noon)
        self.clock = clock
        self.rules = rules
        self.limits = limits
        self.lease = lease
        current = Mutex(try await Self.server(in: TemporaryFolder(), rules, limits, clock))
        clocks = Mutex([clock])
    }

    private static func server(
        in folder: TemporaryFolder,
        _ rules: any RecordRules,
        _ limits: Limits,
        _ clock: TestClock
    ) async throws -> Server {
        let store = try SQLiteStore(folder: folder.url)
        let service = SyncService(
            store: store,
            identity: try await ServerIdentity.kept(in: store, at: clock.now),
            rules: rules,
            limits: limits,
            clock: { clock.now }
        )
        return Server(folder: folder, store: store, service: service)
    }

    var store: SQLiteStore { current.withLock { $0.store } }

    var service: SyncService {
        var service = current.withLock { $0.service }
        service.leaseDays = lease
        return service
    }

    /// Lets time pass for everybody.
    func pass(_ milliseconds: Int64) {
        for clock in clocks.withLock({ $0 }) { clock.advance(by: milliseconds) }
    }

    /// Goes on with the same records as a later incarnation of the database.
    func beginLaterEpoch() async throws {
        let now = clock.now
        try await store.write { _ = try $0.beginEpoch(at: now, .restored) }
    }

    /// Makes a backup of the server, and declares it, unless nobody does.
    func backUp(declared: Bool = true) async throws -> Copy {
        let copy = Copy()
        let backup = try await store.backup(to: copy.file, at: clock.now)
        guard declared else { return copy }
        let highWaters = try backup.highWaters()
        try await service.declareBackup(of: highWaters, began: clock.now)
        return copy
    }

    /// Loses the server's disk and goes on from a copy; in a new epoch, unless nobody says so.
    func restore(_ copy: Copy, declared: Bool = true) async throws {
        let folder = TemporaryFolder()
        try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: copy.file,
            to: folder.url.appending(path: "residence.sqlite")
        )
        let server = try await Self.server(in: folder, rules, limits, clock)
        let now = clock.now
        if declared { try await server.store.write { _ = try $0.beginEpoch(at: now, .restored) } }
        current.withLock { $0 = server }
    }

    /// A copy of the server's database.
    struct Copy: Sendable {
        private let folder = TemporaryFolder()
        var file: URL { folder.url.appending(path: "backup.sqlite") }
    }

    /// The link for a device that nobody has yet.
    func link(
        for name: String,
        areas: [AreaCode] = [Sample.harbour],
        role: Role = .coordinator,
        fingerprint: String? = nil
    ) async throws -> String {
        let expected = try await service.expectDevice(named: name, areas: areas, role: role)
        return EnrolmentLink(
            address: "http://server.test:8080",
            code: expected.code.description,
            fingerprint: fingerprint ?? service.fingerprint
        ).text
    }

    /// The link by which a device comes under a new key.
    func rekeyLink(for device: DeviceID) async throws -> String {
        let expected = try await service.rekey(device, reason: "分叉", for: clerk)
        return EnrolmentLink(
            address: "http://server.test:8080",
            code: expected.code.description,
            fingerprint: service.fingerprint
        ).text
    }

    /// A device that knows no server yet.
    func stranger(
        named name: String,
        limits: Limits = Limits(),
        at now: Int64 = Sample.noon
    ) throws -> Device {
        let seed = name.utf8.reduce(UInt64(7)) { $0 &* 31 &+ UInt64($1) }
        let clock = TestClock(at: now, seed: seed)
        clocks.withLock { $0.append(clock) }
        return try Device(world: self, folder: TemporaryFolder(), clock: clock, limits: limits)
    }

    /// An enrolled device.
    func device(
        named name: String,
        areas: [AreaCode] = [Sample.harbour],
        role: Role = .coordinator,
        limits: Limits = Limits(),
        at now: Int64 = Sample.noon
    ) async throws -> Device {
        let device = try stranger(named: name, limits: limits, at: now)
        let link = try await link(for: name, areas: areas, role: role)
        _ = try await device.client.enrol(link: link)
        return device
    }

    /// Whoever sits at the server.
    let clerk = Principal(operatorNamed: "运维")

    /// What was returned and about which nothing was decided, as the server has it.
    func returned() async throws -> [ReturnedChange] {
        try await service.quarantine(for: clerk).entries.map(\.returned)
    }

    /// A record as the server keeps it; `nil` where it stands in no area of the province.
    func record(_ id: RecordID) async throws -> StoredRecord? {
        try await service.record(id, in: [Sample.province])?.record
    }
}

/// A device: its client, its clock, its way to the server, and the folder that survives a restart.
struct Device: Sendable {
    let client: ResidenceClient
    let store: LocalSQLiteStore
    let clock: TestClock
    let weather = Weather()
    private let world: World
    private let folder: TemporaryFolder
    private let limits: Limits

    init(world: World, folder: TemporaryFolder, clock: TestClock, limits: Limits) throws {
        self.world = world
        self.folder = folder
        self.clock = clock
        self.limits = limits
        store = try LocalSQLiteStore(folder: folder.url)
        client = ResidenceClient(
            store: store,
            transport: LoopbackTransport(world: world, weather: weather),
            environment: clock.environment,
            limits: limits
        )
    }

    /// The same device after its program was started again, in fair weather.
    func reopen(attempts: Int? = nil) throws -> Device {
        var limits = limits
        limits.attempts = attempts ?? limits.attempts
        return try Device(world: world, folder: folder, clock: clock, limits: limits)
    }

    /// A clone: the same files in another handheld.
    func copy() async throws -> Device {
        try await store.scrub()
        let copied = TemporaryFolder()
        try FileManager.default.copyItem(at: folder.url, to: copied.url)
        let clock = TestClock(at: clock.now, seed: 4_711)
        return try Device(world: world, folder: copied, clock: clock, limits: limits)
    }

    /// Changes bytes of the database's file, as a dying disk does.
    func damageFile(_ damage: (inout [UInt8]) -> Void) async throws {
        try await store.scrub()
        let file = folder.url.appending(path: "device.sqlite")
        var bytes = Array(try Data(contentsOf: file))
        damage(&bytes)
        try Data(bytes).write(to: file)
    }

    /// Runs a statement on the database beside the program.
    func onDisk(_ sql: String) throws {
        try DatabaseQueue(path: folder.url.appending(path: "device.sqlite").path).write {
            try $0.execute(sql: sql)
        }
    }

    /// Every byte of the device's files.
    func bytesOnDisk() throws -> Data {
        try FileManager.default.contentsOfDirectory(at: folder.url, includingPropertiesForKeys: nil)
            .reduce(into: Data()) { $0 += try Data(contentsOf: $1) }
    }

    @discardableResult
    func sync() async throws -> SyncReport { try await client.sync() }

    /// The server's epoch as the device knows it.
    func epoch() async throws -> Epoch {
        guard let profile = try await client.profile() else {
            throw SyncError("not_enrolled", "Not enrolled", hint: "Enrol the device first.")
        }
        return profile.epoch
    }

    func person(_ id: RecordID) async throws -> Person? {
        try await client.read(id, as: Person.self)
    }

    func rename(_ id: RecordID, to name: String) async throws {
        try await client.edit(id, as: Person.self) { $0.name = name }
    }

    func remark(_ id: RecordID, _ remark: String) async throws {
        try await client.edit(id, as: Person.self) { $0.remark = remark }
    }
}
