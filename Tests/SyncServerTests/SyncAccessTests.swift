import StoreSQLite
import SyncProtocol
import SyncServer
import Synchronization
import Testing

/// How what a sync tells is noted.
struct SyncAccessTests {
    @Test(
        "[L-01] a device that brings nothing is told in one commit, and one entry says so",
        arguments: [false, true]
    )
    func oneCommit(hasManyWriters: Bool) async throws {
        try await World.run { world in
            let (store, service, request, chen) =
                try await Self.waitingReader(in: world, hasManyWriters)
            let before = try await storedAccesses(in: world).count

            let answer = try await service.sync(request, from: chen)

            let entries = try await accesses(in: world).dropFirst(before)
            #expect(answer.pages.flatMap { $0.records.map(\.id) } == [id(1)])
            #expect(entries.map(\.act) == [.sync] && entries.first?.device == chen)
            #expect(store.writes.withLock { $0 } == 1)
        }
    }

    @Test(
        "[L-04] where the log alone cannot be written, a device that brings nothing is told all the same",
        arguments: [false, true]
    )
    func fullLog(hasManyWriters: Bool) async throws {
        try await World.run { world in
            let (store, service, request, chen) =
                try await Self.waitingReader(in: world, hasManyWriters)
            let before = try await storedAccesses(in: world).count

            store.isLogFull.withLock { $0 = true }
            let answer = try await service.sync(request, from: chen)
            let waiting = service.accessBacklog.waiting
            store.isLogFull.withLock { $0 = false }
            let again = try await service.sync(request, from: chen)

            let entries = try await accesses(in: world).dropFirst(before)
            #expect(answer.pages.count == 1 && again.pages.count == 1)
            #expect(waiting == 1 && service.accessBacklog.waiting == 0)
            #expect(entries.map(\.act) == [.sync, .sync])
        }
    }

    @Test("[F-05] what was read for a grant that was taken away meanwhile is not told")
    func grantTakenAway() async throws {
        try await World.run { world in
            let (store, service, request, chen) = try await Self.waitingReader(in: world, true)
            let before = try await storedAccesses(in: world).count

            store.afterRead.withLock { afterRead in
                afterRead = {
                    try await world.store.write { transaction in
                        guard var device = try transaction.device(chen) else { return }
                        device.grants.append(
                            Grant(
                                number: 2,
                                areas: [Town.dongsha].compactMap { AreaCode($0) },
                                role: .coordinator
                            )
                        )
                        try transaction.save(device)
                    }
                }
            }
            let answer = try await service.sync(request, from: chen)

            #expect(answer.grant?.number == 2)
            #expect(answer.pages.allSatisfy { $0.records.isEmpty })
            try #expect(await storedAccesses(in: world).count == before)
        }
    }

    /// A device for which a record waits, as a request of its that brings nothing, and a service whose store can be
    /// made to fail.
    private static func waitingReader(
        in world: World,
        _ hasManyWriters: Bool
    ) async throws -> (FullStore, SyncService, SyncRequest, DeviceID) {
        var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
        let chen = try await world.device(named: "陈建国", areas: Town.gaoting)
        try await lin.send(lin.change(id(1), to: dwelling(in: Town.gaoting)))
        let store = FullStore(base: world.store, hasManyWriters: hasManyWriters)
        let service = store.service(in: world)
        var request = SyncRequest()
        request.epoch = chen.epoch
        request.grant = chen.grant
        return (store, service, request, chen.id)
    }

    @Test("[L-01] a device that brings something is told in the commit that takes it")
    func oneCommitForBoth() async throws {
        try await World.run { world in
            let (store, service, request, wu) = try await Self.bringingReader(in: world)
            let before = try await storedAccesses(in: world).count

            let answer = try await service.sync(request, from: wu)

            let entries = try await accesses(in: world).dropFirst(before)
            #expect(answer.outcomes.map(\.kind) == [.applied])
            #expect(answer.pages.flatMap { $0.records.map(\.id) } == [id(1), id(2)])
            #expect(!answer.hasMore && answer.digest?.records == 2)
            #expect(entries.map(\.count) == [2] && entries.first?.device == wu)
            #expect(store.writes.withLock { $0 } == 1)
        }
    }

