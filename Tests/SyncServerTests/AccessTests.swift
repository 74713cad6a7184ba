import StoreSQLite
import SyncProtocol
import SyncServer
import Synchronization
import Testing

/// Who read what.
struct AccessTests {
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
            let before = try await accesses(in: world).count

            _ = try await hu.ask()

            let entries = try await accesses(in: world)
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
            let before = try await storedAccesses(in: world)

            _ = try await lin.ask()

            #expect(try await storedAccesses(in: world) == before)
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
            let before = try await storedAccesses(in: world).count

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

            let entries = try await storedAccesses(in: world).dropFirst(before)
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
            let entries = try await storedAccesses(in: world)

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
            let old = try await storedAccesses(in: world).count
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

            let entries = try await accesses(in: world)
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
            let service = store.service(in: world)
            let before = try await storedAccesses(in: world).count

            store.isFull.withLock { $0 = true }
            let shown = try await service.record(id(1), for: world.clerk)
            #expect(shown != nil)
            #expect(service.accessBacklog.waiting == 1)
            store.isFull.withLock { $0 = false }
            _ = try await service.history(of: id(1), for: world.clerk)

            let entries = try await accesses(in: world).dropFirst(before)
            #expect(entries.map(\.act) == [.record, .history])
            #expect(service.accessBacklog.waiting == 0)
        }
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
