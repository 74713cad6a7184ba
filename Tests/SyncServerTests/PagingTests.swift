import StoreSQLite
import SyncTrust
import SyncProtocol
import SyncServer
import Testing

struct PagingTests {
    /// A county's device that captured twelve dwellings in two towns, of which two then moved.
    private func filled(_ world: World) async throws -> TestDevice {
        var chen = try await world.device(named: "陈建国", areas: Town.county)
        for number: UInt8 in 1...12 {
            let town = number.isMultiple(of: 2) ? Town.gaoting : Town.dongsha
            try await chen.send(
                chen.change(id(number), to: dwelling("人民路\(number)号", in: town))
            )
        }
        try await chen.send(
            chen.change(id(2), to: dwelling(in: Town.dongsha), saw: 1),
            chen.change(id(3), to: dwelling(in: Town.gaoting), saw: 1)
        )
        return chen
    }

    @Test(
        "[F-04] pages of any size bring the same, each record once",
        arguments: [1, 60, 150, 400]
    )
    func anyBudget(budget: Int) async throws {
        try await World.run { world in
            _ = try await filled(world)
            var large = try await world.device(named: "林小梅", areas: Town.county)
            var small = try await world.device(named: "胡敏", areas: Town.county)

            let whole = try await large.read()
            let parts = try await small.read(budget: budget)

            #expect(whole.count == 2)
            #expect(parts.count > whole.count)
            #expect(parts.flatMap(\.records) == whole.flatMap(\.records))
            #expect(parts.flatMap(\.departures).isEmpty && whole.flatMap(\.departures).isEmpty)
            #expect(small.bookmarks == large.bookmarks)
            #expect(small.heldRecords == Set((1...12).map { id($0) }))
        }
    }

    @Test("[F-04] a page holds at most what was asked for, and one record more")
    func bounded() async throws {
        try await World.run { world in
            _ = try await filled(world)
            var lin = try await world.device(named: "林小梅", areas: Town.county)

            let answer = try await lin.readOnce(budget: 1)

            #expect(answer.pages.flatMap(\.records).count == 1)
            #expect(answer.hasMore)
        }
    }

    @Test("[F-04] the server's own limit holds where the device names none, or a larger one")
    func serverLimit() async throws {
        var limits = Limits()
        limits.pageBytes = 100

        try await World.run(limits: limits) { world in
            _ = try await filled(world)
            var lin = try await world.device(named: "林小梅", areas: Town.county)
            var hu = try await world.device(named: "胡敏", areas: Town.county)

            let unnamed = try await lin.readOnce()
            let larger = try await hu.readOnce(budget: 1 << 20)

            #expect(unnamed.hasMore && unnamed.pages.flatMap(\.records).count < 4)
            #expect(larger.pages == unnamed.pages)
        }
    }

    @Test("[F-03] what leaves while a reader is on its way is told to it")
    func leavesMeanwhile() async throws {
        try await World.run { world in
            var chen = try await filled(world)
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            let first = try await lin.readOnce(budget: 1)
            let seen = try #require(first.pages.first?.records.first)

            try await chen.send(
                chen.change(
                    seen.id,
                    to: dwelling(in: Town.caiyuan),
                    saw: seen.revision.rawValue
                )
            )
            try await lin.read(budget: 1)

            #expect(!lin.heldRecords.contains(seen.id))
            #expect(lin.heldRecords.count == 5)
        }
    }

    @Test("[F-07] a bookmark above the server's head starts again at 0")
    func bookmarkAboveHead() async throws {
        try await World.run { world in
            _ = try await filled(world)
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            let town = area(Town.gaoting)
            lin.bookmarks[town] = Bookmark(area: town, position: Position(rawValue: 1_000))

            try await lin.read()

            #expect(lin.heldRecords.count == 6)
            #expect((lin.bookmarks[town]?.position.rawValue ?? 0) < 1_000)
        }
    }

    @Test("[F-07] [X-02] a request of another epoch is answered with the epoch alone")
    func bookmarkOfAnotherEpoch() async throws {
        try await World.run { world in
            _ = try await filled(world)
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            try await lin.read()
            let silence = try await lin.read()

            lin.epoch = Epoch(rawValue: lin.epoch.rawValue - 1)
            let answer = try await lin.ask()
            lin.epoch = answer.epoch
            lin.bookmarks = lin.bookmarks.mapValues { Bookmark(area: $0.area, position: .start) }
            let again = try await lin.read()

            #expect(silence.isEmpty)
            #expect(answer.pages.isEmpty)
            #expect(answer.epoch == world.epoch)
            #expect(again.flatMap(\.records).count == 6)
            #expect(again.first?.restarts == true)
        }
    }
}
