import SyncProtocol
import Synchronization

/// What happens on the way to the server and back; a story decides.
final class Weather: Sendable {
    /// What becomes of one round trip.
    enum Fate: Sendable {
        case arrives
        /// The server never hears of the request.
        case requestLost
        /// The server has done it, and the device never hears of it.
        case answerLost
        /// The answer ends in the middle.
        case answerCut
        /// The network delivers the request twice.
        case repeated
        /// Something else than the server answers.
        case answered(SyncResponse)
        /// The server's answer arrives without the news that it brings.
        case newsLost
        /// The answer says no, and what time it is: the server's, where nothing else is said.
        case refused(SyncError, retryAfter: Int? = nil, serverTime: Int64? = nil)
    }

    private struct State {
        var next: [Fate] = []
        var otherwise = Fate.arrives
        var largestBatch = Int.max
        var requests: [SyncRequest] = []
        var forgesDelivery = false
        var refusesDelivery: SyncError?
        var hasNoStreams = false
    }

    private let state = Mutex(State())

    /// Every request that was made, whatever became of it.
    var requests: [SyncRequest] { state.withLock { $0.requests } }

    /// What becomes of the next round trips, one after the other.
    func next(_ fates: Fate...) { next(fates) }

    /// The same, of a list.
    func next(_ fates: [Fate]) { state.withLock { $0.next = fates } }

    /// What becomes of all those that nothing else was said of.
    func otherwise(_ fate: Fate) { state.withLock { $0.otherwise = fate } }

    /// Batches of more changes are too large from now on.
    func set(largestBatch: Int) { state.withLock { $0.largestBatch = largestBatch } }

    /// Whether somebody else than the server answers deliveries of sealed outboxes.
    var forgesDelivery: Bool { state.withLock { $0.forgesDelivery } }

    func set(forgesDelivery: Bool) { state.withLock { $0.forgesDelivery = forgesDelivery } }

    /// How deliveries of sealed outboxes are refused; `nil` where they are not.
    var refusesDelivery: SyncError? { state.withLock { $0.refusesDelivery } }

    func set(refusesDelivery: SyncError?) {
        state.withLock { $0.refusesDelivery = refusesDelivery }
    }

    /// Whether the way to the server is one by which nobody can listen.
    var hasNoStreams: Bool { state.withLock { $0.hasNoStreams } }

    func set(hasNoStreams: Bool) { state.withLock { $0.hasNoStreams = hasNoStreams } }

    func fate(of request: SyncRequest) -> Fate {
        state.withLock { state in
            state.requests.append(request)
            if request.payloads.count > state.largestBatch { return .refused(.bodyTooLarge) }
            return state.next.isEmpty ? state.otherwise : state.next.removeFirst()
        }
    }
}

extension SyncError {
    fileprivate static let bodyTooLarge = SyncError(
        "body_too_large",
        "The body is too large",
        hint: "Send fewer changes at a time."
    )
}
