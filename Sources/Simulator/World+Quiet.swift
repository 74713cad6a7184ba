internal import Chance
internal import SyncClient
internal import SyncProtocol
internal import SyncServer

// Quiet points: the weather clears, everybody syncs until nobody has anything new, and the oracle judges.

extension World {
    /// Whether the network is good on the evening of a day, for as long as everybody needs.
    func isQuietEvening() -> Bool { weather.quiet > 0 && random.happens(weather.quiet) }

    /// A quiet evening, after which the weather is what it was.
    func calmDown() async throws {
        note("! a quiet evening")
        try await becomeQuiet()
        for device in devices { device.network.set(calm: false) }
    }

    /// The last evening: what the world came to.
    func settle() async throws {
        guard let standing = try await becomeQuiet() else { return }
        sum(standing)
    }

    /// Everybody syncs until nobody has anything new; what stands on the server then is judged.
    @discardableResult
    private func becomeQuiet() async throws -> Oracle.Standing? {
        for device in devices {
            device.network.set(calm: true)
            device.linkLasts = nil
        }
        try await resumeAll()
        for device in inUse where device.mayDiffer {
            if try await device.isErased() { continue }
            _ = try await device.client.check()
        }
        let began = time.elapsed
        var rounds = 1
        while try await !syncAll(), rounds < Simulation.rounds { rounds += 1 }
        report.rounds = max(report.rounds, rounds)
        report.quietPoints += 1
        let minutes = Int((time.elapsed - began) / 60_000)
        report.minutesToConverge = max(report.minutesToConverge, minutes)
        // > I10 the outbox empties within bounded time once faults stop.
        if rounds == Simulation.rounds {
            oracle.accuse("I10", "everybody goes on syncing after \(rounds) rounds")
        }
        guard let store = server.store else { return nil }
        let standing = try await Oracle.standing(in: store)
        try await judge(standing)
        return standing
    }

    /// Everybody syncs once; whether nobody had anything new.
    private func syncAll() async throws -> Bool {
        var isQuiet = true
        let known = redrawn
        for device in inUse {
            time.advance(to: time.now + 20_000)
            let done = try await sync(device)
            isQuiet = isQuiet && done?.isQuiet == true
        }
        try await retireWhoeverHasEnded()
        try await giveAreasAgain()
        return isQuiet && redrawn == known
    }

    private func judge(_ standing: Oracle.Standing) async throws {
        oracle.judgeHistory(standing, of: devices.map(\.name))
        oracle.judgeChains(standing)
        oracle.judgePromises(standing, of: Set(inUse.map(\.name)))
        oracle.judgeValues(standing)
        oracle.judgeConflicts(standing)
        oracle.judgeContests(standing)
        oracle.judgeGrants(standing, by: map)
        oracle.judgeErasures(standing)
        oracle.judgePlaces(standing, by: map)
        if let service = server.service { try await oracle.judgeRows(of: service) }
        for device in inUse {
            if try await device.isErased() {
                oracle.judgeSurrender(of: device)
                continue
            }
            try await oracle.judgeOutbox(of: device, gone: gone(for: device, standing))
            try await oracle.judgeRevisions(of: device)
            try await oracle.judge(device, standing, in: server.door)
            try await judgeQuiet(device)
        }
        report.verdicts = oracle.verdicts
        guard plan.story != .none, let id = oracle.verdicts.first?.record.flatMap({ RecordID($0) })
        else {
            return
        }
        report.story = standing.story(of: id)
    }

    /// The records of whose erasure by law a handheld has heard: where it holds no area of theirs any more, it has not,
    /// and of whoever was captured anew since nobody has.
    private func gone(for device: SimulatedDevice, _ standing: Oracle.Standing) -> Set<RecordID> {
        let areas = device.id.map { server.door.areas(of: $0) } ?? []
        return oracle.erased.filter { id in
            guard let record = standing.records[id], record.state.isErased else { return false }
            return record.placements.contains { place in
                map.successors(of: place.area).contains { areas.cover($0) }
            }
        }
    }

    // > I10 the outbox empties within bounded time once faults stop: whoever has everything is sent nothing.

    private func judgeQuiet(_ device: SimulatedDevice) async throws {
        guard let done = try await sync(device) else { return }
        if done.received + done.departed > 0 {
            oracle.accuse("I10", "\(device.name) is sent again what it holds")
        }
    }

    private func sum(_ standing: Oracle.Standing) {
        for entries in standing.conflicts.values {
            for entry in entries {
                let name = entry.isOpen ? "open" : "\(entry.conflict.policy)"
                report.conflicts[name, default: 0] += 1
            }
        }
        report.returned = standing.returned.count
        for device in devices {
            let traffic = device.network.traffic
            report.requests += traffic.requests
            report.faults += traffic.faults
            report.bytesUp += traffic.bytesUp
            report.bytesDown += traffic.bytesDown
        }
        for head in standing.heads {
            note("\(head.area.rawValue) \(head.head.rawValue) \(head.digest.sum)")
        }
        let digits = String(chronicle.trace, radix: 16)
        report.trace = String(repeating: "0", count: 16 - digits.count) + digits
        let concerned = report.verdicts.first?.record.flatMap { RecordID($0) }
        report.story = toldStory(of: concerned) + report.story
    }

    /// As much of the story as was asked for: of all, or of what led to a failure that concerns a record.
    func toldStory(of record: RecordID?) -> [String] {
        switch plan.story {
        case .none: []
        case .ofFailure: chronicle.story(of: record, last: 60)
        case .whole: chronicle.story(of: nil, last: .max)
        }
    }
}

extension SyncReport {
    /// Whether it brought nothing new to anybody.
    var isQuiet: Bool {
        received + departed + unanswered == 0 && outcomes.isEmpty && repair == nil
    }
}
