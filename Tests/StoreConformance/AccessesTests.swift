import SyncProtocol
import SyncServer
import Testing

/// What a store promises about the log of who read what.
struct AccessesTests {
    private static func entry(_ number: UInt64) -> StoredAccess {
        StoredAccess(
            number: number,
            at: Int64(number) * 1_000,
            content: [UInt8(truncatingIfNeeded: number), 0, 255],
            records: Sample.record(UInt8(truncatingIfNeeded: number)).bytes,
            chain: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 32)
        )
    }

    @Test(arguments: StoreKind.available)
    func `entries come back as they were, in their order, a few at a time`(
        _ kind: StoreKind
    )
        async throws
    {
        try await kind.withStore { store, _ in
            try await store.write { transaction in
                #expect(try transaction.lastAccess() == nil)
                for number: UInt64 in 1...5 { try transaction.append(Self.entry(number)) }
                #expect(try transaction.lastAccess() == Self.entry(5))
            }
            let (first, rest) = try await store.read {
                (try $0.accesses(after: 0, limit: 3), try $0.accesses(after: 3, limit: 3))
            }
            #expect(first == (1...3).map { Self.entry($0) })
            #expect(rest == (4...5).map { Self.entry($0) })
        }
    }

    @Test(arguments: StoreKind.available)
    func `what is removed is gone, and numbers go on`(_ kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await store.write { transaction in
                for number: UInt64 in 1...4 { try transaction.append(Self.entry(number)) }
                try transaction.removeAccesses(through: 3)
            }
            try await store.write { try $0.append(Self.entry(5)) }

            let left = try await store.read { try $0.accesses(after: 0, limit: 10) }
            #expect(left == [Self.entry(4), Self.entry(5)])
        }
    }

    @Test(arguments: StoreKind.available)
    func `no number is given twice`(_ kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await store.write { try $0.append(Self.entry(1)) }
            await #expect(throws: (any Error).self) {
                try await store.write { try $0.append(Self.entry(1)) }
            }
        }
    }
}
