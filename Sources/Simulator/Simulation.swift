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

    /// The smallest number of events after which a plan still fails in the same way.
    ///
    /// A run is the same up to any event, so the first one that matters is found by halving; `invariants` are
    /// those of which one has to fail still, all where none are named; `progress` is told how many events are
    /// still in question.
    public static func shrink(
        _ plan: Plan,
        events: Int,
        breaking invariants: Set<String> = [],
        progress: (Int) -> Void = { _ in }
    ) async throws -> RunReport {
        var (sound, failing) = (0, events)
        while failing - sound > 1 {
            progress(failing - sound)
            let middle = (sound + failing) / 2
            var shorter = plan
            shorter.limit = middle
            let broken = Set(try await run(shorter).verdicts.map(\.invariant))
            let isSame = invariants.isEmpty ? !broken.isEmpty : !broken.isDisjoint(with: invariants)
            if isSame { failing = middle } else { sound = middle }
        }
        var last = plan
        last.limit = failing
        if last.story == .none { last.story = .ofFailure }
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
                time.advance(to: WorldTime.start + slept + Int64(day * 1_440 + minute) * 60_000)
                do {
                    try await happen(event, to: device)
                    try await retireWhoeverHasEnded()
                } catch let error as SyncError {
                    // Nothing that befalls anybody may end in an error that nobody is told.
                    oracle.accuse("I8", "\(event) on \(devices[device].name): \(error.message)")
                }
            }
            try await giveAreasAgain()
            if isQuietEvening() { try await calmDown() }
            // What was found is found: the story ends where it shows.
            guard oracle.verdicts.isEmpty else { return }
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

    /// The world cannot go on.
    fileprivate func stop(_ error: SyncError) {
        oracle.accuse("I10", "the world stands still: \(error.code.rawValue), \(error.message)")
        report.verdicts = oracle.verdicts
        report.story = toldStory(of: nil)
    }
}
