internal import Foundation
internal import GRDB
internal import SQLiteRows
internal import SyncProtocol
internal import SyncServer

/// One transaction on the embedded store.
struct SQLiteTransaction: StoreTransaction, RunsStatements {
    let database: GRDB.Database
    let gathered = NewsGatherer()

    init(_ database: GRDB.Database) { self.database = database }

    // MARK: - Settings

    func setting(_ key: Setting) throws -> [UInt8]? {
        try row("SELECT value FROM setting WHERE key = ?", [key.rawValue])?.bytes(0)
    }

    func set(_ value: [UInt8], for key: Setting) throws {
        gathered.kept(key)
        try run(
            "INSERT INTO setting (key, value) VALUES (?, ?)"
                + " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [key.rawValue, value]
        )
    }

    // MARK: - How much there is

    func counts() throws -> Counts {
        var counts = Counts()
        let types = try rows(
            "SELECT type, count(*) FROM record WHERE NOT deleted AND redirect IS NULL GROUP BY type"
        )
        for row in types { counts.records[row[0]] = row[1] }
        func count(_ sql: String) throws -> Int { try row(sql)?[0] ?? 0 }
        counts.tombstones = try count(
            "SELECT count(*) FROM record WHERE deleted OR redirect IS NOT NULL"
        )
        counts.changes = try count("SELECT count(*) FROM change")
        counts.openConflicts = try count("SELECT count(*) FROM conflict WHERE open")
        counts.decidedConflicts = try count("SELECT count(*) FROM conflict WHERE NOT open")
        counts.settled = try count("SELECT count(*) FROM settlement")
        counts.quarantined =
            try count("SELECT count(*) FROM change WHERE kind = 5") - counts.settled
        counts.devices = try count("SELECT count(*) FROM device")
        counts.areas = try count("SELECT count(*) FROM area")
        return counts
    }
}

extension UInt64 {
    /// SQLite has signed integers only; epochs, revisions and positions stay far below the sign.
    var signed: Int64 { Int64(bitPattern: self) }
}

/// GRDB has its own, by name.
typealias Row = SQLiteRows.Row
typealias StatementArguments = SQLiteRows.StatementArguments
