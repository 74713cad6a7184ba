import SyncProtocol
import SyncServer
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

            let results = await store.writeTogether(bodies)

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

            let results = await store.writeTogether(bodies)

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

            let results = await store.writeTogether(bodies)

            #expect(results.map { try? $0.get() } == [0, nil, 2, nil, 4, nil])
        }
    }
}
