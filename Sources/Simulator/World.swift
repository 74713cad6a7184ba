internal import Chance
internal import SyncClient
internal import SyncProtocol
internal import SyncServer

/// One server, many handhelds, the weather, and an oracle that judges.
final class World {
    let plan: Plan
    let weather: Weather
    let time = WorldTime()
    let server: SimulatedServer
    var random: SplitMix64
    var devices: [SimulatedDevice] = []
    var oracle = Oracle()
    var chronicle: Chronicle
    var report: RunReport
    /// By what programs work when the world begins.
    let schema: Schema
    var map = WorldMap()
    /// How often the server has redrawn its map, restores included.
    var redrawn = 0
    /// How many milliseconds went by in winters.
    var slept: Int64 = 0
    private(set) var hired = 0

    init(_ plan: Plan) throws {
        self.plan = plan
        random = SplitMix64(seed: plan.seed)
        weather = plan.weather.drawn(by: &random)
        chronicle = Chronicle(keepsLines: plan.story != .none)
        report = RunReport(seed: plan.seed)
        // > [I12] An older device keeps and returns the fields that it does not know.
        let isBehind = weather.upgraded > 0 ? random.happens(oneIn: 2) : false
        schema = isBehind ? Schema.current.former(without: "remark") : .current
        server = try SimulatedServer(
            time: time,
            random: &random,
            schema: schema,
            bug: plan.bug,
            database: plan.database
        )
    }

    /// Starts the server, and gives the first people their handhelds.
    func begin() async throws {
        try await server.start()
        for _ in 0..<max(1, plan.devices) { try await hire() }
    }

    func note(_ text: String, about record: RecordID? = nil) {
        chronicle.note(text, at: time.elapsed, about: record)
    }

    var inUse: [SimulatedDevice] { devices.filter { !$0.isRetired } }

    // MARK: - People

    /// Gives somebody a handheld.
    func hire() async throws {
        hired += 1
        let role: Role =
            switch hired % 7 {
            case 3: .reviewer
            case 6: .department
            default: .coordinator
            }
        let first = random.below(map.towns.count)
        let second = random.below(map.towns.count)
        let areas =
            switch role {
            // Each township by its code, so that none is nobody's.
            case .reviewer: map.towns
            case .department: ["330921", "330922"].compactMap { AreaCode($0) }
            default: Set([map.towns[first], map.towns[second]]).sorted()
            }
        let year: Int64 = 365 * 86_400_000
        let isWrong = random.happens(weather.clockWrong)
        let offset = Int64(random.below(6)) - 3
        let device = try SimulatedDevice(
            named: "\(role.rawValue)-\(hired)",
            role: role,
            clock: SimulatedClock(
                world: time,
                seed: random.next(),
                offset: isWrong ? offset * year : Int64(random.below(4_000)) - 2_000,
                drift: isWrong ? Double(random.below(200) - 100) / 10_000 : 0
            ),
            network: network(),
            schema: server.schema,
            bug: plan.bug
        )
        guard let service = server.service else { return }
        try await device.enrol(with: service, areas: areas, &random)
        if let id = device.id {
            server.door.note(areas, of: id)
            oracle.open(device.name, for: [id])
        }
        devices.append(device)
        note("! \(device.name) is given a handheld for \(areas.map(\.rawValue))")
    }

    func network() -> SimulatedNetwork {
        SimulatedNetwork(weather: weather, server: server.door, seed: random.next(), bug: plan.bug)
    }

    // MARK: - What is done with a handheld

    /// One thing that somebody does; whatever it leaves on the disk goes into the oracle's books.
    func act(on device: SimulatedDevice) async throws {
        do {
            let actor = Actor(device: device, areas: try await towns(knownTo: device))
            let deed = try await actor.act(&random)
            note("\(device.name) \(deed.words)", about: deed.record)
            if !device.disk.isCut { try await check(deed, on: device) }
        } catch let error as SyncError {
            note("\(device.name) is told \(error.code.rawValue)")
        }
    }

