import LocalSQLite
import SyncClient
import SyncProtocol
import Testing

@Suite(.plainAndSealed) struct ArrivalsTests {
    private let scratch = Scratch()

    /// A record as the server gave it.
    private func given(_ number: UInt8, _ name: String, isDeleted: Bool = false) -> Arrival {
        var record = Sample.person(number, name, areas: [Sample.harbour])
        record.acknowledged = LocalRecord.Acknowledged(
            base: Base(epoch: Sample.epoch, revision: Revision(rawValue: UInt64(number))),
            fields: isDeleted ? FieldMap() : record.visible ?? FieldMap(),
            isDeleted: isDeleted,
            clock: Sample.noon
        )
        if isDeleted { record.visible = nil }
        return Arrival(
            record: record,
            mark: isDeleted ? nil : UInt128(number) << 64 | 7,
            conflicts: number == 2 ? [[1, 2], [3]] : []
        )
    }

    @Test func `records that are admitted together are kept as they would be one by one`()
        async throws
    {
        let arrivals = [given(1, "张三"), given(2, "李四"), given(3, "", isDeleted: true)]
        let other = Scratch()
        let (together, apart) = (try scratch.open(), try other.open())

        try await together.write { try $0.admit(arrivals, to: Sample.harbour) }
        try await apart.write { transaction in
            for arrival in arrivals {
                let id = arrival.record.id
                try transaction.place(id, in: Sample.harbour, mark: arrival.mark, isKept: true)
                try transaction.set(conflicts: arrival.conflicts, of: id)
                try transaction.save(arrival.record)
            }
        }

        let held = try await together.read { try Held($0, arrivals.map(\.record.id)) }
        #expect(held.records == arrivals.map(\.record))
        #expect(held.digests[Sample.harbour]?.records == 2)
        #expect(held.conflicts[1] == [[1, 2], [3]])
        #expect(try await apart.read { try Held($0, arrivals.map(\.record.id)) } == held)
    }

    @Test func `nothing is unheard of that a record, a place, a capture or a finding names`()
        async throws
    {
        let store = try scratch.open()
        let ids = (1...130).map { Sample.id($0) }
        var redirected = Sample.person(1, "张三")
        redirected.redirect = Sample.id(4)
        let pointing = redirected

        try await store.write { transaction in
            try transaction.save(pointing)
            try transaction.place(Sample.id(2), in: Sample.hill, mark: 9, isKept: false)
            try transaction.append(Sample.change(1, of: Sample.id(3)))
            try transaction.save(Sample.person(120, "王五"))
        }

        let unheard = try await store.read { try $0.unheard(ids) }
        #expect(Set(ids).subtracting(unheard) == Set([1, 2, 3, 4, 120].map { Sample.id($0) }))
    }
}

/// What a store says of some records.
private struct Held: Equatable, Sendable {
    let records: [LocalRecord?]
    let conflicts: [[[UInt8]]]
    let digests: [AreaCode: AreaDigest]
    let marks: [RecordID: UInt128?]
    let found: [RecordID]
    let listed: [RecordID]

    init(_ reader: any LocalReader, _ ids: [RecordID]) throws {
        records = try ids.map(reader.record)
        conflicts = try ids.map(reader.conflicts)
        digests = try reader.digests()
        marks = try reader.marks(in: Sample.harbour, endingWith: "")
        found = try reader.search(["李"], limit: 10).map(\.id)
        let type = Person.recordType.number
        listed = try reader.records(ofType: type, in: Sample.harbour, offset: 0, limit: 10)
            .map(\.id)
    }
}
