import StoreSQLite
import SyncProtocol
import SyncServer
import Synchronization
import Testing

/// Who read what.
struct AccessTests {
    private static func entries(_ world: World) async throws -> [Access] {
        try await stored(world).compactMap(\.access)
    }

    private static func stored(_ world: World) async throws -> [StoredAccess] {
        try await world.store.read { try $0.accesses(after: 0, limit: 1_000) }
    }

    @Test(
        "[L-01] a page of a sync is one entry, with who, when, under which grant, and which records"
    )
    func page() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            try await lin.send(
                lin.change(id(1), to: dwelling(in: Town.gaoting)),
                lin.change(id(2), to: dwelling(in: Town.gaoting))
            )
            let before = try await Self.entries(world).count

            _ = try await hu.ask()

            let entries = try await Self.entries(world)
            let entry = try #require(entries.last)
            #expect(entries.count == before + 1)
            #expect(entry.act == .sync)
            #expect((entry.by, entry.device, entry.role) == ("胡敏", hu.id, .coordinator))
            #expect((entry.grant, entry.at) == (1, world.clock.now))
            #expect(Set(entry.records) == [id(1), id(2)])
            try await hu.read()
        }
    }

    @Test("[L-01] a sync that tells nothing of anybody leaves no entry")
    func nothingNew() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: dwelling(in: Town.gaoting)))
            try await lin.read()
            let before = try await Self.stored(world)

            _ = try await lin.ask()

            #expect(try await Self.stored(world) == before)
        }
    }

    @Test(
        "[L-01] whatever a person opens is an entry of its own that names the record and nothing that it says"
    )
    func opened() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: person("欧阳修竹", in: Town.gaoting)))
            let principal = try await world.principal(lin)
            let before = try await Self.stored(world).count

            _ = try await world.service.record(id(1), for: principal)
            _ = try await world.service.history(of: id(1), for: world.clerk)
            _ = try await world.service.records(
                ofType: nil,
                in: [area(Town.gaoting)],
                after: nil,
                limit: 10,
                for: principal
            )
            _ = try await world.service.record(id(99), for: principal)

            let entries = try await Self.stored(world).dropFirst(before)
            #expect(entries.compactMap(\.access?.act) == [.record, .history, .list])
            #expect(entries.allSatisfy { $0.names(id(1)) && !$0.names(id(2)) })
            #expect(
                entries.allSatisfy { !String(decoding: $0.content, as: UTF8.self).contains("欧阳") }
            )
            #expect(entries.first?.access?.by == "林小梅")
            #expect(entries.dropFirst().first?.access?.grant == nil)
        }
    }

    @Test(
        "[L-02] an entry that was altered, taken out or put in breaks the chain where that was done"
    )
    func altered() async throws {
        try await World.run { world in
            try await Self.read(5, in: world)
            let whole = try await world.service.verifyAccesses(for: world.clerk)
            #expect(whole.firstBreak == nil && whole.entries >= 5)
            let entries = try await Self.stored(world)

            var forged = entries[2]
            forged.content[20] ^= 1
            try await Self.put(Array(entries[..<2]) + [forged] + Array(entries[3...]), in: world)
            let altered = try await world.service.verifyAccesses(for: world.clerk)
            #expect(altered.firstBreak == entries[2].number)

            try await Self.put(Array(entries[..<2]) + Array(entries[3...]), in: world)
            let missing = try await world.service.verifyAccesses(for: world.clerk)
            #expect(missing.firstBreak == entries[3].number)

            try await Self.put(Array(entries[1...]), in: world)
            let beheaded = try await world.service.verifyAccesses(for: world.clerk)
            #expect(beheaded.firstBreak == entries[1].number)
        }
    }

    @Test("[L-03] entries go by age alone; the removal is an entry, and the chain still verifies")
    func pruned() async throws {
        try await World.run { world in
            try await Self.read(4, in: world)
            let old = try await Self.stored(world).count
            world.clock.advance(by: 1_000)
            let limit = world.clock.now
            try await Self.read(2, in: world)

            let removed = try await world.service.pruneAccesses(
                before: limit,
                reason: "六个月",
                for: world.clerk
            )
            let again = try await world.service.pruneAccesses(
                before: limit,
                reason: "六个月",
                for: world.clerk
            )

            let entries = try await Self.entries(world)
            let report = try await world.service.verifyAccesses(for: world.clerk)
            #expect((removed, again) == (old, 0))
            #expect(entries.allSatisfy { $0.at >= limit })
            #expect(entries.last?.act == .prune && entries.last?.reason == "六个月")
            #expect(entries.last?.removed?.last == UInt64(old) && entries.last?.count == old)
            #expect(report.firstBreak == nil && report.removed == UInt64(old))
        }
    }

    @Test(
        "[L-04] where an entry cannot be written, the reader is answered and the entry goes with the next"
    )
    func fullDisk() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: dwelling(in: Town.gaoting)))
            let store = FullStore(base: world.store)
            let service = Self.service(on: store, in: world)
            let before = try await Self.stored(world).count

            store.isFull.withLock { $0 = true }
            let shown = try await service.record(id(1), for: world.clerk)
            #expect(shown != nil)
            #expect(service.accessBacklog.waiting == 1)
            store.isFull.withLock { $0 = false }
            _ = try await service.history(of: id(1), for: world.clerk)

            let entries = try await Self.entries(world).dropFirst(before)
            #expect(entries.map(\.act) == [.record, .history])
            #expect(service.accessBacklog.waiting == 0)
        }
    }

    @Test("[L-01] a device that brings nothing is told in one commit, and one entry says so")
    func oneCommit() async throws {
        try await World.run { world in
            let (store, service, request, chen) = try await Self.waitingReader(in: world)
            let before = try await Self.stored(world).count

            let answer = try await service.sync(request, from: chen)

            let entries = try await Self.entries(world).dropFirst(before)
            #expect(answer.pages.flatMap { $0.records.map(\.id) } == [id(1)])
            #expect(entries.map(\.act) == [.sync] && entries.first?.device == chen)
            #expect(store.writes.withLock { $0 } == 1)
        }
    }

    @Test(
        "[L-04] where the log alone cannot be written, a device that brings nothing is told all the same"
    )
    func fullLog() async throws {
        try await World.run { world in
            let (store, service, request, chen) = try await Self.waitingReader(in: world)
            let before = try await Self.stored(world).count

            store.isLogFull.withLock { $0 = true }
            let answer = try await service.sync(request, from: chen)
            let waiting = service.accessBacklog.waiting
            store.isLogFull.withLock { $0 = false }
            let again = try await service.sync(request, from: chen)

            let entries = try await Self.entries(world).dropFirst(before)
            #expect(answer.pages.count == 1 && again.pages.count == 1)
            #expect(waiting == 1 && service.accessBacklog.waiting == 0)
            #expect(entries.map(\.act) == [.sync, .sync])
        }
    }

    @Test("[F-05] what was read for a grant that was taken away meanwhile is not told")
    func grantTakenAway() async throws {
        try await World.run { world in
            let (store, service, request, chen) = try await Self.waitingReader(in: world)
            let before = try await Self.stored(world).count

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
            try #expect(await Self.stored(world).count == before)
        }
    }

    private static func service(on store: FullStore, in world: World) -> SyncService {
        SyncService(
            store: store,
            identity: world.identity,
            rules: SchemaRules(),
            clock: { world.clock.now }
        )
    }

    /// A device for which a record waits, as a request of its that brings nothing, and a service whose store can be
    /// made to fail.
    private static func waitingReader(
        in world: World
    ) async throws -> (FullStore, SyncService, SyncRequest, DeviceID) {
        var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
        let chen = try await world.device(named: "陈建国", areas: Town.gaoting)
        try await lin.send(lin.change(id(1), to: dwelling(in: Town.gaoting)))
        let store = FullStore(base: world.store)
        let service = Self.service(on: store, in: world)
        var request = SyncRequest()
        request.epoch = chen.epoch
        request.grant = chen.grant
        return (store, service, request, chen.id)
    }

    @Test("[A-05] the log is for operators", arguments: Role.allCases)
    func roles(_ role: Role) async throws {
        try await World.run { world in
            let device = try await world.device(named: "某人", areas: Town.gaoting, role: role)
            let principal = try await world.principal(device)
            var code: String?
            do {
                try await world.service.pruneAccesses(before: 0, reason: "试", for: principal)
            } catch let error as SyncError { code = error.code.rawValue }
            #expect(code == (role == .operator ? nil : "role_forbidden"))
        }
    }

    /// Opens a record so many times.
    private static func read(_ times: Int, in world: World) async throws {
        if try await world.record(id(1)) == nil {
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: dwelling(in: Town.gaoting)))
        }
        for _ in 0..<times { _ = try await world.service.record(id(1), for: world.clerk) }
    }

    private static func put(_ entries: [StoredAccess], in world: World) async throws {
        try await world.store.write { transaction in
            try transaction.removeAccesses(through: .max >> 1)
            for entry in entries { try transaction.append(entry) }
        }
    }
}

