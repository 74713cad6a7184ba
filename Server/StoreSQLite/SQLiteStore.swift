public import Foundation
internal import GRDB
internal import SQLiteRows
internal import SyncProtocol
public import SyncServer

/// The embedded store: one SQLite database in a folder, one writer and many readers.
///
/// What a transaction acknowledged is on the disk (`synchronous=FULL`): it survives a killed process
/// and a power cut. Several processes may open the same database; only one may serve it.
public final class SQLiteStore: Store {
    private let database: any DatabaseWriter
    /// Whether transactions run in the caller's own thread.
    private let isInline: Bool
    /// Who waits for what is committed here.
    public let news = News()

    /// Opens the database of a folder, and makes both where they are missing.
    ///
    /// Throws `database_unreadable` where the file is none of ours or damaged, `database_newer` where a later version
    /// of the program was here, `disk_full` and `database_unavailable` where the system refuses.
    public init(folder: URL) throws {
        let file = folder.appendingPathComponent("residence.sqlite")
        do {
            try FileManager.default.createDirectory(
                at: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            let pool = try DatabasePool(path: file.path, configuration: Self.configuration)
            database = pool
            isInline = false
            // Setting up the log lowers it to NORMAL, which a power cut does not survive.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            // What it does not know it would drop wherever it writes.
            guard try !pool.read(Migrations.all.hasBeenSuperseded) else {
                throw SyncError.databaseNewer
            }
            try Migrations.all.migrate(pool)
        } catch let error as SyncError {
            throw error
        } catch {
            throw SyncError(opening: file, error)
        }
    }

    /// Opens the database of a folder to look at it: nothing is made, brought up to date or written.
    ///
    /// Throws `database_empty`, `database_older` where this version of the program was never here, and what opening it
    /// to serve it throws.
    public init(reading folder: URL) throws {
        let file = folder.appendingPathComponent("residence.sqlite")
        guard !Self.isEmpty(file) else { throw SyncError.databaseEmpty(file) }
        do {
            var configuration = GRDB.Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(10)
            let queue = try DatabaseQueue(path: file.path, configuration: configuration)
            database = queue
            isInline = false
            let (isNewer, isComplete) = try queue.read { database in
                (
                    try Migrations.all.hasBeenSuperseded(database),
                    try Migrations.all.hasCompletedMigrations(database)
                )
            }
            guard !isNewer else { throw SyncError.databaseNewer }
            guard isComplete else { throw SyncError.databaseOlder }
        } catch let error as SyncError {
            throw error
        } catch {
            throw SyncError(opening: file, error)
        }
    }

    /// Refuses the database of a folder where the file has no bytes: whoever lost everything has to hear of it.
    ///
    /// Where another process is about to make it, it waits for that one. Throws `database_empty`.
    public static func refuseEmpty(in folder: URL) async throws {
        let file = folder.appendingPathComponent("residence.sqlite")
        for _ in 0..<20 where isEmpty(file) {
            try await ContinuousClock().sleep(for: .milliseconds(100))
        }
        guard !isEmpty(file) else { throw SyncError.databaseEmpty(file) }
    }

    // SQLite takes a file of no bytes for a new database, and finds it sound.
    private static func isEmpty(_ file: URL) -> Bool {
        let size = try? FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int
        return size == 0
    }

    /// A database by one connection, in the caller's own thread: for worlds that are simulated.
    public init(simulatedAt path: String) throws {
        do {
            var configuration = GRDB.Configuration()
            configuration.prepareDatabase { database in
                // One connection needs no shared memory, if it says so before it reads anything.
                try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
                try database.execute(sql: "PRAGMA journal_mode = WAL")
                try database.execute(sql: "PRAGMA synchronous = FULL")
            }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            database = queue
            isInline = true
            try Migrations.all.migrate(queue)
        } catch {
            throw SyncError(opening: URL(fileURLWithPath: path), error)
        }
    }

    /// How far a commit waits for the disk, in SQLite's numbers: 2 is FULL.
    package func synchronous() async throws -> Int {
        try await translating {
            try await database.writeWithoutTransaction { database in
                try Int.fetchOne(database, sql: "PRAGMA synchronous") ?? 0
            }
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
            // In kibibytes. The default of 2,000 does not hold the inner pages of a large database's indexes.
            try database.execute(sql: "PRAGMA cache_size = -16000")
            // What was redacted by law must not linger in pages that are free.
            try database.execute(sql: "PRAGMA secure_delete = ON")
        }
        return configuration
    }

    /// Runs a closure alone among the writers, and commits what it did.
    public func write<R: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> R
    ) async throws -> R {
        try await translating {
            guard isInline else {
                return try await database.writeWithoutTransaction { [self] in try alone($0, body) }
            }
            return try inline(body)
        }
    }

