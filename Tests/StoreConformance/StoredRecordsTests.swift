import SyncProtocol
import SyncServer
import Testing

struct StoredRecordsTests {
    @Test(arguments: StoreKind.available)
    func `a record comes back with its stamps, placements and open conflicts`(
        in kind: StoreKind
    ) async throws {
        let record = StoredRecord(
            state: Sample.workedState(1),
            placements: [
                Placement(area: Sample.gaoting, position: Position(rawValue: 15)),
                Placement(area: Sample.dongsha, position: Position(rawValue: 3)),
            ],
            openConflicts: 2
        )

        try await kind.withStore { store, _ in
            try await store.write { try $0.save([RecordWrite(record: record)]) }

            let found = try await store.read { transaction in
                try transaction.records([Sample.record(1), Sample.record(2)])
            }
            #expect(found == [Sample.record(1): record])
            #expect(record.state.isDeleted)
            #expect(record.state.revision.rawValue == 3)
        }
    }

    @Test(arguments: StoreKind.available)
    func `a record that is kept again replaces itself`(in kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await store.write { try $0.place(Sample.state(1), in: [Sample.gaoting]) }
            let worked = StoredRecord(
                state: Sample.workedState(1),
                placements: [],
                openConflicts: 0
            )

            try await store.write { try $0.save([RecordWrite(record: worked)]) }

            let found = try await store.read { try $0.records(ofType: nil, after: nil, limit: 10) }
            #expect(found == [worked])
        }
    }

    @Test(arguments: StoreKind.available)
    func `records are listed by id, by type and a page at a time`(
        in kind: StoreKind
    ) async throws {
        try await kind.withStore { store, _ in
            try await store.write { transaction in
                for number: UInt8 in [5, 1, 4, 2, 3] {
                    try transaction.place(Sample.state(number), in: [Sample.gaoting])
                }
            }

            try await store.read { transaction in
                func page(_ type: UInt32?, after id: RecordID?, _ limit: Int) throws -> [RecordID] {
                    try transaction.records(ofType: type, after: id, limit: limit).map(\.state.id)
                }
                let ids = (1...5).map { Sample.record($0) }.sorted()
                let person = Person.recordType.number
                try #expect(page(nil, after: nil, 10) == ids)
                try #expect(page(person, after: nil, 2) == Array(ids.prefix(2)))
                try #expect(page(person, after: ids[1], 2) == Array(ids[2..<4]))
                try #expect(page(person, after: ids[4], 2).isEmpty)
                try #expect(page(Dwelling.recordType.number, after: nil, 10).isEmpty)
            }
        }
    }

    @Test(arguments: StoreKind.available)
    func `live records are found by the areas in which they stand, each once and by id`(
        in kind: StoreKind
    ) async throws {
        try await kind.withStore { store, _ in
            try await store.write { transaction in
                try transaction.place(Sample.state(3), in: [Sample.gaoting, Sample.dongsha])
                try transaction.place(Sample.state(1), in: [Sample.dongsha])
                try transaction.place(Sample.state(2), in: [Sample.gaoting])
                try transaction.place(Self.deleted(4), in: [Sample.gaoting])
            }

            try await store.read { transaction in
                func ids(
                    _ type: UInt32? = nil,
                    under areas: String...,
                    after id: RecordID? = nil
                ) throws -> [RecordID] {
                    let codes = areas.compactMap { AreaCode($0) }
                    return try transaction.ids(ofType: type, under: codes, after: id)
                }
                let (gaoting, dongsha) = (Sample.gaoting.rawValue, Sample.dongsha.rawValue)
                let all = (1...3).map { Sample.record($0) }.sorted()
                let inGaoting = [2, 3].map { Sample.record($0) }.sorted()
                try #expect(ids(under: gaoting) == inGaoting)
                try #expect(ids(under: gaoting, dongsha) == all)
                try #expect(ids(under: String(gaoting.prefix(4))) == all)
                try #expect(ids(under: gaoting, dongsha, after: all[0]) == Array(all[1...]))
                try #expect(ids(Person.recordType.number, under: gaoting) == inGaoting)
                try #expect(ids(Dwelling.recordType.number, under: gaoting).isEmpty)
                try #expect(ids(under: "330206").isEmpty)
                try #expect(ids().isEmpty)
            }
        }
    }

    @Test(arguments: StoreKind.available)
    func `references are found from the record that they refer to`(
        in kind: StoreKind
    ) async throws {
        let first = Self.reference(from: 1, field: 1)
        let second = Self.reference(from: 2, field: 2)

        try await kind.withStore { store, _ in
            try await store.write { transaction in
                try transaction.save([
                    Self.write(1, adding: [first]), Self.write(2, adding: [second]),
                ])
            }

            let both = try await store.read { try $0.referrers(of: [Sample.record(9)]) }
            let none = try await store.read { try $0.referrers(of: [Sample.record(1)]) }
            #expect(Set(both) == [first, second])
            #expect(both.count == 2)
            #expect(none.isEmpty)
        }
    }

    @Test(arguments: StoreKind.available)
    func `a reference that was removed is gone, and one that was kept stays`(
        in kind: StoreKind
    ) async throws {
        let first = Self.reference(from: 1, field: 1)
        let second = Self.reference(from: 1, field: 2)

        try await kind.withStore { store, _ in
            try await store.write { try $0.save([Self.write(1, adding: [first, second])]) }
            try await store.write { transaction in
                try transaction.save([
                    RecordWrite(record: Self.record(1), added: [second], removed: [first])
                ])
            }

            let left = try await store.read { try $0.referrers(of: [Sample.record(9)]) }
            #expect(left == [second])
        }
    }

    @Test(arguments: StoreKind.available)
    func `a deleted record still refers to what it referred to`(in kind: StoreKind) async throws {
        let reference = Self.reference(from: 1, field: 1)
        let tombstone = StoredRecord(
            state: Sample.workedState(1),
            placements: [],
            openConflicts: 0
        )

        try await kind.withStore { store, _ in
            try await store.write { try $0.save([Self.write(1, adding: [reference])]) }
            try await store.write { try $0.save([RecordWrite(record: tombstone)]) }

            let left = try await store.read { try $0.referrers(of: [Sample.record(9)]) }
            #expect(left == [reference])
        }
    }

    private static func reference(from source: UInt8, field: UInt32) -> Reference {
        Reference(target: Sample.record(9), source: Sample.record(source), field: field)
    }

    private static func record(_ number: UInt8) -> StoredRecord {
        StoredRecord(state: Sample.state(number), placements: [], openConflicts: 0)
    }

    private static func write(_ number: UInt8, adding added: Set<Reference>) -> RecordWrite {
        RecordWrite(record: record(number), added: added)
    }

    private static func deleted(_ number: UInt8) -> RecordState {
        let live = Sample.state(number)
        return RecordState(
            id: live.id,
            type: live.type,
            revision: live.revision,
            isDeleted: true,
            fields: live.fields,
            stamps: live.stamps
        )
    }
}
