public import Foundation
internal import GRDB
internal import SyncProtocol
public import SyncServer

/// The embedded store: one SQLite database in a folder, one writer and many readers.
///
/// What a transaction acknowledged is on the disk (`synchronous=FULL`): it survives a killed process
/// and a power cut. Several processes may open the same database; only one may serve it.
public final class SQLiteStore: Store {
    private let pool: DatabasePool

    /// Opens the database of a folder, and makes both where they are missing.
    ///
    /// Throws `database_unreadable` where the file is none of ours or damaged, `disk_full` and
    /// `database_unavailable` where the system refuses.
    public init(folder: URL) throws {
        let file = folder.appendingPathComponent("residence.sqlite")
        do {
            try FileManager.default.createDirectory(
                at: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            pool = try DatabasePool(path: file.path, configuration: Self.configuration)
            try Migrations.all.migrate(pool)
        } catch {
            throw SyncError(opening: file, error)
        }
    }

    private static var configuration: GRDB.Configuration {
        var configuration = GRDB.Configuration()
        // `device add` writes beside the daemon: each waits for the other's transaction.
        configuration.busyMode = .timeout(10)
        configuration.maximumReaderCount = 4
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
            try database.execute(sql: "PRAGMA foreign_keys = OFF")
            // What was redacted by law must not linger in pages that are free.
            try database.execute(sql: "PRAGMA secure_delete = ON")
        }
        return configuration
    }

    /// Runs a closure alone among the writers, and commits what it did.
    public func write<R: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> R
    ) async throws -> R {
        try await translating { try await pool.write { try body(SQLiteTransaction($0)) } }
    }

    /// Runs a closure on one consistent state, beside other readers and the writer.
    public func read<R: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> R
    ) async throws -> R {
        try await translating { try await pool.read { try body(SQLiteTransaction($0)) } }
    }

    /// Writes the log back into the database and empties it.
    public func scrub() async throws {
        try await translating {
            try await pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        }
    }

    private func translating<R: Sendable>(
        _ body: () async throws -> R
    ) async throws -> R {
        do {
            return try await body()
        } catch let error as DatabaseError {
            throw SyncError(error)
        }
    }
}

extension SyncError {
    fileprivate init(opening file: URL, _ error: any Error) {
        guard let error = error as? DatabaseError else {
            self.init(
                "database_unavailable",
                "\(file.path) cannot be opened: \(error)",
                hint: "Check that the folder exists and may be written.",
                subject: file.path
            )
            return
        }
        self.init(error)
        subject = file.path
    }

    fileprivate init(_ error: DatabaseError) {
        switch error.resultCode {
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            self.init(
                "database_unreadable",
                "The database is damaged or not a database: \(error.sqlite)",
                hint: "Keep the file, and restore the newest backup beside it."
            )
        case .SQLITE_FULL:
            self.init(
                "disk_full",
                "The disk is full; nothing was changed",
                hint: "Make room; the service goes on by itself."
            )
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                "database_busy",
                "Another process holds the database",
                hint: "Try again in a moment."
            )
        default:
            self.init(
                "database_unavailable",
                "The database refused: \(error.sqlite)",
                hint: "Check the disk and the folder's permissions."
            )
        }
    }
}

extension DatabaseError {
    /// SQLite's own words, without the statement and its values: those may be personal.
    fileprivate var sqlite: String { "\(message ?? "no message") (\(extendedResultCode))" }
}
