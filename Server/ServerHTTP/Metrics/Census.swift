internal import Synchronization

/// What is known only by going through all that the database holds: found out again as often as that is worth it.
///
/// Whoever asks every few seconds, as Prometheus does, would otherwise have a large database read from end to end
/// all day. Counting takes a hundredth of the time, where nothing would get older than a quarter of an hour by that; what
/// is counted in a moment is never old.
package final class Census<Figures: Sendable>: Sendable {
    private struct State {
        var last: (result: Result<Figures, any Error>, next: Double, isSlow: Bool)?
        var running: Task<Figures, any Error>?

        /// What is to be told; else whom to wait for, who counts already or begins now.
        mutating func known(
            at now: Double,
            count: @escaping @Sendable () async throws -> Figures
        ) -> (Result<Figures, any Error>?, Task<Figures, any Error>?) {
            let slow = last.flatMap { $0.isSlow ? $0 : nil }
            if let slow, now < slow.next { return (slow.result, nil) }
            running = running ?? Task { try await count() }
            if let slow, case .success = slow.result { return (slow.result, nil) }
            return (nil, running)
        }
    }

    private let count: @Sendable () async throws -> Figures
    private let clock: @Sendable () -> Double
    private let state = Mutex(State())

    /// `clock` gives seconds and only goes forward.
    package init(
        clock: @escaping @Sendable () -> Double,
        count: @escaping @Sendable () async throws -> Figures
    ) {
        (self.clock, self.count) = (clock, count)
    }

    /// The last figures where they are not due again or are being found out, else new ones.
    ///
    /// Nobody waits for a count that takes long, but for the first and for one after a failure. One that nobody waits
    /// for any more goes on. Throws what the last count failed of, until it is due again.
    package var figures: Figures {
        get async throws {
            let now = clock()
            let (known, running) = state.withLock { $0.known(at: now) { try await self.counted() } }
            if let known { return try known.get() }
            guard let running else { preconditionFailure("whoever knows nothing counts") }
            return try await running.value
        }
    }

    private func counted() async throws -> Figures {
        let began = clock()
        let result: Result<Figures, any Error>
        do {
            result = .success(try await count())
        } catch {
            result = .failure(error)
        }
        let took = clock() - began
        state.withLock { state in
            state.running = nil
            state.last = (result, began + max(took, min(took * 100, 900)), isSlow: took > 0.25)
        }
        return try result.get()
    }
}
