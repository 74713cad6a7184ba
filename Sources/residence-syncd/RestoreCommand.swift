internal import ArgumentParser
internal import Foundation
internal import StoreSQLite
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd restore FILE`: puts a backup in the place of the database, in a new epoch.
struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("由备份恢复数据库", "Restore the database from a backup."),
        discussion: say(
            "先停止服务。恢复后进入新的纪元：各设备下次同步时补回备份之后交来的变更。原数据库移入 replaced-… 文件夹，不会删除。",
            """
            Stop the daemon first. A new epoch begins: with its next sync each device offers again what it had \
            given since the backup. The database that was there is moved to a folder replaced-…, never deleted.
            """
        )
    )

    @OptionGroup var options: CommonOptions

    @Argument(help: ArgumentHelp(say("备份文件", "The backup."), valueName: "FILE"))
    var file: String

    @Flag(help: ArgumentHelp(say("替换现有的数据库", "Replace the database that is there.")))
    var replace = false

    func run() async throws {
        try await options.run {
            try options.mustBeEmbedded(
                otherwise:
                    "用数据库自己的工具恢复，再运行 residence-syncd database restored。 Restore by the database's own tools, then run `residence-syncd database restored`."
            )
            let backup = BackupFile(file: URL(fileURLWithPath: file))
            guard FileManager.default.fileExists(atPath: file) else {
                throw SyncError(
                    "backup_missing",
                    "没有这个文件 There is no file \(file)",
                    hint: "请核对文件名。 Check its name.",
                    subject: file
                )
            }
            try backup.check()
            let lock = try DataFolderLock(folder: options.folder)
            defer { lock.release() }
            let restoring = Restoring(folder: options.folder, backup: backup)
            let report = try await restoring.run(replacing: replace)
            if options.json { return try Console.out(json: report) }
            Console.out(
                say(
                    "已恢复，新纪元 \(report.epoch)。备份含 \(report.devices) 台设备的 \(report.changes) 条变更。",
                    "Restored; epoch \(report.epoch). The backup has \(report.changes) changes of \(report.devices) devices."
                )
            )
            if let replaced = report.replaced {
                Console.note(say("原数据库在 \(replaced)", "What was there is in \(replaced)"))
            }
            Console.note(
                say(
                    "启动服务后，用 residence-syncd recovery 查看各设备补回的进度和须重新决定的事项。",
                    "Start the daemon; residence-syncd recovery shows what comes back and what to decide again."
                )
            )
        }
    }
}

/// One restore; killed anywhere, it is begun again by running the same command.
struct Restoring {
    let folder: URL
    let backup: BackupFile

    struct Report: Encodable {
        var epoch: UInt64
        var devices: Int
        var changes: UInt64
        var replaced: String?
    }

    private static let name = "residence.sqlite"
    private var target: URL { folder.appendingPathComponent(Self.name) }
    private var workshop: URL { Self.workshop(in: folder) }

    /// Where a restore is under way: as long as it is there, nothing may be served.
    static func workshop(in folder: URL) -> URL { folder.appendingPathComponent("restoring") }

    func run(replacing: Bool) async throws -> Report {
        let manager = FileManager.default
        let isThere = manager.fileExists(atPath: target.path)
        let isGoingOn = manager.fileExists(atPath: workshop.path)
        guard !isThere || replacing || isGoingOn else {
            throw SyncError(
                "database_exists",
                "\(folder.path) 中已有数据库 There is a database in \(folder.path) already",
                hint: "加 --replace 替换它（原文件会保留）。 With --replace it is replaced, and kept beside.",
                subject: folder.path
            )
        }
        try? manager.removeItem(at: workshop)
        try manager.createDirectory(
            at: workshop,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let report: Report
        do {
            report = try await prepare(in: await lost(isThere))
        } catch {
            // Nothing of what is there was touched: it may be served as before.
            try? manager.removeItem(at: workshop)
            throw error
        }
        let replaced = try setAside(isThere)
        // One step: the new database is there whole, or the old one still is.
        guard rename(workshop.appendingPathComponent(Self.name).path, target.path) == 0 else {
            throw SyncError(
                "database_unavailable",
                "无法放入数据库 \(target.path) cannot be written",
                hint: "请检查文件夹权限后重试。 Check the folder's permissions and run the same again.",
                subject: target.path
            )
        }
        try manager.removeItem(at: workshop)
        return Report(
            epoch: report.epoch,
            devices: report.devices,
            changes: report.changes,
            replaced: replaced?.path
        )
    }

    /// What must outlive the database that is there, as far as it can be read.
    private struct Lost {
        var epoch = Epoch.none
        /// Devices that were suspended, re-keyed or revoked: they stay so.
        var ended: [StoredDevice] = []
    }

    private func lost(_ isThere: Bool) async -> Lost {
        guard isThere, let store = try? SQLiteStore(folder: folder) else { return Lost() }
        let lost = try? await store.read { transaction in
            Lost(
                epoch: try transaction.epoch(),
                ended: try transaction.devices().filter {
                    $0.suspendedAt != nil || $0.revoked != nil
                        || $0.succession.rekeyedAt != nil
                }
            )
        }
        return lost ?? Lost()
    }

    /// Makes the database that is to be served: the backup, in an epoch of its own.
    private func prepare(in lost: Lost) async throws -> Report {
        let copy = workshop.appendingPathComponent(Self.name)
        try FileManager.default.copyItem(at: backup.file, to: copy)
        let madeAt = try backup.madeAt()
        let store = try SQLiteStore(folder: workshop)
        _ = try await ServerIdentity.kept(in: store, at: SystemClock.milliseconds())
        let begun = try await store.write { transaction in
            for device in lost.ended {
                guard var known = try transaction.device(device.id) else { continue }
                known.suspendedAt = device.suspendedAt
                known.revoked = device.revoked
                known.succession.rekeyedAt = device.succession.rekeyedAt
                try transaction.save(known)
            }
            return try transaction.beginEpoch(
                above: lost.epoch,
                at: SystemClock.milliseconds(),
                .restored,
                backupMadeAt: madeAt
            )
        }
        try await store.scrub()
        let devices = try await store.read { try $0.devices() }
        return Report(
            epoch: begun.rawValue,
            devices: devices.count,
            changes: devices.reduce(0) { $0 + $1.highWater.rawValue }
        )
    }

    /// Moves what belongs to the old database out of the way; its main file stays until it is replaced.
    ///
    /// A log without its main file goes, too: it would be played into the new one.
    private func setAside(_ isThere: Bool) throws -> URL? {
        let manager = FileManager.default
        let logs = ["-wal", "-shm"].filter {
            manager.fileExists(atPath: folder.appendingPathComponent(Self.name + $0).path)
        }
        guard isThere || !logs.isEmpty else { return nil }
        let stamp = SystemClock.iso(SystemClock.milliseconds()).filter(\.isNumber)
        let aside = folder.appendingPathComponent("replaced-\(stamp)")
        try manager.createDirectory(
            at: aside,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        if isThere { try manager.linkItem(at: target, to: aside.appendingPathComponent(Self.name)) }
        for suffix in logs {
            try manager.moveItem(
                at: folder.appendingPathComponent(Self.name + suffix),
                to: aside.appendingPathComponent(Self.name + suffix)
            )
        }
        return aside
    }
}