    /// Runs a closure on one consistent state, beside other readers and the writer.
    public func read<R: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> R
    ) async throws -> R {
        try await translating {
            guard isInline else {
                return try await database.read { try body(SQLiteTransaction($0)) }
            }
            return try inlineRead(body)
        }
    }

    /// Begins to commit groups where the writer is: between two of them nothing waits for another thread.
    ///
    /// > [Q-09] A server that never runs out of batches leaves room between them for whoever else writes to the same
    /// > data, in its own process or in another.
    public func commit(_ next: @escaping @Sendable () -> CommitGroup?) {
        guard !isInline else {
            while let group = next() {
                database.writeWithoutTransaction { group.done(committed(group.bodies, in: $0)) }
            }
            return
        }
        database.asyncWriteWithoutTransaction { [self] database in
            let end = ContinuousClock.now + Self.turn
            while ContinuousClock.now < end {
                guard let group = next() else { return }
                group.done(committed(group.bodies, in: database))
            }
            Task {
                try? await ContinuousClock().sleep(for: Self.pause)
                commit(next)
            }
        }
    }

    // So long groups follow one another. Then whoever else waits for the writer has their turn; other processes,
    // which only ask now and then whether the database is free, find it so in the pause.
    private static let turn = Duration.milliseconds(150)
    private static let pause = Duration.milliseconds(10)

    /// Runs closures one after the other in one transaction; if that fails, each in its own.
    private func committed(
        _ bodies: [CommitGroup.Body],
        in database: GRDB.Database
    ) -> [Result<Void, any Error>] {
        let path = self.database.path
        func translated(_ error: any Error) -> any Error {
            (error as? DatabaseError).map { SyncError($0, at: path) } ?? error
        }
        if bodies.count > 1 {
            do {
                return try alone(database) { try Self.run(bodies, in: $0) }
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                // Each would wait for the other process as long again.
                return bodies.map { _ in .failure(translated(error)) }
            } catch {}
        }
        return bodies.map { body in Result { try alone(database, body) }.mapError(translated) }
    }

    /// Runs a closure alone among the writers, where the writer is, and tells those who wait once it is committed.
    private func alone<R>(
        _ database: GRDB.Database,
        _ body: (SQLiteTransaction) throws -> R
    ) throws -> R {
        let transaction = SQLiteTransaction(database)
        var result: R?
        try database.inTransaction {
            result = try body(transaction)
            return .commit
        }
        guard let result else { preconditionFailure("what was committed has been run") }
        news.tell(transaction.gathered.news)
        return result
    }

    /// Runs closures within one transaction, each with its own result.
    ///
    /// Most refusals come before anything was written, and need no undoing. One that comes later, and
    /// whatever SQLite refuses, ends the transaction of all.
    private static func run(
        _ bodies: [CommitGroup.Body],
        in transaction: SQLiteTransaction
    ) throws -> [Result<Void, any Error>] {
        try bodies.map { body in
            let written = transaction.database.totalChangesCount
            do {
                return .success(try body(transaction))
            } catch {
                let isUntouched = transaction.database.totalChangesCount == written
                guard !(error is DatabaseError), isUntouched else { throw error }
                return .failure(error)
            }
        }
    }

    private func inline<R>(
        _ body: (any StoreTransaction) throws -> R
    ) throws -> R {
        try database.writeWithoutTransaction { try alone($0, body) }
    }

    /// Asks twenty times a second, as long as somebody waits, whether another process has written: `device revoke` and
    /// its like do so beside the daemon.
    public func listen() async {
        guard !isInline else { return }
        var seen: Int?
        while !Task.isCancelled {
            if news.count > 0 {
                // The connection that writes is told of the commits of others alone.
                let version = try? await database.writeWithoutTransaction {
                    try Int.fetchOne($0, sql: "PRAGMA data_version")
                }
                if version != seen { news.tell(.vague) }
                seen = version
            }
            try? await ContinuousClock().sleep(for: .milliseconds(50))
        }
    }

    private func inlineRead<R>(_ body: (any StoreReader) throws -> R) throws -> R {
        // Nobody writes meanwhile: one thread, one connection. A read-only transaction would have every
        // statement prepared anew, since SQLite expires them all when `query_only` is set.
        try database.unsafeRead { try body(SQLiteTransaction($0)) }
    }

    /// Writes the log back into the database and empties it.
    public func scrub() async throws {
        try await translating {
            try await database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        }
    }

    private func translating<R: Sendable>(
        _ body: () async throws -> R
    ) async throws -> R {
        do {
            return try await body()
        } catch let error as DatabaseError {
            throw SyncError(error, at: database.path)
        }
    }
}

