internal import ArgumentParser
internal import Foundation
internal import StorePostgres
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd migrate`: brings the tables of a PostgreSQL up to this version, or shows what it would do.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("升级数据库的表", "Bring the database's tables up to this version."),
        discussion: say(
            "各命令打开数据库时也会自动升级；--plan 只列出将要执行的语句。",
            "Every command that opens the database does this by itself; --plan shows first what would be run."
        )
    )

    @OptionGroup var options: CommonOptions

    @Flag(help: ArgumentHelp(say("只列出，不执行", "Only show what would be run.")))
    var plan = false

    func run() async throws {
        try await options.run {
            guard case .database(var settings) = try options.place() else {
                // The embedded database is brought up to date when it is opened.
                if !plan { _ = try await options.service() }
                if options.json { return try Console.out(json: [] as [PlannedMigration]) }
                return Console.out(
                    say(
                        "内嵌数据库在打开时自动升级。",
                        "The embedded database is brought up to date when it is opened."
                    )
                )
            }
            settings.migrates = false
            let store = PostgresStore(settings)
            let steps = try await plan ? store.plannedMigrations() : store.migrate()
            if options.json { return try Console.out(json: steps) }
            if steps.isEmpty { return Console.out(say("已是最新。", "Nothing is to be done.")) }
            for step in steps {
                Console.out("\(step.version). \(step.purpose)")
                if plan { Console.out(step.sql) }
            }
        }
    }
}

/// `residence-syncd database …`: what an operator tells the service about a database that other tools keep.
struct DatabaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "database",
        abstract: say("登记数据库自己的备份与恢复", "Tell of backups and restores by the database's own tools."),
        subcommands: [BeginBackup.self, DeclareBackup.self, Restored.self]
    )

    /// What a backup that is begun now will have, at least.
    struct Mark: Codable {
        /// When it was noted, in milliseconds since 1970.
        var began: Int64
        /// Up to which change of each device.
        var devices: [String: UInt64]
    }

    /// Notes what a backup that is begun afterwards will have.
    struct BeginBackup: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "begin-backup",
            abstract: say("备份之前：记下将包含的内容", "Before a backup: note what it will have.")
        )

        @OptionGroup var options: CommonOptions
        @Argument(help: ArgumentHelp(say("记录文件", "Where to note it."), valueName: "FILE"))
        var file: String

        func run() async throws {
            try await options.run {
                try options.mustExist()
                let store = try await options.service().store
                let now = SystemClock.milliseconds()
                try await store.write { try $0.noteBackupBegan(at: now) }
                let devices = try await store.read { try $0.devices() }
                let mark = Mark(
                    began: now,
                    devices: Dictionary(
                        uniqueKeysWithValues: devices.map {
                            ($0.id.description, $0.highWater.rawValue)
                        }
                    )
                )
                do {
                    let text = try JSONEncoder().encode(mark)
                    try text.write(to: URL(fileURLWithPath: file), options: .atomic)
                } catch {
                    throw SyncError(
                        "file_unwritable",
                        "文件无法写入 \(file) cannot be written",
                        hint: "请核对权限与剩余空间。 Check the folder's permissions and the room left.",
                        subject: file
                    )
                }
                Console.note(
                    say(
                        "现在备份；校验后运行 database declare-backup \(file)。",
                        "Back up now; once it is verified: database declare-backup \(file)."
                    )
                )
            }
        }
    }

    /// Declares a backup that was made since, and verified.
    struct DeclareBackup: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "declare-backup",
            abstract: say(
                "备份校验之后：设备可以清理已备份的变更",
                "After it is verified: devices may forget the changes that it has [X-08]."
            )
        )

        @OptionGroup var options: CommonOptions
        @Argument(help: ArgumentHelp(say("记录文件", "What was noted."), valueName: "FILE"))
        var file: String

        func run() async throws {
            try await options.run {
                try options.mustExist()
                guard let bytes = FileManager.default.contents(atPath: file),
                    let mark = try? JSONDecoder().decode(Mark.self, from: bytes)
                else {
                    throw SyncError(
                        "file_unreadable",
                        "文件无法读取 \(file) cannot be read",
                        hint: "由 database begin-backup 生成。 It is that of `database begin-backup`.",
                        subject: file
                    )
                }
                let service = try await options.service().service
                let pairs = mark.devices.compactMap { text, number in
                    DeviceID(text).map { ($0, SequenceNumber(rawValue: number)) }
                }
                try await service.declareBackup(
                    of: Dictionary(uniqueKeysWithValues: pairs),
                    began: mark.began
                )
                let changes = mark.devices.values.reduce(0, +)
                if options.json { return try Console.out(json: ["changes": changes]) }
                Console.out(
                    say(
                        "已登记：\(pairs.count) 台设备的 \(changes) 条变更。",
                        "Declared: \(changes) changes of \(pairs.count) devices."
                    )
                )
            }
        }
    }

    /// Begins an epoch: the database is an older state than the one that was served.
    struct Restored: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("数据库已恢复：进入新的纪元", "The database was restored: begin an epoch [X-01]."),
            discussion: say(
                "由备份恢复之后、或异步故障切换丢失了已提交的事务之后运行：设备随后补回服务器缺少的变更。",
                """
                After a restore from a backup, or a fail-over to a standby that had not received everything: devices \
                then offer again what the server lacks.
                """
            )
        )

        @OptionGroup var options: CommonOptions

        func run() async throws {
            try await options.run {
                try options.mustExist()
                let store = try await options.service().store
                let epoch = try await store.write { transaction in
                    try transaction.beginEpoch(
                        at: SystemClock.milliseconds(),
                        .restored,
                        backupMadeAt: try transaction.backupBegan()
                    )
                }
                if options.json { return try Console.out(json: ["epoch": epoch.rawValue]) }
                Console.out(say("新纪元 \(epoch.rawValue)", "Epoch \(epoch.rawValue) has begun."))
            }
        }
    }
}
