import SyncProtocol
import SyncServer
import Testing

struct EstimateTests {
    @Test("[F-09] a device is told how much there is for it, and then finds just that")
    func asMuchAsComes() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var chen = try await world.device(named: "陈建国", areas: Town.county)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            try await lin.send(
                lin.change(id(1), to: person(in: Town.gaoting)),
                lin.change(id(2), to: person(in: Town.gaoting)),
                lin.change(id(3), to: dwelling(in: Town.gaoting))
            )
            // Nobody in this town is told of it.
            try await chen.send(chen.change(id(9), to: person(in: Town.dongsha)))

            let new = try await world.service.estimate(NewsQuestion([]), for: hu.id)
            let pages = try await hu.read()
            let known = try await world.service.estimate(
                NewsQuestion(Array(hu.bookmarks.values)),
                for: hu.id
            )

            #expect(new.records == ["Person": 2, "Dwelling": 1])
            #expect(pages.flatMap(\.records).count == 3)
            #expect(new.bytes > 800)
            #expect(known.records.isEmpty && known.departures == 0)
            #expect(known.bytes < new.bytes)
        }
    }

    @Test("[F-09] departures and open conflicts are counted, too")
    func departuresAndConflicts() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            var wu = try await world.device(named: "吴海", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: person(in: Town.gaoting)))
            try await hu.read()
            try await wu.read()
            try await lin.send(lin.change(id(1), to: Person { $0.name = "王芳" }, saw: 1))
            try await hu.send(hu.change(id(1), to: Person { $0.name = "王方" }, saw: 1))

            let estimate = try await world.service.estimate(
                NewsQuestion(Array(wu.bookmarks.values)),
                for: wu.id
            )

            #expect(estimate.records == ["Person": 1])
            #expect(estimate.conflicts == 1)
        }
    }

    @Test("[F-09] a question in JSON comes back as it was, and what is none is refused")
    func json() throws {
        let bookmark = Bookmark(
            area: area(Town.gaoting),
            position: Position(rawValue: 7),
            floor: Position(rawValue: 9)
        )

        let read = try NewsQuestion(json: NewsQuestion([bookmark]).json)

        #expect(read.read == [bookmark])
        #expect(throws: SyncError.self) { try NewsQuestion(json: Array("[]".utf8)) }
    }
}
