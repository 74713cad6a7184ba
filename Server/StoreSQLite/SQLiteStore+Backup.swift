public import Foundation
internal import GRDB
public import SyncProtocol
internal import SyncServer

/// A backup: one SQLite file, which can be opened like any other.
public struct BackupFile: Sendable {
    /// Where it is.
    public let file: URL

    /// The backup in a file.
    public init(file: URL) { self.file = file }

    /// Whether SQLite finds the file sound, page by page.
    ///
    /// Throws `database_unreadable` where it is not a database, or damaged.
    public func check() throws {
        let flaws = try reading { database in
            try String.fetchAll(database, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
        }
        guard let first = flaws.first else { return }
        throw SyncError(
            "database_unreadable",
            "\(file.path) is damaged: \(first)",
            hint: "Take another backup.",
            subject: file.path
        )
    }

    /// Up to which change it has each device.
    public func highWaters() throws -> [DeviceID: SequenceNumber] {
        try reading { database in
            let devices = try SQLiteTransaction(database).devices()
            return Dictionary(uniqueKeysWithValues: devices.map { ($0.id, $0.highWater) })
        }
    }

    /// When it was begun, in milliseconds since 1970; `nil` of a copy that was made by other means.
    public func madeAt() throws -> Int64? {
        try reading { try SQLiteTransaction($0).backupBegan() }
    }

    private func reading<R>(_ body: (GRDB.Database) throws -> R) throws -> R {
        do {
            var configuration = GRDB.Configuration()
            configuration.readonly = true
            return try DatabaseQueue(path: file.path, configuration: configuration).read(body)
        } catch let error as DatabaseError {
            throw SyncError(opening: file, error)
        }
    }
}

extension SQLiteStore {
    /// Copies the database into a file while it is served: one consistent state, verified by opening it.
    ///
    /// The file is there whole or not at all. Throws `backup_exists`, `disk_full`, and
    /// `database_unreadable` where what was written does not verify.
    @discardableResult
    public func backup(
        to file: URL,
        at now: Int64,
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws -> BackupFile {
        let manager = FileManager.default
        guard !manager.fileExists(atPath: file.path) else {
            throw SyncError(
                "backup_exists",
                "已有同名文件 \(file.path) is there already",
                hint: "请换一个文件名或文件夹。 Name another file, or a folder.",
                subject: file.path
            )
        }
        let partial = file.appendingPathExtension("partial")
        do {
            try manager.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            try? manager.removeItem(at: partial)
            try await write { try $0.noteBackupBegan(at: now) }
            try await copy(to: partial, progress)
            try BackupFile(file: partial).check()
            try Self.keep(partial)
            try manager.moveItem(at: partial, to: file)
            try Self.keep(file.deletingLastPathComponent())
        } catch {
            try? manager.removeItem(at: partial)
            throw error as? SyncError ?? SyncError(opening: file, error)
        }
        return BackupFile(file: file)
    }

    private func copy(
        to file: URL,
        _ progress: @escaping @Sendable (Double) -> Void
    ) async throws {
        try await reading { source in
            var configuration = GRDB.Configuration()
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            let copy = try DatabaseQueue(path: file.path, configuration: configuration)
            // The reader's transaction stays open: every step sees the same state, whoever writes.
            try copy.writeWithoutTransaction { target in
                try source.backup(to: target, pagesPerStep: 512) { step in
                    progress(
                        Double(step.completedPageCount) / Double(max(1, step.totalPageCount))
                    )
                }
                // One file, without a log beside it.
                try target.execute(sql: "PRAGMA journal_mode = DELETE")
            }
            try copy.close()
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    }

    /// Sees a file, or what a folder says of its files, onto the disk.
    static func keep(_ url: URL) throws {
        let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}