    @Test(
        "[L-04] where the log alone cannot be written, what a device brings is taken, and it is told"
    )
    func fullLogOfBringer() async throws {
        try await World.run { world in
            let (store, service, request, wu) = try await Self.bringingReader(in: world)
            let before = try await storedAccesses(in: world).count

            store.isLogFull.withLock { $0 = true }
            let answer = try await service.sync(request, from: wu)
            let waiting = service.accessBacklog.waiting
            store.isLogFull.withLock { $0 = false }
            _ = try await service.record(id(2), for: world.clerk)

            let entries = try await accesses(in: world).dropFirst(before)
            #expect(answer.outcomes.map(\.kind) == [.applied] && answer.pages.count == 1)
            #expect(waiting == 1 && service.accessBacklog.waiting == 0)
            #expect(entries.map(\.act) == [.sync, .record])
        }
    }

    @Test(
        "[F-04] who brings something is told all that is new, once each, however much it is",
        arguments: [0, 1, 2_000]
    )
    func muchIsNew(budget: Int) async throws {
        let ids = (0..<301).map {
            RecordID(
                derivedFrom: [UInt8](repeating: UInt8($0 % 100), count: 15) + [UInt8($0 / 100)]
            )
        }
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            lin.number(
                ids.dropLast().map { lin.change($0, to: dwelling(in: Town.gaoting)).payload }
            )
            try await lin.resend(1...300)
            var chen = try await world.device(named: "陈建国", areas: Town.gaoting)
            chen.number([chen.change(ids[300], to: dwelling(in: Town.gaoting)).payload])
            var request = chen.request(1...1)
            request.budget = budget

            var answer = try await world.service.sync(request, from: chen.id)
            var told = answer.pages.flatMap { $0.records.map(\.id) }
            while answer.hasMore {
                var next = chen.reading()
                next.bookmarks = answer.pages.map {
                    Bookmark(area: $0.area, position: $0.position, floor: $0.floor)
                }
                answer = try await world.service.sync(next, from: chen.id)
                told += answer.pages.flatMap { $0.records.map(\.id) }
            }

            #expect(told.count == 301 && Set(told) == Set(ids))
            #expect(answer.digest?.records == 301)
            let noted = try await accesses(in: world).filter { $0.device == chen.id }
            #expect(noted.reduce(0) { $0 + $1.count } == 301)
        }
    }

    @Test(
        "[L-01] a wide grant, and much that is new, is read outside the commit, and told all the same",
        arguments: [(Town.county, 0), (Town.gaoting, 9_000)]
    )
    func readOutside(area: String, remark: Int) async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var long = dwelling(in: Town.gaoting)
            long.remark = String(repeating: "海", count: remark / 3)
            lin.number((1...9).map { lin.change(id($0), to: long).payload })
            try await lin.resend(1...9)
            var hu = try await world.device(named: "胡敏", areas: area)
            hu.number([hu.change(id(10), to: dwelling(in: Town.gaoting)).payload])
            let store = FullStore(base: world.store)

            let answer = try await store.service(in: world).sync(hu.request(1...1), from: hu.id)

            let noted = try await accesses(in: world).filter { $0.device == hu.id }
            #expect(answer.pages.reduce(0) { $0 + $1.records.count } == 10 && !answer.hasMore)
            #expect(noted.map(\.count) == [10])
            #expect(store.writes.withLock { $0 } == 2)
        }
    }

    /// A device for which a record waits and that brings another, as its request, and a service whose store can be made
    /// to fail.
    private static func bringingReader(
        in world: World
    ) async throws -> (FullStore, SyncService, SyncRequest, DeviceID) {
        let (store, service, _, _) = try await waitingReader(in: world, false)
        var wu = try await world.device(named: "吴", areas: Town.gaoting)
        wu.number([wu.change(id(2), to: dwelling(in: Town.gaoting)).payload])
        return (store, service, wu.request(1...1), wu.id)
    }
}
