internal import Chance
internal import SyncClient
internal import SyncProtocol
internal import SyncServer

/// Runs worlds.
public enum Simulation {
    /// How often everybody may have to sync before everything is quiet.
    static let rounds = 12

    /// Runs a plan, from the first day to the verdict.
    ///
    /// A world that cannot begin, or cannot go on, is a verdict on its seed. Throws where the plan's PostgreSQL is not
    /// to be had: that says nothing of the world.
    public static func run(_ plan: Plan) async throws -> RunReport {
        let world = try World(plan)
        do {
            try await world.begin()
            try await world.live()
            try await world.settle()
        } catch let error as SyncError where !plan.lacksDatabase(error) {
            // A world that cannot go on is no sound one; what led there is its story.
            world.stop(error)
        }
        try await world.server.leave()
        return world.report
    }

    /// The smallest number of events after which a plan still fails.
    ///
    /// A run is the same up to any event, so the first one that matters is found by halving; `progress` is
    /// told how many events are still in question.
    public static func shrink(
        _ plan: Plan,
        events: Int,
        progress: (Int) -> Void = { _ in }
    ) async throws -> RunReport {
        var (sound, failing) = (0, events)
        while failing - sound > 1 {
            progress(failing - sound)
            let middle = (sound + failing) / 2
            var shorter = plan
            shorter.limit = middle
            if try await run(shorter).isSound { sound = middle } else { failing = middle }
        }
        var last = plan
        last.limit = failing
        last.keepsStory = true
        return try await run(last)
    }
}

extension Plan {
    /// Whether an error says that the database of the plan is missing, rather than that a world went wrong in it.
    fileprivate func lacksDatabase(_ error: SyncError) -> Bool {
        database != nil && ["store_malformed", "database_unavailable"].contains(error.code)
    }
}

extension World {
    /// Lets the days go by.
    func live() async throws {
        var wasOut = false
        for day in 0..<plan.days {
            let isOut = beginDay()
            for (minute, device, event) in eventsOfADay(afterOutage: wasOut) {
                if let limit = plan.limit, report.events >= limit { return }
                report.events += 1
                time.advance(to: WorldTime.start + Int64(day * 1_440 + minute) * 60_000)
                do {
                    try await happen(event, to: device)
                    try await retireWhoeverHasEnded()
                } catch let error as SyncError {
                    // Nothing that befalls anybody may end in an error that nobody is told.
                    oracle.accuse("I8", "\(event) on \(devices[device].name): \(error.message)")
                }
            }
            try await giveAreasAgain()
            wasOut = isOut
        }
    }

    /// Draws who reaches the server on a day, and how slowly; whether nobody does.
    private func beginDay() -> Bool {
        let isOut = weather.outage > 0 && random.happens(weather.outage)
        for device in devices {
            device.network.set(away: random.happens(weather.away) || isOut)
            guard weather.slow > 0 else { continue }
            let (left, isSlow) = (1 + random.below(3), random.happens(weather.slow))
            device.linkLasts = isSlow ? left : nil
        }
        if isOut { note("! nobody reaches the server") }
        report.deviceDays += inUse.count
        return isOut
    }

    /// The weather clears, everybody syncs until nobody has anything new, and the oracle judges.
    func settle() async throws {
        for device in devices {
            device.network.set(calm: true)
            device.linkLasts = nil
        }
        let began = time.elapsed
        for device in inUse where device.mayDiffer {
            if try await device.isErased() { continue }
            _ = try await device.client.check()
        }
        for round in 1...Simulation.rounds {
            var isQuiet = true
            let known = redrawn
            for device in inUse {
                time.advance(to: time.now + 20_000)
                guard let done = try await sync(device) else {
                    isQuiet = false
                    continue
                }
                if done.received + done.departed + done.unanswered > 0 || !done.outcomes.isEmpty
                    || done.repair != nil
                {
                    isQuiet = false
                }
            }
            try await retireWhoeverHasEnded()
            try await giveAreasAgain()
            report.rounds = round
            if isQuiet, redrawn == known { break }
        }
        report.minutesToConverge = Int((time.elapsed - began) / 60_000)
        guard let store = server.store else { return }
        let standing = try await Oracle.standing(in: store)
        try await judge(standing)
        sum(standing)
    }

    /// The world cannot go on.
    fileprivate func stop(_ error: SyncError) {
        oracle.accuse("I10", "the world stands still: \(error.code.rawValue), \(error.message)")
        report.verdicts = oracle.verdicts
        if plan.keepsStory { report.story = chronicle.story(of: nil, last: 60) }
    }

    private func judge(_ standing: Oracle.Standing) async throws {
        oracle.judgeHistory(standing, of: devices.map(\.name))
        oracle.judgeChains(standing)
        oracle.judgePromises(standing, of: Set(inUse.map(\.name)))
        oracle.judgeValues(standing)
        oracle.judgeConflicts(standing)
        oracle.judgeErasures(standing)
        oracle.judgePlaces(standing, by: map)
        if let service = server.service { try await oracle.judgeRows(of: service) }
        for device in inUse {
            if try await device.isErased() {
                oracle.judgeSurrender(of: device)
                continue
            }
            try await oracle.judgeOutbox(of: device)
            try await oracle.judgeRevisions(of: device)
            try await oracle.judge(device, standing, in: server.door)
            try await judgeQuiet(device)
        }
        report.verdicts = oracle.verdicts
        guard plan.keepsStory, let id = oracle.verdicts.first?.record.flatMap({ RecordID($0) })
        else {
            return
        }
        report.story = standing.story(of: id)
    }

    // > I10 the outbox empties within bounded time once faults stop: and whoever has everything is sent nothing.

    private func judgeQuiet(_ device: SimulatedDevice) async throws {
        guard report.rounds < Simulation.rounds else {
            return oracle.accuse("I10", "everybody goes on syncing after \(report.rounds) rounds")
        }
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
        guard plan.keepsStory else { return }
        // Where nothing failed, whoever asked for the story wants all of it.
        let last = report.isSound ? Int.max : 60
        report.story = chronicle.story(of: concerned, last: last) + report.story
    }
}
