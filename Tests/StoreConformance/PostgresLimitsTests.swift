import Dispatch
import Foundation
import StorePostgres
import SyncProtocol
import SyncServer
import Synchronization
import TestSupport
import Testing

/// How long the store on PostgreSQL waits, for what, and what it makes of a connection that is gone.
@Suite(.enabled(if: PostgresCluster.isInstalled, "not run: no PostgreSQL"))
struct PostgresLimitsTests {
    /// Settings for a schema of its own; its sessions carry its name.
    private static func settings(
        _ name: String,
        _ change: (inout PostgresSettings) -> Void = { _ in }
    ) throws -> PostgresSettings {
        let address = try PostgresCluster.shared().schema(of: name)
        var settings = try PostgresSettings(address: address + "&application_name=\(name)")
        change(&settings)
        return settings
    }

    private static func unique(_ name: String) -> String {
        "\(name)_\(UUID().uuidString.lowercased().prefix(8))"
    }

    /// Writes to a device's row, while another writer holds it.
    private static func meet(
        _ change: (inout PostgresSettings) -> Void
    ) async throws
        -> SyncError.Code?
    {
        let name = unique("meet")
        let (patient, hasty) = try (
            PostgresStore(settings(name)), PostgresStore(settings(name, change))
        )
        try await patient.write { try $0.save(Sample.device(1)) }
        _ = try await hasty.read { try $0.device(Sample.deviceID(1)) }
        let (held, hold) = AsyncStream.makeStream(of: Void.self)
        let release = DispatchSemaphore(value: 0)
        async let holding: Void = patient.write { transaction in
            _ = try transaction.device(Sample.deviceID(1))
            hold.finish()
            _ = release.wait(timeout: .now() + 30)
        }
        for await _ in held {}
        var code: SyncError.Code?
        do {
            try await hasty.write { try $0.save(Sample.device(1)) }
        } catch let error as SyncError {
            code = error.code
        }
        release.signal()
        try await holding
        try await hasty.write { try $0.save(Sample.device(1)) }
        return code
    }

    @Test func `who waits too long for another's rows is told that the database is busy`()
        async throws
    {
        let code = try await Self.meet { $0.lockTimeout = 1 }

        #expect(code == "database_busy")
    }

    @Test func `a statement that takes too long is ended, and the store goes on`() async throws {
        let code = try await Self.meet {
            $0.statementTimeout = 1
            $0.lockTimeout = 60
        }

        #expect(code == "database_busy")
    }

    @Test func `a transaction that stands still is ended by the database and done again, once`()
        async throws
    {
        let store = PostgresStore(try Self.settings(Self.unique("idle")) { $0.idleTimeout = 1 })
        try await store.write { try $0.save(Sample.device(1)) }
        let runs = Mutex(0)

        try await store.write { transaction in
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            var device = try transaction.device(Sample.deviceID(1)) ?? Sample.device(1)
            if run == 1 { usleep(1_600_000) }
            device.highWater = SequenceNumber(rawValue: device.highWater.rawValue + 1)
            try transaction.save(device)
        }

        let found = try await store.read { try $0.device(Sample.deviceID(1))?.highWater.rawValue }
        #expect(found == 1)
        #expect(runs.withLock { $0 } == 2)
    }

    @Test func `sessions that the database has ended are noticed before they are used`()
        async throws
    {
        let name = Self.unique("health")
        let store = PostgresStore(try Self.settings(name))
        try await store.write { try $0.save(Sample.device(1)) }
        for round: UInt8 in 2...6 {
            try PostgresCluster.shared().run(
                """
                SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
                WHERE application_name = '\(name)'
                """
            )

            try await store.write { try $0.save(Sample.device(round)) }
            #expect(try await store.read { try $0.devices().count } == Int(round))
        }
    }

    @Test func `a program works on beside later tables until they say that it cannot`() async throws
    {
        let name = Self.unique("later")
        let store = PostgresStore(try Self.settings(name))
        try await store.write { try $0.save(Sample.device(1)) }
        let cluster = try PostgresCluster.shared()

        // The next version adds a column that this one does not know, and says so.
        try cluster.run(
            """
            ALTER TABLE \(name).device ADD COLUMN later text;
            INSERT INTO \(name).migration (version, least)
            SELECT max(version) + 1, 1 FROM \(name).migration
            """
        )
        let beside = PostgresStore(try Self.settings(name))
        try await beside.write { try $0.save(Sample.device(2)) }
        #expect(try await beside.plannedMigrations().isEmpty)
        #expect(try await store.read { try $0.devices().count } == 2)

        // The one after it takes away what this one needs.
        try cluster.run(
            """
            INSERT INTO \(name).migration (version, least)
            SELECT max(version) + 1, max(version) FROM \(name).migration
            """
        )
        let late = PostgresStore(try Self.settings(name))
        let error = await #expect(throws: SyncError.self) {
            try await late.write { try $0.save(Sample.device(3)) }
        }
        #expect(error?.code == "database_newer")
    }

    @Test func `tables of before versions named what they work with are taken as they are`()
        async throws
    {
        let name = Self.unique("former")
        let store = PostgresStore(try Self.settings(name))
        try await store.write { try $0.save(Sample.device(1)) }
        try PostgresCluster.shared().run("ALTER TABLE \(name).migration DROP COLUMN least")

        let again = PostgresStore(try Self.settings(name))
        #expect(try await again.read { try $0.devices().count } == 1)
    }
}
