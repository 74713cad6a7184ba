import SyncProtocol
import SyncServer
import Synchronization
import Testing

/// What several closures do in one commit.
struct TogetherTests {
    private typealias Body = @Sendable (any StoreTransaction) throws -> Int

    @Test(
        "[Q-02] one that throws leaves nothing behind and takes no other with it",
        arguments: StoreKind.available
    )
    func failsAlone(kind: StoreKind) async throws {
        try await kind.withStore { store, folder in
            let bodies: [Body] = [
                { transaction in
                    try transaction.save(Sample.device(1))
                    return 1
                },
                { transaction in
                    try transaction.save(Sample.device(2))
                    throw ChangedMind()
                },
                { _ in throw ChangedMind() },
                { transaction in
                    try transaction.save(Sample.device(3))
                    return try transaction.devices().count
                },
            ]

            let results = await store.together(bodies)

            #expect(results.map { try? $0.get() } == [1, nil, nil, 2])
            let reopened = try kind.open(folder)
            let devices = try await reopened.read { try $0.devices().map(\.id) }
            #expect(devices == [Sample.deviceID(1), Sample.deviceID(3)])
        }
    }

    @Test(arguments: StoreKind.available)
    func `each sees what those before it did, and positions go on`(in kind: StoreKind) async throws
    {
        try await kind.withStore { store, _ in
            let bodies: [Body] = (0..<5).map { _ in
                { Int(try $0.takePositions(in: Sample.gaoting, count: 2).rawValue) }
            }

            let results = await store.together(bodies)

            #expect(results.map { try? $0.get() } == [1, 3, 5, 7, 9])
        }
    }

    @Test(arguments: StoreKind.available)
    func `a refusal before anything was written disturbs nobody`(in kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            let bodies: [Body] = (0..<6).map { number in
                { transaction in
                    guard number.isMultiple(of: 2) else { throw ChangedMind() }
                    try transaction.save(Sample.device(UInt8(number + 1)))
                    return number
                }
            }

            let results = await store.together(bodies)

            #expect(results.map { try? $0.get() } == [0, nil, 2, nil, 4, nil])
        }
    }

    @Test(
        "[Q-09] while groups never run out, others write, here and from another process",
        arguments: StoreKind.available,
        [true, false]
    )
    func others(kind: StoreKind, isHere: Bool) async throws {
        try await kind.withStore { store, folder in
            // SQLite's lock is a connection's, whatever process that is of.
            let other = isHere ? store : try kind.open(folder)
            let log = GroupLog()
            await withCheckedContinuation { continuation in
                store.commit {
                    let (groups, isOver) = log.begin()
                    guard !isOver else {
                        continuation.resume()
                        return nil
                    }
                    if groups == 1 {
                        Task {
                            let write = try? await other.write {
                                try $0.takePositions(in: Sample.dongsha, count: 7)
                            }
                            if write != nil { log.noteOther() }
                        }
                    }
                    let take: CommitGroup.Body = { transaction in
                        log.note(try transaction.takePositions(in: Sample.gaoting, count: 1))
                        // It takes its time: a commit that is over at once is hardly in anybody's way.
                        for _ in 0..<100 { _ = try transaction.heads(under: [Sample.gaoting]) }
                    }
                    return CommitGroup(bodies: [take, take], done: log.note)
                }
            }

            let ended = log.ended
            #expect(ended.hasOtherWritten, "after \(ended.groups) groups")
            #expect(ended.positions == Array(1...UInt64(2 * ended.groups)))
            #expect(ended.failures == 0)
        }
    }
}

/// What happens while groups follow one another until somebody else has written.
private final class GroupLog: Sendable {
    struct State {
        var groups = 0
        var positions: [UInt64] = []
        var failures = 0
        var hasOtherWritten = false
    }

    private let state = Mutex(State())

    var ended: State { state.withLock { $0 } }

    /// The next group's number, and whether there is none.
    func begin() -> (Int, isOver: Bool) {
        state.withLock { state in
            guard !state.hasOtherWritten, state.groups < 1_000 else { return (state.groups, true) }
            state.groups += 1
            return (state.groups, false)
        }
    }

    func noteOther() { state.withLock { $0.hasOtherWritten = true } }

    func note(_ position: Position) { state.withLock { $0.positions.append(position.rawValue) } }

    @Sendable func note(_ results: [Result<Void, any Error>]) {
        for case .failure in results { state.withLock { $0.failures += 1 } }
    }
}

extension Store {
    /// Runs closures as one group; what each gave.
    fileprivate func together<R: Sendable>(
        _ bodies: [@Sendable (any StoreTransaction) throws -> R]
    ) async -> [Result<R, any Error>] {
        let given = bodies.map { _ in Kept<R>() }
        let results = await withCheckedContinuation { continuation in
            let group = CommitGroup(
                bodies: zip(bodies, given).map { body, given in { try given.keep(body($0)) } },
                done: { continuation.resume(returning: $0) }
            )
            let left = Kept<CommitGroup>()
            left.keep(group)
            commit { left.take() }
        }
        return zip(results, given).map { result, given in
            result.flatMap {
                given.take().map(Result.success) ?? .failure(ChangedMind())
            }
        }
    }
}

/// A value that is handed over once.
private final class Kept<Value: Sendable>: Sendable {
    private let last = Mutex<Value?>(nil)

    func keep(_ value: Value) { last.withLock { $0 = value } }

    func take() -> Value? {
        last.withLock { last in
            defer { last = nil }
            return last
        }
    }
}
