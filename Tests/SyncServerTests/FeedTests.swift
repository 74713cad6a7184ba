import StoreSQLite
import SyncTrust
import SyncProtocol
import SyncServer
import Testing

struct FeedTests {
    @Test("[F-01] a reader beside two writers reads every record, each once")
    func everyRecordOnce() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            var wu = try await world.device(named: "吴海", areas: Town.gaoting)
            var read: [RecordID] = []

            for number: UInt8 in 1...10 {
                try await lin.send(lin.change(id(number), to: dwelling(in: Town.gaoting)))
                try await hu.send(hu.change(id(number + 100), to: dwelling(in: Town.gaoting)))
                read += try await wu.read().flatMap(\.records).map(\.id)
            }

            #expect(read == (1...10).flatMap { [id($0), id($0 + 100)] })
            #expect(wu.bookmarks[area(Town.gaoting)]?.position.rawValue == 20)
        }
    }

    @Test("[F-01] a record that changes again is read at its latest position only")
    func latestOnly() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            try await lin.send(
                lin.change(id(1), to: person(in: Town.gaoting)),
                lin.change(id(2), to: dwelling(in: Town.gaoting))
            )
            try await lin.send(lin.change(id(1), to: Person { $0.remark = "夜班" }, saw: 1))

            let pages = try await hu.read()

            let records = pages.flatMap(\.records)
            #expect(records.map(\.id) == [id(2), id(1)])
            #expect(records.map(\.revision.rawValue) == [1, 2])
            let again = try await hu.read()
            #expect(again.isEmpty)
        }
    }

    @Test("[F-02] a departure ends the placement in its area and no other")
    func departure() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.dongsha)
            var chen = try await world.device(named: "陈建国", areas: Town.county)
            try await chen.send(chen.change(id(1), to: person(in: Town.gaoting, Town.dongsha)))
            try await lin.read()
            try await chen.read()

            try await chen.send(
                chen.change(id(2), to: dwelling(in: Town.dongsha)),
                chen.change(id(3), to: registration(of: id(1), at: id(2), in: Town.dongsha))
            )
            let news = try await lin.read()
            try await hu.read()
            try await chen.read()

            #expect(news.flatMap(\.departures) == [id(1)])
            #expect(lin.heldRecords.isEmpty)
            #expect(hu.heldRecords == [id(1), id(2), id(3)])
            #expect(chen.heldRecords == [id(1), id(2), id(3)])
            #expect(chen.places[id(1)] == [area(Town.dongsha)])
        }
    }

    @Test("[F-02] a record that comes back to an area is held there again")
    func comesBack() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var chen = try await world.device(named: "陈建国", areas: Town.county)
            try await chen.send(chen.change(id(2), to: dwelling(in: Town.gaoting)))
            try await lin.read()

            try await chen.send(chen.change(id(2), to: dwelling(in: Town.dongsha), saw: 1))
            try await chen.send(chen.change(id(2), to: dwelling(in: Town.gaoting), saw: 2))
            let news = try await lin.read()

            #expect(news.flatMap(\.departures).isEmpty)
            #expect(lin.heldRecords == [id(2)])
            #expect(lin.held[id(2)]?.revision.rawValue == 3)
        }
    }

    @Test("[F-03] a new reader gets neither old departures nor old tombstones")
    func newReader() async throws {
        try await World.run { world in
            var chen = try await world.device(named: "陈建国", areas: Town.county)
            try await chen.send(
                chen.change(id(1), to: dwelling(in: Town.gaoting)),
                chen.change(id(2), to: dwelling("人民路2号", in: Town.gaoting)),
                chen.change(id(3), to: dwelling("人民路3号", in: Town.gaoting)),
                chen.change(id(4), to: dwelling("人民路4号", in: Town.gaoting))
            )
            try await chen.send(
                chen.change(id(1), to: dwelling(in: Town.dongsha), saw: 1),
                chen.deletion(of: id(2), Dwelling.recordType, saw: 1)
            )
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)

            let pages = try await lin.read()

            #expect(pages.flatMap(\.records).map(\.id) == [id(3), id(4)])
            #expect(pages.flatMap(\.departures).isEmpty)
            #expect(lin.bookmarks[area(Town.gaoting)]?.position.rawValue == 6)
        }
    }

    @Test("[F-03] whoever holds a record hears that it was deleted, without its contents")
    func tombstone() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: person(in: Town.gaoting)))
            try await hu.read()

            try await lin.send(lin.deletion(of: id(1), Person.recordType, saw: 1))
            let news = try await hu.read()

            let copy = try #require(news.flatMap(\.records).first)
            let travels = copy.encoded
            #expect(copy.isDeleted && copy.revision.rawValue == 2)
            #expect(!travels.contains(subsequence: Array("王芳".utf8)))
            #expect(hu.heldRecords.isEmpty)
        }
    }

    @Test("[F-06] opening a conflict brings the record again, with the conflict")
    func conflict() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: person("王芳", in: Town.gaoting)))
            try await lin.read()

            try await hu.send(hu.change(id(1), to: person("王方", in: Town.gaoting)))
            let news = try await lin.read()

            let copy = try #require(news.flatMap(\.records).first)
            let message = try FieldMap(try #require(copy.conflicts.first))
            #expect(copy.id == id(1) && copy.conflicts.count == 1)
            #expect(message.number(of: 1) > 0)
            #expect(message.value(of: 2).map { Array($0) } == id(1).bytes)
        }
    }
}

extension Array where Element == UInt8 {
    fileprivate func contains(subsequence other: [UInt8]) -> Bool {
        guard other.count <= count else { return false }
        return (0...count - other.count).contains { self[$0..<$0 + other.count] == other[...] }
    }
}
