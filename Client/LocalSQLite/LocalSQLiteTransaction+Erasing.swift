internal import Foundation
internal import GRDB
internal import SQLiteRows
internal import SyncClient
internal import SyncProtocol

extension LocalSQLiteTransaction {
    func eraseEverything(keeping outbox: KeptOutbox?, _ parts: [SealedPart]) throws {
        // Every table of ours, whatever later versions add; `secure_delete` overwrites the rows.
        let tables = try rows(
            """
            SELECT name FROM sqlite_master
            WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'grdb_%'
            """
        ).map { $0[0] as String }
        for table in tables { try database.execute(sql: "DELETE FROM \(table)") }
        // The key goes with what it opened: whatever lingers of that, nobody reads.
        let vault = vault
        database.afterNextTransaction { _ in vault?.set(nil) }
        guard let outbox else { return }
        try run(
            "INSERT INTO kept_outbox (one, json) VALUES (1, ?)",
            [String(decoding: try JSONEncoder().encode(outbox), as: UTF8.self)]
        )
        for part in parts {
            try run(
                "INSERT INTO kept_part (number, changes, sealed) VALUES (?, ?, ?)",
                [part.number, part.changes, part.sealed]
            )
        }
    }

    func keptOutbox() throws -> KeptOutbox? {
        guard let json = try row("SELECT json FROM kept_outbox")?[0] as String? else { return nil }
        var kept = try JSONDecoder().decode(KeptOutbox.self, from: Data(json.utf8))
        let sum =
            try row("SELECT coalesce(sum(changes), 0) FROM kept_part WHERE NOT delivered")?[0]
            as Int?
        kept.changes = sum ?? 0
        return kept
    }

    func keptPart(after number: Int) throws -> SealedPart? {
        try row(
            """
            SELECT number, sealed, changes, delivered FROM kept_part
            WHERE number > ? ORDER BY number LIMIT 1
            """,
            [number]
        ).map {
            SealedPart(number: $0[0], sealed: $0.bytes(1), changes: $0[2], isDelivered: $0[3])
        }
    }

    func noteDelivery(ofKeptPart number: Int) throws {
        try run("UPDATE kept_part SET delivered = 1 WHERE number = ?", [number])
        let isWaiting = try row("SELECT 1 FROM kept_part WHERE NOT delivered LIMIT 1") != nil
        if !isWaiting { try forgetKeptParts() }
    }

    func redeliverKeptParts() throws { try run("UPDATE kept_part SET delivered = 0") }

    func forgetKeptParts() throws { try run("DELETE FROM kept_part") }
}
