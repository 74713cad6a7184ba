public import GRDB
internal import GRDBSQLite

/// Runs statements on a connection, each of which is prepared once for it.
public protocol RunsStatements {
    /// The connection.
    var database: GRDB.Database { get }
}

extension RunsStatements {
    /// The rows of a statement.
    public func rows(_ sql: String, _ arguments: StatementArguments = []) throws -> [Row] {
        var rows: [Row] = []
        try each(sql, arguments) { row in
            rows.append(row)
            return true
        }
        return rows
    }

    /// The first row of a statement; `nil` where there is none.
    public func row(_ sql: String, _ arguments: StatementArguments = []) throws -> Row? {
        var first: Row?
        try each(sql, arguments) { row in
            first = row
            return false
        }
        return first
    }

    /// Runs a statement that gives no rows.
    public func run(_ sql: String, _ arguments: StatementArguments = []) throws {
        try each(sql, arguments) { _ in true }
    }

    /// Runs a statement and walks its rows until the closure has had enough.
    ///
    /// The closure may run statements of its own, but not this one. Throws what SQLite refuses.
    public func each(
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
}
