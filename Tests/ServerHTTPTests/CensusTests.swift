import ServerHTTP
import SyncProtocol
import Synchronization
import Testing

struct CensusTests {
    /// A machine whose time passes only while somebody counts on it, or where a story says so.
    private final class Machine: Sendable {
        struct State {
            var seconds = 0.0
            var takes: Double
            var counts = 0
            var isBroken = false
        }

        let state: Mutex<State>

        init(takes: Double) { state = Mutex(State(takes: takes)) }

        var counts: Int { state.withLock { $0.counts } }
        var seconds: Double { state.withLock { $0.seconds } }
        func pass(_ seconds: Double) { state.withLock { $0.seconds += seconds } }

        /// Finds out how often it has counted.
        func census() -> Census<Int> {
            Census(clock: { self.state.withLock { $0.seconds } }) {
                try self.state.withLock { state in
                    state.seconds += state.takes
                    guard !state.isBroken else { throw SyncError.gone }
                    state.counts += 1
                    return state.counts
                }
            }
        }
    }

    /// Lets a count run that nobody waits for, where there is one.
    private static func settle() async {
        for _ in 0..<1_000 { await Task.yield() }
    }

    @Test func `what is counted in a moment is never old`() async throws {
        let machine = Machine(takes: 0.02)
        let census = machine.census()

        let told = try await [census.figures, census.figures, census.figures]

        #expect(told == [1, 2, 3])
    }

    @Test
    func `what takes long to count takes a hundredth of the time, and nobody waits for it again`()
        async throws
    {
        let machine = Machine(takes: 3)
        let census = machine.census()

        let first = try await census.figures
        machine.pass(296)
        let still = try await census.figures
        await Self.settle()
        let counts = machine.counts
        machine.pass(2)
        let counting = try await census.figures
        while machine.counts < 2 { await Task.yield() }
        var last = try await census.figures
        while last < 2 {
            await Task.yield()
            last = try await census.figures
        }

        #expect([first, still, counting] == [1, 1, 1])
        #expect(counts == 1 && last == 2)
        #expect(machine.counts == 2)
    }

    @Test func `those who ask at the same time have it counted once`() async throws {
        let machine = Machine(takes: 3)
        let census = machine.census()

        let told = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<20 { group.addTask { try await census.figures } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }

        #expect(told == [1])
        #expect(machine.counts == 1)
    }

    @Test func `a count that failed is made again by whoever asks next`() async throws {
        let machine = Machine(takes: 0.02)
        let census = machine.census()

        machine.state.withLock { $0.isBroken = true }
        await #expect(throws: SyncError.self) { try await census.figures }
        machine.state.withLock { $0.isBroken = false }
        let told = try await census.figures

        #expect(told == 1)
    }

    @Test
    func `a long count that fails behind known figures is told of, and not made again at once`()
        async throws
    {
        let machine = Machine(takes: 3)
        let census = machine.census()

        let first = try await census.figures
        machine.state.withLock { $0.isBroken = true }
        machine.pass(300)
        let before = machine.seconds
        let counting = try await census.figures
        while machine.seconds == before { await Task.yield() }
        var failures = 0
        while failures < 3 {
            await Task.yield()
            do { _ = try await census.figures } catch { failures += 1 }
        }
        let after = machine.seconds
        machine.state.withLock { $0.isBroken = false }
        machine.pass(300)
        let again = try await census.figures

        #expect([first, counting, again] == [1, 1, 2])
        #expect(after == before + 3)
    }

    @Test func `however long counting takes, it is done every quarter of an hour`()
        async throws
    {
        let machine = Machine(takes: 60)
        let census = machine.census()

        _ = try await census.figures
        machine.pass(800)
        _ = try await census.figures
        await Self.settle()
        let before = machine.counts
        machine.pass(100)
        _ = try await census.figures
        while machine.counts < 2 { await Task.yield() }

        #expect(before == 1)
        #expect(machine.counts == 2)
    }
}

extension SyncError {
    fileprivate static let gone = SyncError("database_busy", "The database is away", hint: "Wait.")
}
