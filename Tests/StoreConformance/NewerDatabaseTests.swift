import Foundation
import GRDB
import StorePostgres
import StoreSQLite
import SyncProtocol
import SyncServer
import TestSupport
import Testing

/// A program that meets a database of a later version.
struct NewerDatabaseTests {
    @Test func `a database of a later version of the program is refused and left as it is`()
        async throws
    {
        try await StoreKind.sqlite.withStore { store, folder in
            try await store.write { try $0.save(Sample.device(1)) }
            let file = folder.appending(path: "residence.sqlite").path
            try await DatabaseQueue(path: file).write {
                try $0.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('later')")
            }

            let error = #expect(throws: SyncError.self) { _ = try SQLiteStore(folder: folder) }

            #expect(error?.code == "database_newer")
            #expect(try await store.read { try $0.devices().count } == 1)
        }
    }

    @Test(.enabled(if: PostgresCluster.isInstalled, "not run: no PostgreSQL"))
    func `programs that know of no scope are told that they cannot go on beside one that does`()
        async throws
    {
        let name = "scopes_\(UUID().uuidString.lowercased().prefix(8))"
        var settings = try PostgresSettings(address: PostgresCluster.shared().schema(of: name))
        settings.migrates = false

        let planned = try await PostgresStore(settings).plannedMigrations()

        let step = try #require(planned.first { $0.purpose.contains("covers") })
        #expect(step.least == step.version)
    }
}
