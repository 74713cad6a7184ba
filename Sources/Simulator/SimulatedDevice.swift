internal import Chance
internal import LocalSQLite
internal import ResidenceDomain
internal import SyncClient
internal import SyncProtocol
internal import SyncServer
internal import SyncTrust

/// A handheld: its disk, its clock, its way to the server, and the program that runs on it.
final class SimulatedDevice {
    /// Small batches and pages, so that a sync takes several round trips.
    static let limits: Limits = {
        var limits = Limits()
        limits.changesPerBatch = 12
        limits.pageBytes = 6_000
        limits.attempts = 4
        return limits
    }()

    let name: String
    let role: Role
    let clock: SimulatedClock
    let network: SimulatedNetwork
    private static let blank = FaultDisk.formatted {
        _ = try LocalSQLiteStore(simulatedAt: $0.path("device.sqlite"))
    }

    private(set) var disk: FaultDisk
    private(set) var client: ResidenceClient
    private(set) var store: any LocalStore
    /// Yesterday's image of its disk.
    var image: (disk: FaultDisk, mayDiffer: Bool)?
    /// Whether it is out of use: lost, or refused since it is a copy of another.
    var isRetired = false
    /// Whether the server has refused it as a copy of another.
    var isRefused = false
    /// Whether something happened to what it holds that a repair has to find.
    var mayDiffer = false
    /// When it last synced whole, by the world's time.
    var lastSynced: Int64?
    /// How many requests of a sync get through today; `nil`: all.
    var linkLasts: Int?
    private(set) var id: DeviceID?
    /// Whether it may be found to be a copy of another: nothing that it delivers is promised to be taken then.
    var mayFork = false
    /// Whether the operator revoked it, and what it seals is taken; `nil` while it is trusted.
    var takesOutbox: Bool?
    /// By what its program works: an older one's, until it is upgraded.
    private var schema: Schema
    private let bug: PlantedBug?
    private let limits: Limits

    init(
        named name: String,
        role: Role,
        clock: SimulatedClock,
        network: SimulatedNetwork,
        schema: Schema,
        bug: PlantedBug?,
        limits: Limits = SimulatedDevice.limits,
        disk: FaultDisk? = nil
    ) throws {
        self.name = name
        self.role = role
        self.clock = clock
        self.network = network
        self.schema = schema
        self.bug = bug
        self.limits = limits
        self.disk = disk ?? Self.blank.copied()
        (client, store) = try Self.open(self.disk, clock, network, schema, bug, limits)
    }

    private static func open(
        _ disk: FaultDisk,
        _ clock: SimulatedClock,
        _ network: SimulatedNetwork,
        _ schema: Schema,
        _ bug: PlantedBug?,
        _ limits: Limits
    ) throws -> (ResidenceClient, any LocalStore) {
        let opened = try LocalSQLiteStore(simulatedAt: disk.path("device.sqlite"))
        let store: any LocalStore =
            bug.map { PlantedLocalStore(base: opened, bug: $0) } ?? opened
        let client = ResidenceClient(
            store: store,
            transport: network,
            rules: ResidenceRules(),
            environment: clock.environment,
            limits: limits,
            schema: schema
        )
        return (client, store)
    }

    /// Introduces itself with a link of the server's.
    func enrol(
        with service: SyncService,
        areas: [AreaCode],
        _ random: inout SplitMix64
    ) async throws {
        let expected = try await service.expectDevice(
            named: name,
            areas: areas,
            role: role,
            code: OneTimeCode(using: &random)
        )
        let link = service.link(with: expected.code)
        id = try await client.enrol(link: link.text).device
    }

    /// Goes on under a new key, with a link of the server's.
    func rekey(with link: EnrolmentLink) async throws {
        id = try await client.enrol(link: link.text, .rekeyed).device
        isRefused = false
    }

    /// Who it is is what its disk says.
    func learn() async throws { id = try await store.read { try $0.profile()?.device } }

    /// The program was killed, or the power cut; it starts again on what the disk holds.
    func restart(seed: UInt64, cleanly: Bool) throws {
        disk.cutPower(after: 0)
        disk.restart(seed: seed, cleanly: cleanly)
        (client, store) = try Self.open(disk, clock, network, schema, bug, limits)
    }

    /// The disk is put back to an image.
    func rollBack(to image: FaultDisk) throws {
        disk = image.copied()
        (client, store) = try Self.open(disk, clock, network, schema, bug, limits)
        mayFork = true
    }

    /// Its program is the newest from now on.
    func upgrade(seed: UInt64) throws {
        schema = .current
        try restart(seed: seed, cleanly: true)
    }

    /// Whether its program knows remarks.
    var knowsRemarks: Bool { schema.version == Schema.version }

    /// Whether it has erased itself, as a revoked device does.
    func isErased() async throws -> Bool {
        guard takesOutbox != nil else { return false }
        return try await store.read { try $0.profile() } == nil
    }

    /// Another handheld with a copy of this one's disk.
    func cloned(named name: String, on network: SimulatedNetwork) throws -> SimulatedDevice {
        let clone = try SimulatedDevice(
            named: name,
            role: role,
            clock: clock,
            network: network,
            schema: schema,
            bug: bug
        )
        clone.id = id
        clone.mayDiffer = mayDiffer
        try clone.rollBack(to: disk)
        mayFork = true
        return clone
    }

    /// The same handheld on another clock and another network: what befalls it there befalls nobody here.
    func twin(
        on network: SimulatedNetwork,
        clock: SimulatedClock,
        limits: Limits
    ) throws -> SimulatedDevice {
        let twin = try SimulatedDevice(
            named: name,
            role: role,
            clock: clock,
            network: network,
            schema: schema,
            bug: bug,
            limits: limits,
            disk: disk.copied()
        )
        twin.id = id
        return twin
    }
}

extension SyncService {
    /// What an operator hands over to a handheld.
    func link(with code: OneTimeCode) -> EnrolmentLink {
        EnrolmentLink(
            address: "http://server.sim",
            code: code.description,
            fingerprint: fingerprint
        )
    }
}
