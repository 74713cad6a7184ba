import StoreSQLite
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

struct PruningTests {
    private let days: Int64 = 24 * 3600 * 1000
    private let gaoting = area(Town.gaoting)

    @Test("[F-08] a tombstone stays for 180 days, however soon everybody has read it")
    func forHalfAYear() async throws {
        try await World.run { world in
            var (lin, hu) = try await world.settled()
            try await lin.send(lin.deletion(of: id(1), Dwelling.recordType, saw: 1))
            try await lin.read()
            try await hu.read()
            world.clock.advance(by: 100 * days)
            // With its bookmarks a device says how far it has read.
            try await lin.read()
            try await hu.read()

            world.clock.advance(by: SyncService.horizon - 100 * days)
            let early = try await world.service.prune()
            world.clock.advance(by: 1)
            let late = try await world.service.prune()
            let again = try await world.service.prune()

            let record = try await world.known(id(1))
            #expect([early, late, again] == [0, 1, 0])
            #expect(record.state.isDeleted && record.placements.isEmpty)
        }
    }

    @Test("[F-08] a tombstone waits for every device that is not expired, and then no longer")
    func untilRead() async throws {
        try await World.run { world in
            var (lin, hu) = try await world.settled()
            try await lin.send(lin.deletion(of: id(1), Dwelling.recordType, saw: 1))
            try await lin.read()
            world.clock.advance(by: 100 * days)
            try await lin.read()
            // Hu sends, and so is heard of, and takes no news.
            try await hu.send(hu.change(id(3), to: dwelling("人民路3号", in: Town.gaoting)))
            world.clock.advance(by: SyncService.horizon - 100 * days + 1)

            let waiting = try await world.service.prune()
            let news = try await hu.read()
            try await hu.read()
            let read = try await world.service.prune()
            try await lin.send(lin.change(id(4), to: dwelling("人民路4号", in: Town.gaoting)))
            let later = try await hu.read()

            #expect(waiting == 0 && read == 1)
            #expect(news.flatMap(\.records).filter(\.isDeleted).map(\.id) == [id(1)])
            // Who has read past what left goes on from its bookmark.
            #expect(later.map(\.restarts) == [false])
            #expect(later.flatMap(\.records).map(\.id) == [id(4)])
            #expect(hu.heldRecords == [id(2), id(3), id(4)])
        }
    }

    @Test("[F-08] a device that has never read holds nothing back")
    func neverRead() async throws {
        try await World.run { world in
            var (lin, _) = try await world.settled()
            try await lin.send(lin.deletion(of: id(1), Dwelling.recordType, saw: 1))
            world.clock.advance(by: SyncService.horizon + 1)
            var wu = try await world.device(named: "吴海", areas: Town.gaoting)

            let pruned = try await world.service.prune()
            let pages = try await wu.read()

            #expect(pruned == 1)
            #expect(pages.map(\.restarts) == [false])
            #expect(wu.heldRecords == [id(2)])
        }
    }

    @Test("[F-08] an expired device starts again, and keeps what still stands and what it captured")
    func expired() async throws {
        try await World.run { world in
            var (lin, hu) = try await world.settled()
            try await lin.send(
                lin.deletion(of: id(1), Dwelling.recordType, saw: 1),
                lin.change(id(3), to: dwelling("人民路3号", in: Town.gaoting))
            )
            try await lin.send(lin.change(id(3), to: dwelling(in: Town.dongsha), saw: 1))
            world.clock.advance(by: SyncService.horizon + 1)
            let pruned = try await world.service.prune()
            try await lin.send(lin.change(id(4), to: dwelling("人民路4号", in: Town.gaoting)))
            hu.number([hu.change(id(2), to: Dwelling { $0.remark = "二楼" }, saw: 1).payload])

            let outcomes = try await hu.resend(1...1).outcomes
            let pages = try await hu.read(budget: 1)

            let standing = hu.heldRecords.intersection(pages.flatMap(\.records).map(\.id))
            let head = try await world.store.read { [gaoting] in try $0.heads(under: [gaoting]) }
            // A tombstone and a departure have left.
            #expect(pruned == 2)
            #expect(outcomes.map(\.kind) == [.applied])
            #expect(pages.count > 1 && pages.first?.restarts == true)
            #expect(pages.dropFirst().allSatisfy { !$0.restarts })
            #expect(pages.flatMap(\.departures).isEmpty)
            #expect(standing == [id(2), id(4)])
            #expect(hu.bookmarks[gaoting]?.position == head.first?.head)
            #expect(hu.bookmarks[gaoting]?.floor == .start)
        }
    }

    @Test("[F-08] where nothing has left, an expired device goes on from its bookmark")
    func nothingLeft() async throws {
        try await World.run { world in
            var (lin, hu) = try await world.settled()
            world.clock.advance(by: SyncService.horizon + 1)
            let pruned = try await world.service.prune()
            try await lin.send(lin.change(id(4), to: dwelling("人民路4号", in: Town.gaoting)))

            let pages = try await hu.read()

            #expect(pruned == 0)
            #expect(pages.map(\.restarts) == [false])
            #expect(pages.flatMap(\.records).map(\.id) == [id(4)])
        }
    }

    @Test("[M-12] [F-08] an edit that comes after the tombstone has left brings the record back")
    func editAfterPruning() async throws {
        try await World.run { world in
            var (lin, hu) = try await world.settled()
            hu.number([hu.change(id(1), to: Dwelling { $0.remark = "二楼" }, saw: 1).payload])
            try await lin.send(lin.deletion(of: id(1), Dwelling.recordType, saw: 1))
            world.clock.advance(by: SyncService.horizon + 1)
            let pruned = try await world.service.prune()

            let outcomes = try await hu.resend(1...1).outcomes

            let record = try await world.known(id(1))
            let areas = try await world.areas(of: id(1))
            #expect(pruned == 1)
            #expect(outcomes.map(\.code) == [""] && outcomes.map(\.kind) == [.conflicted])
            #expect(record.state.isLive && record.openConflicts == 1)
            #expect(areas == [Town.gaoting])
        }
    }
}

extension World {
    /// Two dwellings in Gaoting that Lin, of the county, captured and both have read.
    fileprivate func settled() async throws -> (lin: TestDevice, hu: TestDevice) {
        var lin = try await device(named: "林小梅", areas: Town.county)
        var hu = try await device(named: "胡敏", areas: Town.gaoting)
        try await lin.send(
            lin.change(id(1), to: dwelling("人民路1号", in: Town.gaoting)),
            lin.change(id(2), to: dwelling("人民路2号", in: Town.gaoting))
        )
        try await lin.read()
        try await hu.read()
        return (lin, hu)
    }
}
