internal import Chance
internal import SyncClient
internal import SyncProtocol
internal import SyncServer

/// Another way to do the same, of which the same has to come.
enum Detour: CaseIterable {
    // > I5 applying a batch or a page twice, or split anywhere, changes nothing.

    /// Every batch arrives twice at the server, and every answer at the device.
    case twice
    /// A batch is one change, and a page one record.
    case split

    // > I11 clocks may be arbitrarily wrong: convergence and what counts as a conflict do not change.

    /// The device's clock is wrong by years while it sends and reads.
    case wrongWhileSyncing
    /// It is wrong by years while somebody says something: which of two values wins may change, nothing else.
    case wrongWhileSaying

    var invariant: String {
        switch self {
        case .twice, .split: "I5"
        case .wrongWhileSyncing, .wrongWhileSaying: "I11"
        }
    }
}

/// A handheld and its server, copied from where they are into a world of their own.
private struct Twin {
    let time = WorldTime()
    let server: SimulatedServer
    let device: SimulatedDevice
    let detour: Detour?

    /// Copies of both; `nil` where the server's data are on no disk of the world.
    init?(
        of device: SimulatedDevice,
        at server: SimulatedServer,
        in world: World,
        by detour: Detour?
    ) async throws {
        var limits = SimulatedDevice.limits
        if detour == .split {
            limits.changesPerBatch = 1
            limits.pageBytes = 1
        }
        time.advance(to: world.time.now)
        guard let server = try await server.twin(in: time, limits: limits) else { return nil }
        let network = SimulatedNetwork(
            weather: .fair,
            server: server.door,
            seed: world.plan.seed,
            bug: world.plan.bug
        )
        network.set(calm: true)
        network.set(echoing: detour == .twice)
        self.server = server
        self.detour = detour
        self.device = try device.twin(
            on: network,
            clock: device.clock.copied(to: time),
            limits: limits
        )
    }

    /// What a life came to.
    enum Life: Equatable {
        case synced, refused
        /// The device said more by itself: it offers again what a server that was restored has lost.
        case offered
    }

    /// Somebody says something, and the device syncs until nothing is new.
    func live(_ chance: SplitMix64, _ areas: [AreaCode]) async throws -> Life {
        var chance = chance
        let years = Int64(1 + chance.below(4)) * (chance.happens(oneIn: 2) ? 1 : -1)
        if detour == .wrongWhileSaying { device.clock.jump(by: years * 365 * 86_400_000) }
        let actor = Actor(device: device, areas: areas)
        for _ in 0..<(1 + chance.below(4)) {
            // What cannot be said here cannot be said there.
            _ = try? await actor.amend(&chance)
        }
        if detour == .wrongWhileSyncing { device.clock.jump(by: years * 365 * 86_400_000) }
        let said = try await lastSaid()
        // Where every answer arrives twice, the first that brings nothing new may be an old one.
        var quiet = 0
        for _ in 0..<Simulation.rounds where quiet < 2 {
            guard let done = try? await device.client.sync() else { return .refused }
            quiet = done.isQuiet ? quiet + 1 : 0
        }
        return try await lastSaid() == said ? .synced : .offered
    }

    private func lastSaid() async throws -> SequenceNumber? {
        try await device.store.read { try $0.lastChange()?.sequence }
    }

    /// What came of it, by what each thing is called.
    func facts(comparing detour: Detour) async throws -> [Fact: String] {
        guard let store = server.store else { return [:] }
        let standing = try await Oracle.standing(in: store)
        return try await Fact.all(of: standing, detour).merging(
            Fact.all(of: device, detour),
            uniquingKeysWith: { first, _ in first }
        )
    }
}

/// Something that both ways have to agree on.
private struct Fact: Hashable, Comparable {
    let words: String
    var record: RecordID?

    static func < (left: Fact, right: Fact) -> Bool {
        (left.words, left.record?.description ?? "") < (
            right.words, right.record?.description ?? ""
        )
    }

    /// What stands on the server.
    static func all(of standing: Oracle.Standing, _ detour: Detour) -> [Fact: String] {
        var facts: [Fact: String] = [:]
        for (id, record) in standing.records {
            let state = record.state
            let conflicts = Set((standing.conflicts[id] ?? []).map { $0.words(detour) }).sorted()
            facts[Fact(words: "the conflicts", record: id)] = conflicts.joined(separator: "; ")
            // Which of two values was observed later is what a clock may decide [M-04].
            guard detour != .wrongWhileSaying else { continue }
            func note(_ words: String, _ value: String) {
                facts[Fact(words: words, record: id)] = value
            }
            let areas = record.placements.map(\.area.rawValue).sorted()
            note("the revision", "\(state.revision.rawValue)")
            note(
                "whether it is there",
                "\(state.isLive), \(state.redirect?.description ?? "itself")"
            )
            note("where it stands", areas.joined(separator: ", "))
            note("the values", state.fields.told(of: state.type))
        }
        for device in standing.devices where detour != .wrongWhileSaying {
            facts[Fact(words: "the chain of \(device.name) at the server")] =
                "\(device.highWater.rawValue) \(device.chain)"
        }
        for head in standing.heads where detour != .wrongWhileSaying && head.digest != .empty {
            facts[Fact(words: "the digest of \(head.area.rawValue)")] = "\(head.digest)"
        }
        return facts
    }