    /// The townships of a handheld's grant; now and then somebody names one that is not theirs.
    private func towns(knownTo device: SimulatedDevice) async throws -> [AreaCode] {
        let isMistaken = random.happens(oneIn: 20)
        guard !isMistaken, !device.disk.isCut else { return map.towns }
        let granted = try await device.store.read { try $0.profile()?.grant.areas } ?? []
        let towns = granted.flatMap { area in
            area.rawValue.count == 9 ? [area] : map.towns.filter { area.contains($0) }
        }
        return towns.isEmpty ? map.towns : towns
    }

    private func check(_ deed: Actor.Deed, on device: SimulatedDevice) async throws {
        report.captures += 1
        try await oracle.note(device)
        guard let id = deed.record, let said = deed.said else { return }
        guard let held = try await device.client.record(id), held.redirect == nil else { return }
        oracle.judgeOwnWrite(said, shown: held.visible, of: id, on: device)
    }

    /// A sync; one that gives up is tried again another time.
    @discardableResult
    func sync(_ device: SimulatedDevice) async throws -> SyncReport? {
        device.network.set(left: device.linkLasts)
        do {
            let done = try await device.client.sync()
            report.syncs += 1
            device.lastSynced = time.now
            note("\(device.name) syncs: \(done.words)")
            if let repair = done.repair, repair.records > 0 {
                report.repaired += repair.records
                note("! \(device.name) repairs \(repair.records) copies")
                // > G: what a device holds is what it was sent, unless its disk or the server lost something.
                if !device.mayDiffer, oracle.restores == 0 {
                    oracle.accuse("I6", "\(device.name) had to repair \(repair.records) copies")
                }
                device.mayDiffer = false
            }
            try await oracle.note(device)
            try await oracle.noteAnswers(of: device)
            if done.received > 0 { try await oracle.judgeRevisions(of: device) }
            return done
        } catch let error as SyncError {
            report.failedSyncs += 1
            note("\(device.name) cannot sync: \(error.code.rawValue)")
            if ["device_forked", "device_rekeyed"].contains(error.code) { device.isRefused = true }
            // Where the power is cut, the books are brought up to date once it is back.
            try? await oracle.note(device)
            try? await oracle.noteAnswers(of: device)
            return nil
        }
    }

    // MARK: - The end of a handheld

    /// Takes out of use what was refused as a copy, and what was revoked and has delivered.
    func retireWhoeverHasEnded() async throws {
        for device in inUse where device.isRefused {
            if try await !rekey(device) { try await retire(device) }
        }
        for device in inUse where try await device.isErased() {
            let kept = try await device.store.read { try $0.keptOutbox() }
            if device.takesOutbox == true, kept?.isEmpty == false { continue }
            device.isRetired = true
            note("! \(device.name) has erased itself")
            if device.takesOutbox == false {
                oracle.giveUp(device, above: try await known(of: device))
            }
        }
    }

    /// A handheld is out of use; what nobody else has of it is gone.
    func retire(_ device: SimulatedDevice) async throws {
        guard !device.isRetired else { return }
        device.isRetired = true
        try await oracle.note(device)
        try await oracle.judgeOutbox(of: device)
        let known = try await known(of: device)
        oracle.giveUp(device, above: known)
        note("! \(device.name) is out of use")
    }

    /// The last change of a handheld that the server has, and that is its own.
    func known(of device: SimulatedDevice) async throws -> SequenceNumber {
        guard let store = server.store else { return .none }
        let family = oracle.family(of: device.name)
        let stored = try await store.read { transaction in
            try family.flatMap { id -> [StoredChange] in
                guard let last = try transaction.device(id)?.highWater, last > .none else {
                    return []
                }
                return try transaction.changes(of: id, in: SequenceNumber(rawValue: 1)...last)
            }
        }
        return oracle.last(of: device.name, in: stored)
    }
}

extension SyncReport {
    fileprivate var words: String {
        let kinds = outcomes.map { (kind: $0.key.rawValue, count: $0.value) }
            .sorted { $0.kind < $1.kind }.map { "\($0.kind):\($0.count)" }.joined(separator: " ")
        return
            "\(roundTrips) round trips, outcomes [\(kinds)], \(received) received, \(unanswered) waiting"
    }
}
