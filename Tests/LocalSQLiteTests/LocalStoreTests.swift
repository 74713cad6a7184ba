import LocalSQLite
import SyncClient
import SyncProtocol
import Testing

@Suite(.plainAndSealed) struct LocalStoreTests {
    private let scratch = Scratch()

    @Test func `a transaction that throws leaves nothing behind`() async throws {
        let store = try scratch.open()

        await #expect(throws: SyncError.self) {
            try await store.write { transaction in
                try transaction.save(Sample.person(1, "张三"))
                try transaction.append(Sample.change(1, of: Sample.id(1)))
                throw SyncError("stopped", "Stopped", hint: "Go on.")
            }
        }

        let (record, last) = try await store.read {
            (try $0.record(Sample.id(1)), try $0.lastChange())
        }
        #expect(record == nil)
        #expect(last == nil)
    }

    @Test func `what was kept is found after a restart`() async throws {
        var record = Sample.person(1, "张三", areas: [Sample.harbour])
        record.acknowledged = LocalRecord.Acknowledged(
            base: Base(epoch: Sample.epoch, revision: Revision(rawValue: 3)),
            fields: record.visible ?? FieldMap(),
            isDeleted: false,
            clock: Sample.noon
        )
        record.pending = 1
        let kept = record
        let bookmark = Bookmark(
            area: Sample.harbour,
            position: Position(rawValue: 9),
            floor: Position(rawValue: 4)
        )
        let before = try scratch.open()
        try await before.write { transaction in
            try transaction.save(kept)
            try transaction.place(kept.id, in: Sample.harbour, mark: nil, isKept: true)
            try transaction.append(Sample.change(1, of: kept.id))
            try transaction.save(bookmark)
            try transaction.set(conflicts: [[1, 2], [3]], of: kept.id)
            try transaction.noteImported([5])
        }

        let after = try scratch.open()

        try await after.read { reader in
            try #expect(reader.record(kept.id) == kept)
            try #expect(reader.overlay(of: kept.id) == [Sample.change(1, of: kept.id)])
            try #expect(reader.bookmarks() == [bookmark])
            try #expect(reader.conflicts(of: kept.id) == [[1, 2], [3]])
            try #expect(reader.conflictCount() == 2)
            try #expect(reader.wasImported([5]))
            try #expect(!reader.wasImported([6]))
        }
    }

    @Test func `a profile is kept whole, and replaced whole`() async throws {
        let store = try scratch.open()
        var profile = DeviceProfile(
            server: "http://server.test",
            fingerprint: "00",
            keySeed: [1, 2, 3],
            identityKey: [4],
            name: "林小梅",
            certificate: "c",
            grant: Grant(number: 1, areas: [Sample.harbour]),
            epoch: Sample.epoch
        )
        let first = profile
        profile.clockOffset = -5
        profile.grant = Grant(number: 2, areas: [])
        let second = profile

        let none = try await store.read { try $0.profile() }
        try await store.write { try $0.save(first) }
        try await store.write { try $0.save(second) }

        let kept = try await store.read { try $0.profile() }
        #expect(none == nil)
        #expect(kept?.name == "林小梅")
        #expect(kept?.keySeed == [1, 2, 3])
        #expect(kept?.clockOffset == -5)
        #expect(kept?.grant == Grant(number: 2, areas: []))
    }

    @Test func `bookmarks are forgotten one by one, or all put back to the start`() async throws {
        let store = try scratch.open()
        try await store.write { transaction in
            for area in [Sample.hill, Sample.harbour] {
                try transaction.save(Bookmark(area: area, position: Position(rawValue: 1)))
            }
        }

        let both = try await store.read { try $0.bookmarks().map(\.area) }
        try await store.write { try $0.forgetBookmark(of: Sample.harbour) }
        let one = try await store.read { try $0.bookmarks().map(\.area) }
        try await store.write { try $0.forgetBookmarks() }
        let left = try await store.read { try $0.bookmarks() }

        #expect(both == [Sample.harbour, Sample.hill])
        #expect(one == [Sample.hill])
        // That the area was read stays known: its reader may hold what has gone since [F-07].
        #expect(left == [Bookmark(area: Sample.hill, position: .start)])
    }
}
