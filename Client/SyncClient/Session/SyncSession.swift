package import SyncProtocol

/// The decisions of one sync: told what happened, it answers with the one thing to do next.
///
/// No clock, socket, disk or randomness: whoever carries the actions out brings those along.
package struct SyncSession: ~Copyable {
    /// How much to put into one request.
    package struct Size: Hashable, Sendable {
        package var changes: Int
        package var bytes: Int

        package var half: Size { Size(changes: max(1, changes / 2), bytes: max(1, bytes / 2)) }
    }

    package enum Event: Sendable {
        case started
        /// The server answered.
        case answered(SyncResponse)
        /// The answer is in the local store: so many changes were answered, so many pages received, and so
        /// many changes still wait.
        case applied(answered: Int, received: Int, unanswered: Int)
        /// A round trip failed; `chance` is drawn from 0 to 1.
        case failed(TransportFailure, chance: Double)
        case waited
        /// The clock offset was set by what the server said.
        case clockSet
    }

    package enum Action: Sendable {
        case send(Size)
        case apply(SyncResponse)
        case wait(Duration)
        /// Take the server's time, in milliseconds since 1970, and sign again.
        case setClock(Int64)
        case finish
        case giveUp(TransportFailure)
    }

    private var size: Size
    private let smallest = Size(changes: 1, bytes: 1)
    private let attempts: Int
    private var failures = 0
    private var hasSetClock = false
    private var hasMore = false

    package init(limits: Limits) {
        size = Size(changes: limits.changesPerBatch, bytes: limits.batchBytes)
        attempts = limits.attempts
    }

    /// What to do now that this has happened.
    package mutating func handle(_ event: Event) -> Action {
        switch event {
        case .started, .waited, .clockSet:
            return .send(size)
        case .answered(let response):
            hasMore = response.hasMore
            return .apply(response)
        case .applied(let answered, let received, let unanswered):
            failures = 0
            // A server that answers, and takes and gives nothing, is not asked for ever.
            guard answered > 0 || received > 0 else { return .finish }
            return hasMore || (unanswered > 0 && answered > 0) ? .send(size) : .finish
        case .failed(let failure, let chance):
            return next(after: failure, chance: chance)
        }
    }

    private mutating func next(after failure: TransportFailure, chance: Double) -> Action {
        switch failure.error.code {
        case "token_time":
            // > [T-02] No clock error is a reason to refuse: a token whose time is off is answered
            // > with the server's time, and signed again.
            guard !hasSetClock, let time = failure.serverTime else { return .giveUp(failure) }
            hasSetClock = true
            return .setClock(time)
        case "body_too_large", "batch_too_large":
            // > [W-06] A batch that is too large is halved until it fits.
            guard size.changes > smallest.changes else { return .giveUp(failure) }
            size = size.half
            return .send(size)
        default:
            guard failure.mayPass, failures + 1 < attempts else { return .giveUp(failure) }
            failures += 1
            return .wait(pause(failure, chance: chance))
        }
    }

    /// Exponential with full jitter, never sooner than the server asks.
    private func pause(_ failure: TransportFailure, chance: Double) -> Duration {
        let ceiling = min(60.0, Double(1 << failures))
        let asked = Double(min(max(0, failure.retryAfter ?? 0), 3600))
        return .milliseconds(Int((asked + ceiling * chance) * 1000))
    }
}

extension TransportFailure {
    /// Whether the same request may succeed later without anybody doing anything.
    fileprivate var mayPass: Bool {
        isUnreachable || retryAfter != nil
            || ["database_busy", "disk_full", "database_unavailable", "internal"]
                .contains(error.code.rawValue)
    }
}
