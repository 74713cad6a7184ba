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
        /// The answer is in the local store.
        case applied(Applied)
        /// The server has less than it signed for, and nothing of its answer was taken.
        case behind
        /// The next request shows the server's receipt, or every bookmark.
        case proved
        /// The server knows the device again.
        case readmitted
        /// What differed was repaired [G-03].
        case repaired
        /// What the device held is erased; its holder is told this.
        case surrendered(SyncError)
        /// A round trip failed; `chance` is drawn from 0 to 1.
        case failed(TransportFailure, chance: Double)
        case waited
        /// The clock offset was set by what the server said.
        case clockSet
    }

    /// What applying an answer did.
    package struct Applied: Hashable, Sendable {
        /// Changes that were answered.
        package var answered = 0
        /// Pages that lead further than the device had read.
        package var received = 0
        /// Changes that still wait.
        package var unanswered = 0
        /// Whether it was the answer of another epoch, which brings nothing else.
        package var hasEntered = false
        /// Copies that are offered now that every area was read.
        package var offered = 0
        /// Whether what the device holds is not what the server has.
        package var differs = false

        package init(
            answered: Int = 0,
            received: Int = 0,
            unanswered: Int = 0,
            hasEntered: Bool = false,
            offered: Int = 0,
            differs: Bool = false
        ) {
            self.answered = answered
            self.received = received
            self.unanswered = unanswered
            self.hasEntered = hasEntered
            self.offered = offered
            self.differs = differs
        }
    }

    /// What an answer that was taken in leads to.
    package struct Course: Sendable {
        fileprivate var hasMore = false
        fileprivate var hasRepaired = false

        /// Whether the session ends with it.
        package func ends(after applied: Applied) -> Bool {
            !applied.hasEntered && !goesOn(after: applied) && !repairs(after: applied)
        }

        fileprivate func goesOn(after applied: Applied) -> Bool {
            // A server that answers, and takes and gives nothing, is not asked for ever.
            let isGiven = applied.answered > 0 || applied.received > 0
            return isGiven && (hasMore || (applied.unanswered > 0 && applied.answered > 0))
                || applied.offered > 0
        }

        // > [G-02] A device to which it is not the sum of what it holds repairs what differs.
        fileprivate func repairs(after applied: Applied) -> Bool {
            applied.differs && !hasRepaired
        }
    }

    package enum Action: Sendable {
        case send(Size)
        case apply(SyncResponse)
        case wait(Duration)
        /// Take the server's time, in milliseconds since 1970, and sign again.
        case setClock(Int64)
        /// Show the server's receipt with the next request.
        case prove
        /// Show every bookmark with the next request: the token stands for nothing any more [F-11].
        case showBookmarks
        /// Show the server's certificate, and ask to be known again.
        case readmit
        /// Seal what the server does not have, and erase everything.
        case surrender(Revocation, knownUpTo: SequenceNumber)
        /// Repair what is not what the server has.
        case repair
        case finish
        case giveUp(TransportFailure)
    }

    private var size: Size
    private let smallest = Size(changes: 1, bytes: 1)
    private let attempts: Int
    private var failures = 0
    private var hasSetClock = false
    private var hasProved = false
    private var hasShownCertificate = false
    private var hasShownBookmarks = false
    /// How it stands with the answers that are taken in.
    package private(set) var course = Course()
    /// How many more epochs it follows: a server that names ever new ones is not asked for ever.
    private var epochsLeft = 3

    package init(limits: Limits) {
        size = Size(changes: limits.changesPerBatch, bytes: limits.batchBytes)
        attempts = limits.attempts
    }

    /// What to do now that this has happened.
    package mutating func handle(_ event: Event) -> Action {
        switch event {
        case .started, .waited, .clockSet, .proved, .readmitted:
            return .send(size)
        case .repaired:
            return .finish
        case .surrendered(let error):
            return .giveUp(TransportFailure(error))
        case .answered(let response):
            if let order = response.revocation {
                return .surrender(order, knownUpTo: response.highWater)
            }
            course.hasMore = response.hasMore
            return .apply(response)
        case .applied(let applied):
            failures = 0
            return next(after: applied)
        case .behind:
            // > [X-06] A receipt of this server for more than it has shows a restore that nobody declared.
            guard !hasProved else { return .giveUp(TransportFailure(.serverBehind)) }
            hasProved = true
            return .prove
        case .failed(let failure, let chance):
            return next(after: failure, chance: chance)
        }
    }

    private mutating func next(after applied: Applied) -> Action {
        if applied.hasEntered {
            guard epochsLeft > 0 else { return .giveUp(TransportFailure(.serverBehind)) }
            epochsLeft -= 1
            return .send(size)
        }
        if course.goesOn(after: applied) { return .send(size) }
        guard course.repairs(after: applied) else { return .finish }
        course.hasRepaired = true
        return .repair
    }

    private mutating func next(after failure: TransportFailure, chance: Double) -> Action {
        switch failure.error.code {
        case "token_time":
            // > [T-02] No clock error is a reason to refuse: a token whose time is off is answered
            // > with the server's time, and signed again.
            guard !hasSetClock, let time = failure.serverTime else { return .giveUp(failure) }
            hasSetClock = true
            return .setClock(time)
        case "sequence_gap":
            guard !hasProved else { return .giveUp(failure) }
            hasProved = true
            return .prove
        case "bookmark_token_unknown":
            guard !hasShownBookmarks else { return .giveUp(failure) }
            hasShownBookmarks = true
            return .showBookmarks
        case "device_unknown", "device_awaits_confirmation":
            guard !hasShownCertificate else { return .giveUp(failure) }
            hasShownCertificate = true
            return .readmit
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

extension SyncError {
    fileprivate static let serverBehind = SyncError(
        "server_behind",
        "服务器缺少它签收过的内容 The server lacks what it had signed for, and does not go on from it",
        hint: "数据都在本机；请告诉运维人员。 Nothing is lost; tell the operator."
    )
}
