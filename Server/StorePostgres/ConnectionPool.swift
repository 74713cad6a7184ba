internal import Dispatch
internal import Foundation
internal import Synchronization

/// Threads that own a connection each, and take what is to be done from one queue.
///
/// Whoever asks waits without blocking: the threads block in their place. They are started as they are
/// needed and end when there was nothing to do for a while.
final class ConnectionPool: Sendable {
    private struct Job {
        let run: @Sendable (Connection) -> Void
        let giveUp: @Sendable () -> Void
        let expires: ContinuousClock.Instant
    }

    private struct State {
        var jobs: [Job] = []
        var threads = 0
        var idle = 0
        var isClosed = false
    }

    private let settings: PostgresSettings
    private let state = Mutex(State())
    /// Counts the jobs.
    private let news = DispatchSemaphore(value: 0)
    /// How long a connection is kept that nobody needs, in seconds.
    private static let rest = 60

    init(_ settings: PostgresSettings) { self.settings = settings }

    /// Does something with a connection, as soon as one is free.
    ///
    /// Throws `database_busy` where none was within the patience of the settings.
    func run<R: Sendable>(
        _ body: @escaping @Sendable (Connection) throws -> R
    ) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            submit(
                Job(
                    run: { connection in
                        continuation.resume(with: Result { try body(connection) })
                    },
                    giveUp: {
                        continuation.resume(
                            throwing: PostgresFailure(
                                state: "53300",
                                message: "no connection was free"
                            )
                        )
                    },
                    expires: .now + .seconds(settings.patience)
                )
            )
        }
    }

    private func submit(_ job: Job) {
        let (isTaken, needsThread) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.jobs.append(job)
            guard state.jobs.count > state.idle, state.threads < settings.connections else {
                return (true, false)
            }
            state.threads += 1
            return (true, true)
        }
        guard isTaken else { return job.giveUp() }
        if needsThread {
            let thread = Thread { [self] in work() }
            // Room for a merge's recursion, as the main thread has it.
            thread.stackSize = 8 << 20
            thread.name = "postgres"
            thread.start()
        }
        news.signal()
    }

    /// Lets every thread end once it has done what was asked before.
    func close() {
        let threads = state.withLock { state in
            state.isClosed = true
            return state.threads
        }
        for _ in 0..<threads { news.signal() }
    }

    private func work() {
        let connection = Connection(settings)
        while true {
            state.withLock { $0.idle += 1 }
            let isLate = news.wait(timeout: .now() + .seconds(Self.rest)) == .timedOut
            let (job, ends) = state.withLock { state -> (Job?, Bool) in
                state.idle -= 1
                if !state.jobs.isEmpty { return (state.jobs.removeFirst(), false) }
                guard isLate || state.isClosed else { return (nil, false) }
                state.threads -= 1
                return (nil, true)
            }
            if ends { return }
            guard let job else { continue }
            guard job.expires > .now else {
                job.giveUp()
                continue
            }
            connection.dropIfClosed()
            job.run(connection)
        }
    }
}