extension SQLiteStore {
    /// Runs a closure on one consistent state, with the database itself.
    func reading<R: Sendable>(
        _ body: @escaping @Sendable (GRDB.Database) throws -> R
    ) async throws -> R {
        try await translating { try await database.read(body) }
    }
}

extension SyncError {
    fileprivate static let databaseNewer = SyncError(
        "database_newer",
        "数据库由更新版本的程序使用 The database was brought up to a later version of this program",
        hint: "升级本程序。 Install that version here, too."
    )

    fileprivate static func databaseEmpty(_ file: URL) -> SyncError {
        SyncError(
            "database_empty",
            "数据库文件 \(file.path) 是空的 The database is a file of no bytes: \(file.path)",
            hint: """
                请由备份恢复；从未用过的新服务器，停止所有程序后删除该文件。 \
                Restore a backup. Of a new server that was never used, stop every program and remove the file.
                """,
            subject: file.path
        )
    }

    fileprivate static let databaseOlder = SyncError(
        "database_older",
        "数据库尚未升级到本版本 The database was not brought up to this version, or is none of ours",
        hint:
            "先启动服务，或运行 residence-syncd migrate。 Start the daemon first, or run residence-syncd migrate."
    )

    init(opening file: URL, _ error: any Error) {
        if let error = error as? DatabaseError {
            self.init(error, at: file.path)
        } else if (error as? CocoaError)?.code == .fileWriteOutOfSpace {
            self = .diskFull
        } else {
            self.init(
                "database_unavailable",
                "\(file.path) cannot be opened: \(error)",
                hint: "Check that the folder exists and may be written."
            )
        }
        // A service that runs goes on by itself; what could not begin has to be begun again.
        if code == Self.diskFull.code {
            hint = "请腾出空间后重试，已有的数据都在。 Make room and run it again; what is here is not lost."
        }
        subject = file.path
    }

    private static let diskFull = SyncError(
        "disk_full",
        "存储空间已满，未作任何改动 The disk is full; nothing was changed",
        hint: "请腾出空间，服务会自行恢复。 Make room; the service goes on by itself."
    )

    fileprivate init(_ error: DatabaseError, at path: String) {
        guard !error.isForWantOfRoom(at: path) else {
            self = .diskFull
            return
        }
        switch error.resultCode {
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            self.init(
                "database_unreadable",
                "The database is damaged or not a database: \(error.sqlite)",
                hint: "Keep the file, and restore the newest backup beside it."
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
