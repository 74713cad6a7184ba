internal import Foundation
internal import SyncProtocol
public import SyncServer

/// The store on PostgreSQL: many writers, of one daemon or of several, side by side.
///
/// What a transaction acknowledged is committed by the database (`synchronous_commit`). Writers lock what
/// they read, in one order: the device, the records by their ids, the areas by their codes; decision 0030
/// says why nothing is lost or passed over. A transaction that meets another one is done again from its
/// beginning, so a closure may run more than once; what it returns is that of the last time.
public final class PostgresStore: Store {
    /// Where the database is.
    public let settings: PostgresSettings
    private let pool: ConnectionPool
    /// Who waits for what is committed here.
    public let news = News()
    private let wire = NewsWire()

    /// A store in a database; nothing is connected before it is first used.
    public init(_ settings: PostgresSettings) {
        self.settings = settings
        pool = ConnectionPool(settings)
    }

    deinit { pool.close() }

    /// Each writer has a connection of its own.
    public var hasManyWriters: Bool { true }

    /// Runs a closure that sees every row as if it were alone, and commits what it did.
    public func write<R: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> R
    ) async throws -> R {
        let (news, wire) = (news, wire)
        return try await perform { connection in
            let (result, told) = try PostgresTransaction.run(on: connection, isWriting: true) {
                (try body($0), $0.gathered)
            }
            news.tell(told.news)
            wire.send(told.news, on: connection)
            return result
        }
    }

    /// Hears of other daemons' commits by `LISTEN`; where the database has no such thing, or the connection is lost, it
    /// looks now and then.
    public func listen() async {
        let listener = NewsListener(settings, news, wire)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let thread = Thread {
                    listener.run()
                    continuation.resume()
                }
                thread.name = "listen"
                thread.start()
            }
        } onCancel: {
            listener.stop()
        }
    }

    /// Runs a closure on one consistent state, beside other readers and the writers.
    public func read<R: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> R
    ) async throws -> R {
        try await perform { connection in
            try PostgresTransaction.run(on: connection, isWriting: false) { try body($0) }
        }
    }

    /// Takes out the rows that were replaced.
    ///
    /// The database writes over their places in time; its log and its backups keep them as long as they are
    /// kept themselves (see the operator's guide).
    public func scrub() async throws {
        try await perform { connection in
            for table in ["record", "change", "effect", "conflict", "settlement"] {
                try connection.executeSlowly("VACUUM \(table)")
            }
        }
    }

    /// The steps that would bring the tables up to this version, the first one first.
    public func plannedMigrations() async throws -> [PlannedMigration] {
        try await perform { try Migrations.planned(on: $0) }
    }

    /// Brings the tables up to this version; returns what was done.
    public func migrate() async throws -> [PlannedMigration] {
        try await perform { connection in
            let planned = try Migrations.planned(on: connection)
            try Migrations.run(on: connection)
            return planned
        }
    }

    /// Removes the schema of the settings, with everything in it: a simulated world is over.
    package func dropSchema() async throws {
        guard let schema = settings.schema else { return }
        try await perform { try $0.execute("DROP SCHEMA IF EXISTS \(schema) CASCADE") }
    }

    /// Does something with a connection of its own, again where it met another transaction or the connection
    /// was lost before anything was committed.
    func perform<R: Sendable>(
        _ body: @escaping @Sendable (Connection) throws -> R
    ) async throws -> R {
        let patience = settings.patience
        do {
            return try await pool.run { connection in
                try Self.persist(patience) { try body(connection) }
            }
        } catch let failure as PostgresFailure {
            throw failure.error
        }
    }

    /// How often a transaction is begun again that met another one.
    private static let meetings = 20

    private static func persist<R>(_ patience: Int, _ body: () throws -> R) throws -> R {
        let end = ContinuousClock.now + .seconds(patience)
        var (meetings, losses) = (0, 0)
        while true {
            do {
                return try body()
            } catch let failure as PostgresFailure where failure.isMeeting {
                meetings += 1
                guard meetings < Self.meetings else { throw failure }
                // Full jitter: two that met must not meet again.
                pause(upTo: 0.002 * Double(1 << min(meetings, 6)))
            } catch let failure as PostgresFailure where failure.isLost && !failure.isAmbiguous {
                losses += 1
                guard ContinuousClock.now < end else { throw failure }
                if losses > 1 { pause(upTo: 0.05 * Double(1 << min(losses, 6))) }
            }
        }
    }

    private static func pause(upTo seconds: Double) {
        Thread.sleep(forTimeInterval: .random(in: seconds / 4...seconds))
    }
}
