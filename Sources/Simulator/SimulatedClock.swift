internal import Chance
internal import SyncClient
internal import SyncProtocol
internal import Synchronization
internal import SyncTrust

/// The time of the world, which moves only when the world moves it.
final class WorldTime: Sendable {
    /// When every world begins, in milliseconds since 1970: 1 January 2026, noon in Zhoushan.
    static let start: Int64 = 1_767_240_000_000

    private let time = Mutex<Int64>(start)

    var now: Int64 { time.withLock { $0 } }

    /// Milliseconds since the world began.
    var elapsed: Int64 { now - Self.start }

    func advance(to moment: Int64) { time.withLock { $0 = max($0, moment) } }
}

/// A device's clock, as wrong as it may be, and the rest of what its client takes from the world.
final class SimulatedClock: Sendable {
    private struct State: Sendable {
        var offset: Int64
        var drift: Double
        var random: SplitMix64
    }

    private let world: WorldTime
    private let state: Mutex<State>

    convenience init(world: WorldTime, seed: UInt64, offset: Int64, drift: Double) {
        let random = SplitMix64(seed: seed)
        self.init(world: world, State(offset: offset, drift: drift, random: random))
    }

    private init(world: WorldTime, _ state: State) {
        self.world = world
        self.state = Mutex(state)
    }

    /// A clock that goes as this one does, and whose chances are the same, in another world.
    func copied(to world: WorldTime) -> SimulatedClock {
        SimulatedClock(world: world, state.withLock { $0 })
    }

    var now: Int64 {
        let (elapsed, now) = (world.elapsed, world.now)
        return state.withLock { now + $0.offset + Int64(Double(elapsed) * $0.drift) }
    }

    func jump(by milliseconds: Int64) { state.withLock { $0.offset += milliseconds } }

    var environment: ClientEnvironment {
        var environment = ClientEnvironment(
            now: { self.now },
            chance: { self.state.withLock { Double($0.random.below(1_000)) / 1_000 } },
            // Nobody waits: pauses are for a server that others ask meanwhile.
            sleep: { _ in },
            mintID: {
                let now = max(0, self.now)
                return self.state.withLock { RecordID.minted(at: now, using: &$0.random) }
            }
        )
        environment.mintKey = { self.state.withLock { $0.random.bytes(32) } }
        return environment
    }
}
