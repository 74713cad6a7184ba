internal import SyncProtocol

/// A step that would change the tables.
public struct PlannedMigration: Hashable, Sendable, Encodable {
    /// Its number: steps are done in this order, each in a transaction of its own.
    public var version: Int
    /// What it is for, in a few words.
    public var purpose: String
    /// What is run.
    public var sql: String
    /// The oldest version of the tables whose programs go on working beside this one.
    ///
    /// A step that only adds what older programs do not name leaves it as it was, so that an upgrade can go
    /// from daemon to daemon; one that takes away what they use raises it, a release later.
    public var least = 1
}

/// The versions of the tables.
///
/// Each is only ever added to the end; none is edited once released. A step writes down which older programs
/// go on working beside it, so that these know it when they meet later tables than their own. It takes no long lock: it makes what
/// is new, adds columns that may be empty, or (`CONCURRENTLY`) indexes beside those who write.
enum Migrations {
    static let all = [
        PlannedMigration(version: 1, purpose: "the tables", sql: first),
        PlannedMigration(
            version: 2,
            purpose: "whose chain a device goes on from",
            sql: "ALTER TABLE device ADD COLUMN succession text"
        ),
        PlannedMigration(
            version: 3,
            purpose: "how far a holder of very many areas has read",
            sql: "ALTER TABLE device ADD COLUMN vector bytea"
        ),
        PlannedMigration(
            version: 4,
            purpose: "what the grant of an expected department covers",
            sql: "ALTER TABLE enrolment ADD COLUMN scope text",
            // A program of before knows of no scope, and would drop it wherever it writes a device.
            least: 4
        ),
        PlannedMigration(
            version: 5,
            purpose: "which announcement a device has",
            sql: "ALTER TABLE device ADD COLUMN announced bigint NOT NULL DEFAULT 0"
        ),
    ]

    /// What is still to be done.
    ///
    /// Throws `database_newer` where a later version of the program was here, whose tables this one cannot use.
    static func planned(on connection: Connection) throws -> [PlannedMigration] {
        let found = try state(on: connection)
        guard found.least <= all.count else { throw SyncError.databaseNewer }
        return Array(all.dropFirst(found.version))
    }

    /// Does what is still to be done; of several daemons that start at once, one does it.
    static func run(on connection: Connection) throws {
        guard try !planned(on: connection).isEmpty else { return }
        do {
            try connection.execute(
                """
                CREATE TABLE IF NOT EXISTS migration (
                    version int PRIMARY KEY,
                    least int NOT NULL DEFAULT 1,
                    done_at timestamptz NOT NULL DEFAULT now()
                );
                ALTER TABLE migration ADD COLUMN IF NOT EXISTS least int NOT NULL DEFAULT 1
                """
            )
        } catch let failure as PostgresFailure
            where ["23505", "42710", "42P07", "42701"].contains(failure.state)
        {
            // Two that make it at once meet in the catalogue: it is there now.
        }
        while true {
            let isDone = try PostgresTransaction.run(on: connection, isWriting: true) {
                transaction in
                // Whoever waits here finds that it was done.
                _ = try transaction.change("LOCK TABLE migration IN EXCLUSIVE MODE")
                let done = try version(transaction)
                guard done < all.count else { return true }
                let step = all[done]
                for statement in step.sql.split(separator: ";\n") {
                    transaction.queue(String(statement))
                }
                transaction.queue(
                    "INSERT INTO migration (version, least) VALUES ($1, $2)",
                    .int(Int64(step.version)),
                    .int(Int64(step.least))
                )
                return false
            }
            if isDone { return }
        }
    }

    private static func version(_ transaction: PostgresTransaction) throws -> Int {
        let found = try transaction.rows("SELECT coalesce(max(version), 0)::bigint FROM migration")
        return Int(found.first?.int(0) ?? 0)
    }

    /// How far the tables are, and how far a program has to be that uses them.
    private static func state(on connection: Connection) throws -> (version: Int, least: Int) {
        try PostgresTransaction.run(on: connection, isWriting: false) { transaction in
            let isThere = try transaction.rows("SELECT to_regclass('migration') IS NOT NULL")
            guard isThere.first?.bool(0) == true else { return (0, 0) }
            // The first tables did not say.
            let least = try transaction.rows(
                """
                SELECT coalesce(max((to_jsonb(m) ->> 'least')::bigint), 1) FROM migration m
                """
            )
            return (try version(transaction), Int(least.first?.int(0) ?? 0))
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
