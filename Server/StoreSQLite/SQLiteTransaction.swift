internal import Foundation
internal import GRDB
internal import GRDBSQLite
internal import SyncProtocol
internal import SyncServer

/// One transaction on the embedded store.
///
/// Every statement is prepared once for each connection.
struct SQLiteTransaction: StoreTransaction {
    let database: GRDB.Database
    let gathered = NewsGatherer()

    init(_ database: GRDB.Database) { self.database = database }

    func rows(_ sql: String, _ arguments: StatementArguments = []) throws -> [Row] {
        var rows: [Row] = []
        try each(sql, arguments) { row in
            rows.append(row)
            return true
        }
        return rows
    }

    func row(_ sql: String, _ arguments: StatementArguments = []) throws -> Row? {
        var first: Row?
        try each(sql, arguments) { row in
            first = row
            return false
        }
        return first
    }

    func run(_ sql: String, _ arguments: StatementArguments = []) throws {
        try each(sql, arguments) { _ in true }
    }

    /// Runs a statement and walks its rows until the closure has had enough.
    ///
    /// The closure may run statements of its own, but not this one.
    func each(
        _ sql: String,
        _ arguments: StatementArguments,
        _ visit: (Row) throws -> Bool
    ) throws {
        let statement = try database.cachedStatement(sql: sql).sqliteStatement
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        guard arguments.bind(to: statement) == SQLITE_OK else { throw refusal }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: guard try visit(Row(statement)) else { return }
            case SQLITE_DONE: return
            default: throw refusal
            }
        }
    }

    /// What SQLite said last, without the statement and its values: those may be personal.
    private var refusal: DatabaseError {
        let connection = database.sqliteConnection
        return DatabaseError(
            resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)),
            message: String(cString: sqlite3_errmsg(connection))
        )
    }

    // MARK: - Settings

    func setting(_ key: Setting) throws -> [UInt8]? {
        try row("SELECT value FROM setting WHERE key = ?", [key.rawValue])?.bytes(0)
    }

    func set(_ value: [UInt8], for key: Setting) throws {
        gathered.kept(key)
        try run(
            "INSERT INTO setting (key, value) VALUES (?, ?)"
                + " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [key.rawValue, Data(value)]
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
