import Foundation
import GRDB
import StoreSQLite
import SyncProtocol
import SyncServer
import Testing

/// What `check` finds in the rows of a data folder that somebody damaged.
struct CheckedRowsTests {
    /// One way to damage a database, and the name of what has to be found.
    struct Damage: Sendable, CustomTestStringConvertible {
        var sql: String
        var code: String

        init(_ sql: String, _ code: String) { (self.sql, self.code) = (sql, code) }

        var testDescription: String { sql }
    }

    static let damages = [
        Damage("DELETE FROM area", "area_missing"),
        Damage("DELETE FROM device", "device_missing"),
        Damage("DELETE FROM conflict", "conflict_missing"),
        Damage("DELETE FROM conflict", "conflicts_miscounted"),
        Damage("DELETE FROM reference", "reference_missing"),
        Damage("DELETE FROM enrolment", "enrolment_missing"),
        Damage("DELETE FROM record", "record_unknown"),
        Damage("UPDATE area SET head = 1", "area_behind"),
        Damage("UPDATE conflict SET body = x'ff'", "row_unreadable"),
        Damage("UPDATE conflict SET open = 0", "conflict_differs"),
        Damage(
            "UPDATE change SET record = randomblob(16) WHERE number = 2",
            "change_record_differs"
        ),
        Damage("UPDATE change SET revision = 9 WHERE number = 2", "revision_differs"),
        Damage("UPDATE change SET epoch = 7 WHERE number = 2", "epoch_unknown"),
        Damage("UPDATE change SET undo = x'00' WHERE number = 4", "undo_differs"),
        Damage("UPDATE change SET undo = x'77' WHERE number = 2", "undo_differs"),
        Damage("UPDATE change SET redacted = 1 WHERE number = 2", "payload_differs"),
        Damage("UPDATE change SET kind = 9 WHERE number = 2", "row_unreadable"),
        Damage("UPDATE record SET type = 2 WHERE type = 1", "type_differs"),
        Damage("UPDATE record SET type = -1", "row_unreadable"),
        Damage("UPDATE record SET stamps = x'ff'", "row_unreadable"),
        Damage("UPDATE record SET clock = clock + 1", "stamps_differ"),
        Damage(
            "UPDATE record SET body = (SELECT r.body FROM record r WHERE r.number = 4) WHERE type = 1",
            "body_differs"
        ),
        Damage("UPDATE record SET deleted = 1", "stamps_differ"),
        Damage("UPDATE record SET open_conflicts = 5", "conflicts_miscounted"),
        Damage("UPDATE record SET erased = 1", "erasure_differs"),
        Damage("UPDATE record SET redirect = id", "redirect_differs"),
        Damage("UPDATE record SET placements = 'x'", "row_unreadable"),
        Damage("UPDATE record SET placements = ''", "feed_differs"),
        Damage("UPDATE reference SET field = field + 40", "reference_unsaid"),
        Damage("UPDATE device SET public_key = randomblob(32)", "device_id_differs"),
        Damage("UPDATE device SET grants = '{'", "row_unreadable"),
        Damage("UPDATE device SET holes = '{'", "row_unreadable"),
        Damage("UPDATE device SET claimed = '{'", "row_unreadable"),
        Damage("UPDATE device SET revoked = '{'", "row_unreadable"),
        Damage("UPDATE device SET succession = '{'", "row_unreadable"),
        Damage("UPDATE enrolment SET areas = '{'", "row_unreadable"),
        Damage("UPDATE setting SET value = x'ff' WHERE key = 'epoch_log'", "row_unreadable"),
    ]

    @Test(arguments: damages)
    func `damage by hand is named`(damage: Damage) async throws {
        try await Self.tell { office, folder in
            try await Self.run(damage.sql, in: folder)

            let found = try await office.service.checkRows(for: office.clerk)

            #expect(found.flaws.map(\.code).contains(damage.code), "\(found.flaws)")
            #expect(found.flaws.allSatisfy { !$0.places.isEmpty && $0.count >= $0.places.count })
        }
    }

