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
        var boot = 1
        var uptime: Int64?
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

    func advance(by milliseconds: Int64) {
        state.withLock { state in
            state.now += milliseconds
            state.uptime? += milliseconds
        }
    }

    /// Gives the device a clock of its own that runs since it was started, which is now.
    func start() {
        state.withLock { state in
            state.boot += 1
            state.uptime = 0
        }
    }

    /// What `chance` gives from now on.
    func set(chance: Double) { state.withLock { $0.chance = chance } }

    var environment: ClientEnvironment {
        var environment = ClientEnvironment(
            now: { self.now },
            chance: { self.state.withLock { $0.chance } },
            sleep: { duration in self.state.withLock { $0.slept.append(duration) } },
            mintID: { self.mintID() }
        )
        environment.uptime = {
            self.state.withLock { state in
                state.uptime.map { DeviceUptime(boot: String(state.boot), milliseconds: $0) }
            }
        }
        return environment
    }

    private func mintID() -> RecordID {
        state.withLock { state in
            let now = state.now
            return RecordID.minted(at: now, using: &state.random)
        }
    }
}