    /// What the device holds, and was answered.
    static func all(of device: SimulatedDevice, _ detour: Detour) async throws -> [Fact: String] {
        guard try await !device.isErased() else { return [:] }
        let holding = try await Oracle.holding(of: device)
        var facts = [Fact(words: "what waits"): "\(holding.unanswered)"]
        let outcomes = try await device.store.read { transaction in
            let last = try transaction.lastChange()?.sequence.rawValue ?? 0
            return try (0..<last).compactMap { number in
                try transaction.change(SequenceNumber(rawValue: number + 1))
            }
        }
        for entry in outcomes {
            let fact = Fact(
                words: "the answer to change \(entry.sequence.rawValue)",
                record: entry.record
            )
            let isReturned = entry.outcome?.kind == .quarantined
            facts[fact] =
                detour == .wrongWhileSaying
                ? (isReturned ? "returned" : "taken")
                : entry.outcome.map { "\($0.kind) \($0.code) \($0.revision.rawValue)" } ?? "none"
        }
        guard detour != .wrongWhileSaying else { return facts }
        facts[Fact(words: "the digest")] = "\(holding.digest)"
        for (id, copy) in holding.copies {
            facts[Fact(words: "the copy", record: id)] =
                "revision \(copy.revision.rawValue), \(copy.fields.told(of: copy.type))"
        }
        for (id, counts) in holding.counts where counts != [0, 0] {
            facts[Fact(words: "what was returned", record: id)] = "\(counts)"
        }
        let shown = Set(holding.conflicts.map { $0.words(detour) }).sorted()
        facts[Fact(words: "the conflicts shown")] = shown.joined(separator: "; ")
        return facts
    }
}

extension FieldMap {
    fileprivate func told(of type: UInt32) -> String {
        Schema.current.type(type).map { told(as: $0) } ?? "\(bytes)"
    }
}

extension ConflictEntry {
    /// What it is about, and what it came to, but for times and numbers.
    fileprivate func words(_ detour: Detour) -> String {
        let sides = [conflict.standing, conflict.proposed]
        let about = "\(conflict.kind) of \(conflict.fields)"
        // Which side stood is what won before; that there were these two is not the clocks' doing.
        guard detour != .wrongWhileSaying else {
            return "\(about) between \(sides.map(\.device.description).sorted())"
        }
        return "\(about) \(state) \(conflict.policy) \(conflict.proposedWon) "
            + sides.map { "\($0.device) \($0.values.told(of: type)) \($0.removed.told(of: type))" }
            .joined(separator: " / ")
    }
}

extension World {
    /// What somebody says next, and the sync after it, in two copies of the world: in one of them by a detour.
    func takeDetour(with device: SimulatedDevice) async throws {
        let detour = Detour.allCases[random.below(Detour.allCases.count)]
        let chance = SplitMix64(seed: random.next())
        guard !device.disk.isCut, !device.mayDiffer, device.takesOutbox == nil,
            let plain = try await Twin(of: device, at: server, in: self, by: nil),
            let other = try await Twin(of: device, at: server, in: self, by: detour)
        else { return }
        let (life, detoured) = try await (
            plain.live(chance, map.towns), other.live(chance, map.towns)
        )
        // In which order copies are offered is nobody's promise.
        guard life != .offered, detoured != .offered else { return }
        guard life == .synced, detoured == .synced else {
            guard life != detoured else { return }
            return oracle.accuse(
                detour.invariant,
                "\(device.name), \(detour): \(detoured), not \(life)"
            )
        }
        let (one, two) = try await (plain.facts(comparing: detour), other.facts(comparing: detour))
        report.detours += 1
        let differing = Set(one.keys).union(two.keys).filter { one[$0] != two[$0] }.sorted()
        for fact in differing {
            oracle.accuse(
                detour.invariant,
                "\(device.name), \(detour): \(fact.words) is \(two[fact] ?? "nothing"), not \(one[fact] ?? "nothing")",
                about: fact.record
            )
        }
    }
}