    @Test(arguments: StoreKind.available)
    func `an office where people met, redirected, erased and redrew the map is sound`(
        in kind: StoreKind
    ) async throws {
        try await kind.withStore { store, _ in
            let office = try await Office(on: store)
            var lin = try await Self.work(in: office)
            var redirect = lin.change(Self.id(6), person("王晓明", in: "330921101"), saw: 1)
            redirect.fields = FieldMap()
            redirect.redirect = Self.id(1)
            let outcome = try await lin.send(redirect)
            try await office.change(.rename, ["330921101"], to: ["330921109"])
            try await lin.read()
            _ = try await office.service.erase(
                Self.id(5),
                reason: "法院裁定〔2026〕17号",
                for: office.clerk
            )
            _ = try await office.service.prune()

            let found = try await office.service.checkRows(for: office.clerk)

            #expect(outcome.map(\.kind) != [.quarantined])
            #expect(found.isSound, "\(found.flaws)")
            #expect(found.rows > 0)
        }
    }

    @Test func `what is written while it walks is not called wrong`() async throws {
        try await StoreKind.sqlite.withStore { store, _ in
            let office = try await Office(on: store)
            let lin = try await Self.work(in: office)
            let meanwhile = MeanwhileStore(store) {
                var hand = lin
                try await hand.send(hand.change(Self.id(9), dwelling("新路9号", in: "330921101")))
            }

            let found = try await Office(on: meanwhile).service.checkRows(for: office.clerk)

            #expect(found.isSound, "\(found.flaws)")
        }
    }

    @Test(arguments: [true, false])
    func `a file of no bytes is refused and left as it is`(isServed: Bool) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "empty-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "residence.sqlite")
        try Data().write(to: file)

        let error = await #expect(throws: SyncError.self) {
            guard isServed else { return _ = try SQLiteStore(reading: folder) }
            try await SQLiteStore.refuseEmpty(in: folder)
        }

        #expect(error?.code == "database_empty")
        #expect(try Data(contentsOf: file).isEmpty)
    }

    @Test func `a folder without settings is refused, and no key is made`() async throws {
        try await Self.tell { _, folder in
            try await Self.run("DELETE FROM setting", in: folder)
            let store = try SQLiteStore(reading: folder)

            let code = try await errorCode { try await ServerIdentity.found(in: store) }

            #expect(code == "settings_missing")
            #expect(try await store.read { try $0.setting(.serverKey) } == nil)
        }
    }

    // MARK: - The story

    private static func id(_ number: UInt8) -> RecordID { Sample.record(number) }

    /// Tells a story of a data folder in which people worked.
    private static func tell(_ story: (Office, URL) async throws -> Void) async throws {
        try await StoreKind.sqlite.withStore { store, folder in
            let office = try await Office(on: store)
            _ = try await work(in: office)
            try await story(office, folder)
        }
    }

    /// Two people met over a name; a registration refers to one of them and to a dwelling.
    ///
    /// Changes 1 to 3 capture, 4 and 5 meet, the rest is captured besides.
    private static func work(in office: Office) async throws -> Hand {
        var lin = try await office.hand("林小梅", "330921101")
        var hu = try await office.hand("胡敏", "330921101")
        let town = "330921101"
        try await lin.send(
            lin.change(id(1), person("王晓明", in: town)),
            lin.change(id(2), dwelling(in: town)),
            lin.change(id(3), registration(id(1), at: id(2), in: town)),
            lin.change(id(1), Person { $0.name = "王小明" }, saw: 1)
        )
        try await hu.send(hu.change(id(1), Person { $0.name = "王肖明" }, saw: 1))
        try await lin.send(
            lin.change(id(4), visit(to: id(2))),
            lin.change(id(5), person("欧阳若兰", in: town)),
            lin.change(id(6), person("王晓明", in: town))
        )
        try await lin.read()
        return lin
    }

    private static func run(_ sql: String, in folder: URL) async throws {
        let file = folder.appending(path: "residence.sqlite").path
        try await DatabaseQueue(path: file).write { try $0.execute(sql: sql) }
    }
}
