public import Foundation
internal import GRDB
internal import SQLiteRows
internal import SyncProtocol
public import SyncClient

/// The device's database: one SQLite file in a folder that only its owner can read.
///
/// A transaction that returned is on the disk (`synchronous=FULL`): it survives a kill at any
/// instruction and an empty battery.
public final class LocalSQLiteStore: LocalStore {
    let database: any DatabaseWriter
    /// Whether transactions run in the caller's own thread.
    private let isInline: Bool
    let vault = LocalVault()

    /// Opens the database of a folder, and makes both where they are missing.
    ///
    /// Throws `database_unreadable` where the file is damaged or none of ours; it is never replaced,
    /// since it may hold the only copy of somebody's work; `database_newer` where a later version of the program was
    /// here; `disk_full` where there is no room for what SQLite keeps beside it while it is open. Where it is sealed
    /// [D-05], throws `device_locked` without a secret, `secret_wrong`, and `secret_tried_too_often`.
    public init(folder: URL, unlockedBy unlocking: Unlocking? = nil) throws {
        let file = folder.appendingPathComponent("device.sqlite")
        do {
            try FileManager.default.createDirectory(
                at: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            // A log that was not written back tells of an unclean end.
            let log = file.path + "-wal"
            let attributes = try? FileManager.default.attributesOfItem(atPath: log)
            let wasCut = (attributes?[.size] as? Int ?? 0) > 0
            let pool = try DatabasePool(path: file.path, configuration: Self.configuration)
            database = pool
            isInline = false
            // Setting up the log lowers it to NORMAL, which a power cut does not survive.
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL")
                // In kibibytes. The default of 2,000 does not hold the indexes into which an area's first pages go, in no
                // order: they would be written again and again.
                try database.execute(sql: "PRAGMA cache_size = -16000")
            }
            // What it does not know it would drop wherever it writes.
            guard try !pool.read(LocalMigrations.all.hasBeenSuperseded) else {
                throw SyncError.databaseNewer
            }
            try LocalMigrations.all.migrate(pool)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600],
                ofItemAtPath: file.path
            )
            // > [G-04] A device counts from its rows after an unclean end.
            try pool.unlock(vault, by: unlocking, wasCut: wasCut)
        } catch let error as SyncError {
            throw error
        } catch {
            throw SyncError(opening: file, error)
        }
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
            try LocalMigrations.all.migrate(queue)
            try queue.write { try LocalSQLiteTransaction($0).noteRecount() }
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
        configuration.busyMode = .timeout(10)
        configuration.maximumReaderCount = 2
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
            // What was redacted by law must not linger in pages that are free.
            try database.execute(sql: "PRAGMA secure_delete = ON")
        }
        return configuration
    }

    /// Runs a closure alone, and commits what it did.
    public func write<R: Sendable>(
        _ body: @escaping @Sendable (any LocalTransaction) throws -> R
    ) async throws -> R {
        try await translating {
            guard isInline else {
                return try await database.write { try body(LocalSQLiteTransaction($0, in: vault)) }
            }
            return try inline(body)
        }
    }

    /// Runs a closure on one consistent state.
    public func read<R: Sendable>(
        _ body: @escaping @Sendable (any LocalReader) throws -> R
    ) async throws -> R {
        try await translating {
            guard isInline else {
                return try await database.read { try body(LocalSQLiteTransaction($0, in: vault)) }
            }
            return try inlineRead(body)
        }
    }

    private func inline<R>(_ body: (any LocalTransaction) throws -> R) throws -> R {
        try database.write { try body(LocalSQLiteTransaction($0, in: vault)) }
    }

    private func inlineRead<R>(_ body: (any LocalReader) throws -> R) throws -> R {
        // Nobody writes meanwhile: one thread, one connection. A read-only transaction would have every
        // statement prepared anew, since SQLite expires them all when `query_only` is set.
        try database.unsafeRead { try body(LocalSQLiteTransaction($0, in: vault)) }
    }

    /// Writes the log back into the database and empties it.
    public func scrub() async throws {
        try await translating {
            try await database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        }
    }

    func translating<R: Sendable>(_ body: () async throws -> R) async throws -> R {
        do {
            return try await body()
        } catch let error as DatabaseError {
            throw SyncError(error, at: database.path)
        }
    }
}

extension SyncError {
    fileprivate static let databaseNewer = SyncError(
        "database_newer",
        "本机数据由更新版本的程序使用过 The device's data were used by a later version of this program",
        hint: "请安装新版程序；数据未改动。 Install that version; nothing was changed."
    )

    fileprivate init(opening file: URL, _ error: any Error) {
        if let error = error as? DatabaseError {
            self.init(error, at: file.path)
        } else if (error as? CocoaError)?.code == .fileWriteOutOfSpace {
            self = .diskFull
        } else {
            self.init(
                "database_unavailable",
                "无法打开数据 The data cannot be opened: \(error)",
                hint: "请检查文件夹是否存在、可写。 Check that the folder exists and may be written."
            )
        }
        subject = file.path
    }

    private static let diskFull = SyncError(
        "disk_full",
        "存储空间已满，未作任何改动 The disk is full; nothing was changed",
        hint: "请腾出空间后重试，已有的数据都在。 Make room and try again; what is here is not lost."
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
                "本机数据已损坏 The device's database is damaged",
                hint:
                    "请勿改动文件夹，把设备交给运维人员。 Keep the folder as it is and bring the device to the operator."
            )
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                "database_busy",
                "数据正被另一程序使用 Another program holds the data",
                hint: "请稍后再试。 Try again in a moment."
            )
        default:
            self.init(
                "database_unavailable",
                "无法读写数据 The database refused (\(error.extendedResultCode))",
                hint: "请检查磁盘和文件夹权限。 Check the disk and the folder's permissions."
            )
        }
    }
}
