internal import SyncProtocol

/// A step that would change the tables.
public struct PlannedMigration: Hashable, Sendable, Encodable {
    /// Its number: steps are done in this order, each in a transaction of its own.
    public var version: Int
    /// What it is for, in a few words.
    public var purpose: String
    /// What is run.
    public var sql: String
}

/// The versions of the tables.
///
/// Each is only ever added to the end; none is edited once released. A step takes no long lock: it makes what
/// is new, adds columns that may be empty, or (`CONCURRENTLY`) indexes beside those who write.
enum Migrations {
    static let all = [
        PlannedMigration(version: 1, purpose: "the tables", sql: first)
    ]

    /// What is still to be done.
    ///
    /// Throws `database_newer` where another version of the program was here.
    static func planned(on connection: Connection) throws -> [PlannedMigration] {
        let here = try version(on: connection)
        guard here <= all.count else { throw SyncError.databaseNewer }
        return Array(all.dropFirst(here))
    }

    /// Does what is still to be done; of several daemons that start at once, one does it.
    static func run(on connection: Connection) throws {
        guard try !planned(on: connection).isEmpty else { return }
        do {
            try connection.execute(
                """
                CREATE TABLE IF NOT EXISTS migration (
                    version int PRIMARY KEY,
                    done_at timestamptz NOT NULL DEFAULT now()
                )
                """
            )
        } catch let failure as PostgresFailure
            where ["23505", "42710", "42P07"].contains(failure.state)
        {
            // Two that make it at once meet in the catalogue: it is there now.
        }
        while true {
            let isDone = try PostgresTransaction.run(on: connection, isWriting: true) {
                transaction in
                // Whoever waits here finds that it was done.
                _ = try transaction.change("LOCK TABLE migration IN EXCLUSIVE MODE")
                let done = try transaction.rows("SELECT count(*) FROM migration").first?.int(0) ?? 0
                guard done < all.count else { return true }
                let step = all[Int(done)]
                for statement in step.sql.split(separator: ";\n") {
                    transaction.queue(String(statement))
                }
                transaction.queue(
                    "INSERT INTO migration (version) VALUES ($1)",
                    .int(Int64(step.version))
                )
                return false
            }
            if isDone { return }
        }
    }

    private static func version(on connection: Connection) throws -> Int {
        try PostgresTransaction.run(on: connection, isWriting: false) { transaction in
            let isThere = try transaction.rows("SELECT to_regclass('migration') IS NOT NULL")
            guard isThere.first?.bool(0) == true else { return 0 }
            return Int(try transaction.rows("SELECT count(*) FROM migration").first?.int(0) ?? 0)
        }
    }
}

extension SyncError {
    fileprivate static let databaseNewer = SyncError(
        "database_newer",
        "数据库由更新版本的程序使用 The database was brought up to a later version of this program",
        hint: "升级本程序。 Install that version here, too."
    )
}
