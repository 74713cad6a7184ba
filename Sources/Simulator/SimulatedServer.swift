internal import Chance
internal import Foundation
internal import ResidenceDomain
internal import StorePostgres
internal import StoreSQLite
internal import SyncProtocol
internal import SyncServer
internal import SyncTrust
internal import Synchronization

/// Where devices find the server: the service that answers now, if one does.
final class ServerDoor: Sendable {
    private struct State {
        var service: SyncService?
        var disk: FaultDisk?
        var areas: [DeviceID: [AreaCode]] = [:]
    }

    private let state = Mutex(State())

    var service: SyncService? { state.withLock { $0.service } }

    /// Whether the server's machine has lost its power in the middle of something.
    var isDown: Bool { state.withLock { $0.disk?.isCut ?? true } }

    func open(_ service: SyncService?, on disk: FaultDisk?) {
        state.withLock {
            $0.service = service
            $0.disk = disk
        }
    }

    /// What the operator has given a device: known here, whatever the server makes of it.
    func areas(of device: DeviceID) -> [AreaCode] { state.withLock { $0.areas[device] ?? [] } }

    func note(_ areas: [AreaCode], of device: DeviceID) {
        state.withLock { $0.areas[device] = areas }
    }
}

/// The server: its disk, its store and the service that runs on it.
final class SimulatedServer {
    /// A backup: a disk with the database as it was.
    struct Backup {
        let disk: FaultDisk
        let madeAt: Int64
        /// Up to which change it has each device.
        let highWaters: [DeviceID: SequenceNumber]
    }

    private static let blank = FaultDisk.formatted {
        _ = try SQLiteStore(simulatedAt: $0.path("residence.sqlite"))
    }

    let door = ServerDoor()
    private(set) var backups: [Backup] = []
    private(set) var disk = blank.copied()
    private(set) var store: (any Store)?
    private let time: WorldTime
    private let identity: ServerIdentity
    private let bug: PlantedBug?
    /// By what its program works: an older one's, until it is upgraded.
    private(set) var schema: Schema
    private let database: PostgresStore?
    private let limits: Limits

    init(
        time: WorldTime,
        random: inout SplitMix64,
        schema: Schema,
        bug: PlantedBug?,
        database: String? = nil
    ) throws {
        self.time = time
        self.schema = schema
        self.bug = bug
        limits = SimulatedDevice.limits
        self.database = try database.map { address in
            var settings = try PostgresSettings(address: address)
            // Worlds that go on side by side share nothing.
            let name = UUID().uuidString.lowercased().filter { $0 != "-" }
            settings.schema = "world_\(name)"
            return PostgresStore(settings)
        }
        guard let key = SigningKey(seed: random.bytes(32)),
            let natural = NaturalKey(bytes: random.bytes(32))
        else { throw SyncError("key_malformed", "32 bytes are a key", hint: "Another seed.") }
        identity = ServerIdentity(key: key, naturalKey: natural)
    }

    /// The same server in another world: what befalls it there befalls nobody here.
    private init(twinOf server: SimulatedServer, in time: WorldTime, limits: Limits) {
        self.time = time
        self.limits = limits
        (schema, bug, identity) = (server.schema, server.bug, server.identity)
        database = nil
        disk = server.disk.copied()
    }

    /// The same server in another world, started; `nil` where its data are on no disk of this world.
    func twin(in time: WorldTime, limits: Limits) async throws -> SimulatedServer? {
        guard database == nil, service != nil else { return nil }
        let twin = SimulatedServer(twinOf: self, in: time, limits: limits)
        try await twin.start()
        for device in try await twin.service?.devices() ?? [] {
            twin.door.note(door.areas(of: device.id), of: device.id)
        }
        return twin
    }

    var service: SyncService? { door.service }

    /// Whoever sits at the server.
    static let clerk = Principal(operatorNamed: "运维")

    /// Starts the daemon on what its disk holds.
    func start() async throws {
        let opened: any Store =
            try database ?? SQLiteStore(simulatedAt: disk.path("residence.sqlite"))
        let store: any Store = bug.map { PlantedStore(opened, $0) } ?? opened
        let (time, identity) = (time, identity)
        let kept = try await ServerIdentity.kept(in: store, at: time.now, otherwise: identity)
        self.store = store
        let service = SyncService(
            store: store,
            identity: kept,
            rules: ResidenceRules(),
            schema: schema,
            limits: limits,
            clock: { time.now }
        )
        door.open(service, on: disk)
    }

    /// The program is the newest from its next start on.
    func upgrade() { schema = .current }

    /// The world is over: what a database keeps of it goes.
    func leave() async throws { try await database?.dropSchema() }

    /// Ends the daemon where it stands; `cleanly`, when its machine goes on.
    func stop(cleanly: Bool, seed: UInt64) {
        disk.cutPower(after: 0)
        // The next operation meets the cut: nothing more reaches the disk.
        store = nil
        door.open(nil, on: nil)
        disk.restart(seed: seed, cleanly: cleanly)
    }

    /// Makes a backup, and declares it.
    func backUp() async throws {
        guard let service, let store else { return }
        try await store.write { [time] in try $0.noteBackupBegan(at: time.now) }
        let copy = disk.copied()
        let highWaters = try await service.devices().reduce(into: [:]) { $0[$1.id] = $1.highWater }
        backups.append(Backup(disk: copy, madeAt: time.now, highWaters: highWaters))
        try await service.declareBackup(of: highWaters, began: time.now)
    }

    /// Loses the disk and goes on from a backup; in a new epoch, unless nobody says so.
    func restore(_ backup: Backup, declared: Bool) async throws {
        store = nil
        door.open(nil, on: nil)
        disk = backup.disk.copied()
        try await start()
        guard declared, let store else { return }
        try await store.write { [time] in
            _ = try $0.beginEpoch(at: time.now, .restored, backupMadeAt: backup.madeAt)
        }
    }
}
