import SyncProtocol
import SyncServer
import Testing

struct PositionsTests {
    @Test(
        "[F-01] positions of an area follow each other without a gap",
        arguments: StoreKind.available
    )
    func consecutive(kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            let first = try await store.write { transaction in
                [
                    try transaction.takePositions(in: Sample.gaoting, count: 3),
                    try transaction.takePositions(in: Sample.dongsha, count: 1),
                    try transaction.takePositions(in: Sample.gaoting, count: 2),
                ]
            }
            let second = try await store.write { transaction in
                try transaction.takePositions(in: Sample.gaoting, count: 1)
            }

            #expect(first.map(\.rawValue) == [1, 1, 4])
            #expect(second.rawValue == 6)
        }
    }

    @Test(arguments: StoreKind.available)
    func `an area's head is the last position that was taken in it`(
        in kind: StoreKind
    ) async throws {
        try await kind.withStore { store, _ in
            try await store.write { transaction in
                _ = try transaction.takePositions(in: Sample.gaoting, count: 3)
                _ = try transaction.takePositions(in: Sample.dongsha, count: 1)
            }

            let heads = try await store.read { try $0.heads(under: [Sample.area("33")]) }
            #expect(heads.map { $0.area } == [Sample.gaoting, Sample.dongsha])
            #expect(heads.map { $0.head.rawValue } == [3, 1])
        }
    }

    @Test(arguments: StoreKind.available)
    func `an area contains every code that it is a prefix of, and no other`(
        in kind: StoreKind
    ) async throws {
        let codes = [
            "33", "3309", "330921", "330921101", "330921101001", "330921101999", "330921102",
            "330922101", "34",
        ]

        try await kind.withStore { store, _ in
            try await store.write { transaction in
                for code in codes.reversed() {
                    _ = try transaction.takePositions(in: Sample.area(code), count: 1)
                }
            }

            try await store.read { transaction in
                func under(_ areas: String...) throws -> [String] {
                    try transaction.heads(under: areas.map { Sample.area($0) })
                        .map { $0.area.rawValue }
                }
                try #expect(under("33") == Array(codes.prefix(8)))
                try #expect(under("330921") == Array(codes[2...6]))
                try #expect(under("330921101") == Array(codes[3...5]))
                try #expect(under("330921101001") == ["330921101001"])
                try #expect(under("330921103").isEmpty)
                try #expect(under().isEmpty)
            }
        }
    }

    @Test(arguments: StoreKind.available)
    func `areas that lie in one another are given once, in the order of their codes`(
        in kind: StoreKind
    ) async throws {
        try await kind.withStore { store, _ in
            try await store.write { transaction in
                for area in [Sample.dongsha, Sample.gaoting] {
                    _ = try transaction.takePositions(in: area, count: 1)
                }
            }

            let heads = try await store.read { transaction in
                try transaction.heads(under: [Sample.dongsha, Sample.area("33"), Sample.gaoting])
            }
            #expect(heads.map { $0.area } == [Sample.gaoting, Sample.dongsha])
        }
    }
}
