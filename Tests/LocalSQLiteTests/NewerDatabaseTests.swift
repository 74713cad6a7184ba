import Foundation
import GRDB
import LocalSQLite
import SyncClient
import SyncProtocol
import Testing

/// A device's data after a later version of the program was here.
struct NewerDatabaseTests {
    private let scratch = Scratch()

    @Test func `data that a later version of the program used are refused and left as they are`()
        async throws
    {
        let store = try scratch.open()
        try await store.write { try $0.save(Sample.profile) }
        try await DatabaseQueue(path: scratch.file.path).write {
            try $0.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('later')")
        }

        let error = #expect(throws: SyncError.self) { _ = try scratch.open() }

        let name = try await store.read { try $0.profile()?.name }
        #expect(error?.code == "database_newer")
        #expect(name == Sample.profile.name)
    }
}
