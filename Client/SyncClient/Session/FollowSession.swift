public import SyncProtocol

/// What the server says on a stream of events [S-01].
public enum NewsEvent: Hashable, Sendable {
    /// The stream lives.
    case beat
    /// There is something to read; up to where, if the server tells.
    case news(NewsMark?)
    /// The stream ends; the server asks to come back after so long.
    case goodbye(retry: Duration?)
}

/// Decides what a device does that keeps up with its server: sync, listen, wait.
///
/// > [S-07] A device without a stream asks now and then instead; waits are spread out, and double while nobody
/// > answers.
package struct FollowSession: ~Copyable {
    /// What happened.
    package enum Event: Sendable {
        case started
        /// A sync ended well.
        case synced
        /// A sync did not; `chance` is drawn from 0 to 1, here and below.
        case failed(chance: Double)
        /// The server said something; what the device itself has read by now, and whether anything waits to be sent.
        case heard(NewsEvent, own: NewsMark, hasWork: Bool, chance: Double)
        /// The stream ended without a word, or there was none; how long the server asks to wait, in seconds.
        case cut(retryAfter: Int?, chance: Double)
        case waited
    }

    /// What to do next.
    package enum Action: Hashable, Sendable {
        case sync
        /// Hear the stream's next word; a stream is opened where none is.
        case listen
        /// Close the stream and wait.
        case wait(Duration)
    }

    private let interval: Duration
    /// How often in a row there was no answer, or no word on a stream.
    private var failures = 0

    /// A session that asks once in an interval where it cannot listen.
    package init(interval: Duration) { self.interval = interval }

    package mutating func handle(_ event: Event) -> Action {
        switch event {
        case .started, .waited: return .sync
        case .synced: return .listen
        case .failed(let chance): return backOff(chance)
        case .heard(let word, let own, let hasWork, let chance):
            switch word {
            case .beat:
                failures = 0
                return hasWork ? .sync : .listen
            case .news(let mark):
                failures = 0
                // > [S-02] Whoever's bookmarks make the same id has read everything: its own work, for one.
                return mark == own && !hasWork ? .listen : .sync
            case .goodbye(let retry): return retry.map { .wait($0) } ?? backOff(chance)
            }
        case .cut(let retryAfter, let chance):
            guard let retryAfter else { return backOff(chance) }
            return .wait(max(spread(interval, chance), .seconds(retryAfter)))
        }
    }

    private mutating func backOff(_ chance: Double) -> Action {
        failures += 1
        return .wait(spread(min(interval, .seconds(1 << min(failures, 20))), chance))
    }

    /// From half of a time to half as much again.
    private func spread(_ time: Duration, _ chance: Double) -> Duration { time * (0.5 + chance) }
}
