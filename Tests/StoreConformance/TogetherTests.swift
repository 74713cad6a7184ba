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

    @Test(arguments: StoreKind.available)
    func `group after group is committed until none is left, and others write between them`(
        in kind: StoreKind
    ) async throws {
        try await kind.withStore { store, _ in
            let left = Mutex(30)
            let positions = Mutex<[UInt64]>([])
            async let other = store.write { try $0.takePositions(in: Sample.dongsha, count: 7) }
            await withCheckedContinuation { continuation in
                store.commit {
                    let isLast = left.withLock { left in
                        left -= 1
                        return left < 0
                    }
                    guard !isLast else {
                        continuation.resume()
                        return nil
                    }
                    let take: CommitGroup.Body = { transaction in
                        let position = try transaction.takePositions(in: Sample.gaoting, count: 1)
                        positions.withLock { $0.append(position.rawValue) }
                    }
                    return CommitGroup(bodies: [take, take]) { _ in }
                }
            }

            #expect(positions.withLock { $0 } == Array(1...60))
            try #expect(await other.rawValue == 1)
        }
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
