import Chance
import SyncClient
import Synchronization
import SyncProtocol

/// A clock that moves only when a story moves it, and the rest of what a client takes from the world.
final class TestClock: Sendable {
    private struct State {
        var now: Int64
        var random: SplitMix64
        var chance = 0.5
        var slept: [Duration] = []
    }

    private let state: Mutex<State>

    init(at now: Int64, seed: UInt64 = 1) {
        state = Mutex(State(now: now, random: SplitMix64(seed: seed)))
    }

    /// Milliseconds since 1970.
    var now: Int64 { state.withLock { $0.now } }

    /// How long somebody wanted to wait, each time; nobody ever does.
    var slept: [Duration] { state.withLock { $0.slept } }

    func set(to now: Int64) { state.withLock { $0.now = now } }

    func advance(by milliseconds: Int64) { state.withLock { $0.now += milliseconds } }

    /// What `chance` gives from now on.
    func set(chance: Double) { state.withLock { $0.chance = chance } }

    var environment: ClientEnvironment {
        ClientEnvironment(
            now: { self.now },
            chance: { self.state.withLock { $0.chance } },
            sleep: { duration in self.state.withLock { $0.slept.append(duration) } },
            mintID: { self.mintID() }
        )
    }

    private func mintID() -> RecordID {
        state.withLock { state in
            let now = state.now
            return RecordID.minted(at: now, using: &state.random)
        }
    }
}
