import Foundation
import StorePostgres
import SyncProtocol
import SyncServer
import TestSupport
import Testing

/// The store and a PostgreSQL on the network: TLS, passwords, standbys, a machine that stands still.
@Suite(.serialized, .enabled(if: PostgresCluster.isInstalled, "not run: no PostgreSQL"))
struct PostgresServerTests {
    /// The address for the role that needs TLS and a password.
    private static func address(_ pair: PostgresPair, host: String, _ words: String) -> String {
        "postgres://secretive@\(host):\(pair.port(of: .one))/postgres?hostaddr=127.0.0.1"
            + "&options=-csearch_path%3Dsecretive&" + words
    }

    private static func refusal(at address: String) async throws -> SyncError? {
        var settings = try PostgresSettings(address: address)
        settings.patience = 1
        let store = PostgresStore(settings)
        do {
            _ = try await store.read { try $0.devices() }
            return nil
        } catch let error as SyncError {
            return error
        }
    }

    @Test func `the database is verified by its certificate, and the password is read from a file`()
        async throws
    {
        let pair = try PostgresPair(standby: false)
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("secrets-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func passwords(_ name: String, _ password: String) throws -> String {
            let file = folder.appendingPathComponent(name)
            try Data("*:*:*:secretive:\(password)\n".utf8).write(to: file)
            // libpq reads no file that others may read.
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600],
                ofItemAtPath: file.path
            )
            return "passfile=\(file.path)"
        }
        let right = try passwords("right", "geheim-口令")
        let wrong = try passwords("wrong", "geheim-密码")
        func verified(by authority: String) -> String {
            "sslmode=verify-full&sslrootcert=\(pair.folder.path)/\(authority).crt&"
        }

        let good = try await Self.refusal(
            at: Self.address(pair, host: "localhost", verified(by: "ca") + right)
        )
        let bad = [
            // Another authority, another host's name, no TLS, another password.
            try await Self.refusal(
                at: Self.address(pair, host: "localhost", verified(by: "other") + right)
            ),
            try await Self.refusal(
                at: Self.address(pair, host: "db.example", verified(by: "ca") + right)
            ),
            try await Self.refusal(
                at: Self.address(pair, host: "localhost", "sslmode=disable&" + right)
            ),
            try await Self.refusal(
                at: Self.address(pair, host: "localhost", verified(by: "ca") + wrong)
            ),
        ]

        #expect(good == nil, "\(good?.message ?? "")")
        for error in bad {
            #expect(error?.code == "database_unavailable")
            #expect(error?.message.contains("geheim") == false)
        }
    }

    @Test func `a commit that no standby has confirmed is not acknowledged, whoever cuts it short`()
        async throws
    {
        let pair = try PostgresPair()
        let store = PostgresStore(try PostgresSettings(address: pair.address()))
        try await store.write { try $0.save(Sample.device(1)) }
        try pair.kill(.two)

        async let written: Void = store.write { try $0.save(Sample.device(2)) }
        try pair.run(
            """
            DO $$ BEGIN
                FOR i IN 1..400 LOOP
                    PERFORM pg_stat_clear_snapshot();
                    PERFORM pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep';
                    EXIT WHEN FOUND;
                    PERFORM pg_sleep(0.05);
                END LOOP;
            END $$
            """,
            on: .one
        )

        var code: SyncError.Code?
        do { try await written } catch let error as SyncError { code = error.code }
        #expect(code == "database_unavailable")
    }

    @Test func `a database that stands still is given up, and used again once it goes on`()
        async throws
    {
        let pair = try PostgresPair(standby: false)
        var settings = try PostgresSettings(address: pair.address() + "&connect_timeout=2")
        (settings.patience, settings.statementTimeout, settings.silence) = (3, 1, 2)
        let store = PostgresStore(settings)
        try await store.write { try $0.save(Sample.device(1)) }

        try pair.freeze(.one)
        let began = ContinuousClock.now
        let error = await #expect(throws: SyncError.self) {
            try await store.write { try $0.save(Sample.device(2)) }
        }
        let waited = ContinuousClock.now - began
        try pair.thaw(.one)
        try await store.write { try $0.save(Sample.device(3)) }

        #expect(error?.code == "database_unavailable")
        #expect(waited < .seconds(30))
        #expect(try await store.read { try $0.device(Sample.deviceID(3)) } != nil)
    }

    @Test(
        "[S-08] where the connection that hears is cut, devices are woken all the same, and it hears again"
    )
    func hearsAgain() async throws {
        let pair = try PostgresPair(standby: false)
        let here = try await Office(
            on: PostgresStore(try PostgresSettings(address: pair.address()))
        )
        let there = try await Office(
            on: PostgresStore(try PostgresSettings(address: pair.address()))
        )
        var lin = try await there.hand("林小梅", "330921101")
        let watch = try await here.listen(there.hand("陈建国", "330921101"))
        guard case .news(let before) = await watch.next() else { return #expect(Bool(false)) }

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await here.service.listen() }
            var heard = before
            for number in 1...2 {
                try pair.run(Self.endHearing, on: .one)
                let record = Sample.record(UInt8(number))
                let home = dwelling("人民路\(number)号", in: "330921101")
                try await lin.send(lin.change(record, home))
                // It is told of what it may have missed, too: that may be nothing.
                while heard.positions < before.positions + UInt64(number) {
                    guard case .news(let mark) = await watch.next() else {
                        return #expect(Bool(false))
                    }
                    heard = mark
                }
            }
            group.cancelAll()
        }
    }

    /// Waits until somebody hears, and cuts their connection.
    private static let endHearing = """
        DO $$ BEGIN
            FOR i IN 1..400 LOOP
                PERFORM pg_stat_clear_snapshot();
                PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %';
                IF FOUND THEN RETURN; END IF;
                PERFORM pg_sleep(0.05);
            END LOOP;
            RAISE 'nobody hears';
        END $$
        """
}
