internal import ArgumentParser
internal import Foundation
internal import StoreSQLite
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
            try Restoring.examine(backup, for: options.folder)
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
