internal import Simulator

/// Runs the worlds of a range of seeds, several side by side, each in one task of its own.
struct Worlds {
    /// What is simulated, but for the seed.
    let pattern: Plan
    let seeds: ClosedRange<UInt64>
    /// How many at once.
    let jobs: Int

    /// Runs them until one fails, or until no time is left to begin another.
    ///
    /// Reports come in the order of the seeds, however long each takes, so that the summary is the same with
    /// any number of jobs. Returns the plan that failed.
    func run(
        while isTimeLeft: () -> Bool,
        _ note: (RunReport) -> Void
    ) async throws -> Plan? {
        try await withThrowingTaskGroup(of: RunReport.self) { group in
            var begun = seeds.makeIterator()
            var finished: [UInt64: RunReport] = [:]
            // The last seed that there is has no next one: iterators end where a sum would overflow.
            var due = seeds.makeIterator()
            var next = due.next()
            func begin() {
                guard isTimeLeft(), let seed = begun.next() else { return }
                var plan = pattern
                plan.seed = seed
                group.addTask { [plan] in try await Simulation.run(plan) }
            }
            for _ in 0..<jobs { begin() }
            while let report = try await group.next() {
                finished[report.seed] = report
                while let seed = next, let report = finished.removeValue(forKey: seed) {
                    note(report)
                    guard report.isSound else {
                        group.cancelAll()
                        var failed = pattern
                        failed.seed = report.seed
                        return failed
                    }
                    next = due.next()
                }
                begin()
            }
            return nil
        }
    }
}
