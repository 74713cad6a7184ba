internal import Synchronization

/// What is known only by going through all that the database holds: found out again as often as that is worth it.
///
/// Whoever asks every few seconds, as Prometheus does, would otherwise have a large database read from end to end
/// all day. Counting takes a hundredth of the time at most; what is counted in a moment is never old.
package final class Census<Figures: Sendable>: Sendable {
    private struct State {
        var last: (figures: Figures, next: Double, isSlow: Bool)?
        var running: Task<Figures, any Error>?
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
    /// Nobody waits for a count that takes long, but for the first. One that nobody waits for any more goes on.
    package var figures: Figures {
        get async throws {
            let now = clock()
            let (known, running) = state.withLock {
                state -> (Figures?, Task<Figures, any Error>?) in
                if let last = state.last, last.isSlow, now < last.next {
                    return (last.figures, nil)
                }
                let running = state.running ?? Task { try await counted() }
                state.running = running
                return (state.last.flatMap { $0.isSlow ? $0.figures : nil }, running)
            }
            if let known { return known }
            guard let running else { preconditionFailure("whoever knows nothing counts") }
            return try await running.value
        }
    }

    private func counted() async throws -> Figures {
        let began = clock()
        do {
            let figures = try await count()
            let took = clock() - began
            state.withLock { state in
                state.running = nil
                state.last = (figures, began + took * 100, isSlow: took > 0.25)
            }
            return figures
        } catch {
            state.withLock { $0.running = nil }
            throw error
        }
    }
}
