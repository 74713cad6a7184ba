import LocalSQLite
import SyncClient
import SyncProtocol
import Testing

@Suite(.plainAndSealed) struct ListingTests {
    private let scratch = Scratch()

    @Test func `a search takes percent signs, underscores and backslashes literally`() async throws
    {
        let store = try await filled([
            Sample.person(1, "张三", remark: "完成 50%"), Sample.person(2, "李四", remark: "完成 50 成"),
            Sample.person(3, "王五", remark: "a_b"), Sample.person(4, "赵六", remark: "axb"),
            Sample.person(5, "孙七", remark: #"c\d"#),
        ])

        let percent = try await found("50%", in: store)
        let underscore = try await found("a_b", in: store)
        let backslash = try await found(#"c\d"#, in: store)
        let lone = try await found("%", in: store)

        #expect(percent == [1])
        #expect(underscore == [3])
        #expect(backslash == [5])
        #expect(lone == [1])
    }

    @Test func `a search finds only what is visible, up to a limit`() async throws {
        var deleted = Sample.person(1, "张三")
        deleted.visible = nil
        let store = try await filled([
            deleted, Sample.person(2, "张山"), Sample.person(3, "张三丰"), Sample.person(4, "张三"),
        ])

        let all = try await store.read { try $0.search(["张三"], limit: 10).count }
        let one = try await store.read { try $0.search(["张"], limit: 1).count }
        let counts = try await store.read { try $0.counts() }

        #expect(all == 2)
        #expect(one == 1)
        #expect(counts == [Person.recordType.number: 3])
    }

    @Test func `a prefix finds one record, or shows that there are several`() async throws {
        let store = try await filled([
            Sample.person(0x01, "张三"), Sample.person(0x12, "李四"), Sample.person(0x13, "王五"),
            Sample.person(0x14, "赵六"),
        ])

        let one = try await store.read { try $0.records(withPrefix: "12ab").map(\.id) }
        let several = try await store.read { try $0.records(withPrefix: "1").count }
        let none = try await store.read { try $0.records(withPrefix: "ff") }

        #expect(one == [Sample.id(0x12)])
        #expect(several == 2)
        #expect(none.isEmpty)
    }

    @Test func `an area lists what stands within it, and where a record says that it will stand`()
        async throws
    {
        var captured = LocalRecord(id: Sample.id(3), type: Person.recordType.number)
        captured.visible =
            Person {
                $0.name = "王五"
                $0.capturedIn = [Sample.harbour.rawValue]
            }.fieldMap
        let store = try await filled([
            Sample.person(1, "张三", areas: [Sample.harbour, Sample.hill]),
            Sample.person(2, "李四", areas: [Sample.hill]), captured,
        ])

        let harbour = try await listed(in: Sample.harbour, store)
        let county = try await listed(in: Sample.area("330921"), store)
        let elsewhere = try await listed(in: Sample.area("330922"), store)
        let everywhere = try await listed(in: nil, store)

        #expect(Set(harbour) == [1, 3])
        #expect(Set(county) == [1, 2, 3])
        #expect(elsewhere.isEmpty)
        #expect(everywhere.count == 3)
    }

    @Test func `a list goes by title, a page at a time`() async throws {
        let store = try await filled([
            Sample.person(1, "c"), Sample.person(2, "a"), Sample.person(3, "b"),
        ])

        let whole = try await listed(in: nil, store)
        let page = try await store.read {
            try $0.records(ofType: 1, in: nil, offset: 1, limit: 1).map(\.id)
        }

        #expect(whole == [2, 3, 1])
        #expect(page == [Sample.id(3)])
    }

    @Test func `an erased record stands nowhere and is not found`() async throws {
        let store = try await filled([Sample.person(1, "张三", areas: [Sample.harbour])])

        try await store.write { transaction in
            try transaction.set(conflicts: [[1]], of: Sample.id(1))
            try transaction.erase(Sample.id(1))
        }

        try await store.read { reader in
            try #expect(reader.record(Sample.id(1)) == nil)
            try #expect(reader.search(["张三"], limit: 10).isEmpty)
            try #expect(reader.conflictCount() == 0)
        }
        let areas = try await store.write { try $0.placedAreas() }
        #expect(areas.isEmpty)
    }

    @Test func `a record stands where it was placed and not displaced`() async throws {
        let store = try await filled([Sample.person(1, "张三", areas: [Sample.harbour])])

        try await store.write { transaction in
            try transaction.place(Sample.id(1), in: Sample.hill, mark: nil, isKept: true)
            try transaction.place(Sample.id(1), in: Sample.hill, mark: nil, isKept: true)
            try transaction.displace(Sample.id(1), from: Sample.harbour)
        }

        let (areas, standing) = try await store.write {
            (try $0.placedAreas(), try $0.records(standingIn: Sample.hill).map(\.id))
        }
        #expect(areas == [Sample.hill])
        #expect(standing == [Sample.id(1)])
    }

    private func filled(_ records: [LocalRecord]) async throws -> LocalSQLiteStore {
        let store = try scratch.open()
        try await store.write { transaction in
            for record in records {
                try transaction.save(record)
                for area in record.areas {
                    try transaction.place(record.id, in: area, mark: nil, isKept: true)
                }
            }
        }
        return store
    }

    /// The first bytes of the ids of the records that a word finds.
    private func found(_ word: String, in store: LocalSQLiteStore) async throws -> [UInt8] {
        try await store.read { try $0.search([word], limit: 10).compactMap(\.id.bytes.first) }
    }

    private func listed(
        in area: AreaCode?,
        _ store: LocalSQLiteStore
    ) async throws -> [UInt8] {
        try await store.read {
            try $0.records(ofType: 1, in: area, offset: 0, limit: 10)
                .compactMap(\.id.bytes.first)
        }
    }
}
