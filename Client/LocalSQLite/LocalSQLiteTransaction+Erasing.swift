internal import Foundation
internal import GRDB
internal import SQLiteRows
internal import SyncClient
internal import SyncProtocol

extension LocalSQLiteTransaction {
    func eraseEverything(keeping outbox: KeptOutbox?) throws {
        // Every table of ours, whatever later versions add; `secure_delete` overwrites the rows.
        let tables = try rows(
            """
            SELECT name FROM sqlite_master
            WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'grdb_%' AND name <> 'kept_outbox'
            """
        ).map { $0[0] as String }
        for table in tables { try database.execute(sql: "DELETE FROM \(table)") }
        // The key goes with what it opened: whatever lingers of that, nobody reads.
        let vault = vault
        database.afterNextTransaction { _ in vault?.set(nil) }
        guard let outbox else { return }
        try run(
            "INSERT OR REPLACE INTO kept_outbox (one, json) VALUES (1, ?)",
            [String(decoding: try JSONEncoder().encode(outbox), as: UTF8.self)]
        )
    }

    func keptOutbox() throws -> KeptOutbox? {
        guard let json = try row("SELECT json FROM kept_outbox")?[0] as String? else { return nil }
        return try JSONDecoder().decode(KeptOutbox.self, from: Data(json.utf8))
    }

    func forgetKeptOutbox() throws { try run("DELETE FROM kept_outbox") }
}