/// A store whose disk is full at times: it reads, and does not write.
private final class FullStore: Store {
    let base: SQLiteStore
    let isFull = Mutex(false)
    /// Whether nothing can be written that adds to the log of readings.
    let isLogFull = Mutex(false)
    /// What somebody else does once, after the next reading.
    let afterRead = Mutex<(@Sendable () async throws -> Void)?>(nil)
    let writes = Mutex(0)

    init(base: SQLiteStore) { self.base = base }

    func write<R: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> R
    ) async throws -> R {
        let isFull = isFull.withLock { $0 }
        let isLogFull = isLogFull.withLock { $0 }
        writes.withLock { $0 += 1 }
        return try await base.write { transaction in
            let last = try transaction.lastAccess()?.number
            let result = try body(transaction)
            if try isFull || (isLogFull && transaction.lastAccess()?.number != last) {
                throw SyncError("disk_full", "The disk is full", hint: "Make room.")
            }
            return result
        }
    }

    func read<R: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> R
    ) async throws -> R {
        let result = try await base.read(body)
        let after = afterRead.withLock { after in
            defer { after = nil }
            return after
        }
        try await after?()
        return result
    }

    var news: News { base.news }

    func listen() async { await base.listen() }

    func scrub() async throws { try await base.scrub() }
}
