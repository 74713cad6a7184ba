internal import ArgumentParser
internal import Foundation
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd access`: who read what (查阅日志).
struct AccessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "access",
        abstract: say("查阅日志：谁在何时看了谁的记录", "Who read what, and when."),
        subcommands: [List.self, Verify.self, Export.self, Prune.self],
        defaultSubcommand: List.self
    )

    /// The latest entries, or those that concern a record or a device.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("列出查阅记录，可按人、按设备筛选", "List readings, of one record or by one device.")
        )

        @OptionGroup var options: CommonOptions
        @Option(help: ArgumentHelp(say("只看涉及这条记录的", "Of this record."), valueName: "ID"))
        var record: String?
        @Option(
            help: ArgumentHelp(
                say("只看这台设备的（编号开头即可）", "By this device; the first digits will do."),
                valueName: "ID"
            )
        )
        var device: String?
        @Option(
            help: ArgumentHelp(say("最多列几条（最新的）", "At most so many, the latest."), valueName: "N")
        )
        var limit = 100

        func run() async throws {
            try await options.run {
                try options.mustExist()
                let service = try await options.service().service
                let record = try record.map { try RecordID(typed: $0) }
                var found: [StoredAccess] = []
                try await service.accesses(for: options.somebody()) { page in
                    found += page.filter { admits($0, record) }
                    found.removeFirst(max(0, found.count - max(1, limit)))
                    return true
                }
                if options.json { return try Console.out(json: found.map(AccessDocument.init)) }
                guard !found.isEmpty else {
                    return Console.note(say("没有这样的查阅记录。", "Nobody read such a thing."))
                }
                Console.out(AccessCommand.table(of: found))
            }
        }

        private func admits(_ entry: StoredAccess, _ record: RecordID?) -> Bool {
            if let record, !entry.names(record) { return false }
            guard let device else { return true }
            return entry.access?.device?.description.hasPrefix(device.lowercased()) == true
        }
    }

    /// Walks the chain.
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("核对日志是否被改动", "Check that nothing was altered; exit code 1 on a break.")
        )

        @OptionGroup var options: CommonOptions

        func run() async throws {
            try await options.run {
                try options.mustExist()
                let service = try await options.service().service
                let report = try await service.verifyAccesses(for: options.somebody())
                if options.json {
                    try Console.out(json: report)
                } else if let number = report.firstBreak {
                    Console.out(
                        say(
                            "第 \(number) 条与前一条对不上：日志被改动过。",
                            "Entry \(number) does not follow the one before it: the log was altered."
                        )
                    )
                } else {
                    Console.out(
                        say(
                            "\(report.entries) 条，链条完整；按保留期已清理到第 \(report.removed) 条。",
                            "\(report.entries) entries, the chain is whole; those up to \(report.removed) were removed by age."
                        )
                    )
                }
                if report.firstBreak != nil { throw ExitCode(1) }
            }
        }
    }

    /// Writes every entry to a file, one JSON document to a line.
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("导出为每行一个 JSON 的文件，链值一并导出", "Write a file of JSON lines, chain included.")
        )

        @OptionGroup var options: CommonOptions
        @Argument(help: ArgumentHelp(say("文件", "The file."), valueName: "FILE")) var file: String
        @Option(help: ArgumentHelp(say("为何导出", "Why it is exported."))) var reason: String
        @Option(help: ArgumentHelp(say("由谁执行", "Who does it."), valueName: "NAME")) var by: String?

        func run() async throws {
            try await options.run {
                try options.mustExist()
                let service = try await options.service().service
                let principal = options.somebody(by)
                let output = try LineFile(file)
                var count = 0
                try await service.accesses(for: principal) { page in
                    for entry in page { try output.add(AccessDocument(entry)) }
                    count += page.count
                    return true
                }
                try output.close()
                try await service.noteExport(of: count, reason: reason, for: principal)
                Console.out(say("已导出 \(count) 条到 \(file)", "\(count) entries in \(file)"))
            }
        }
    }

    /// Removes entries by age.
    struct Prune: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say(
                "按保留期清理，清理本身也记入日志",
                "Remove entries by age; the removal is an entry, too."
            )
        )

        @OptionGroup var options: CommonOptions
        @Option(
            help: ArgumentHelp(
                say("保留最近多少天（至少 180）", "Keep so many days, 180 at least."),
                valueName: "DAYS"
            )
        )
        var keepDays: Int
        @Option(help: ArgumentHelp(say("依据", "Under which policy."))) var reason: String
        @Option(help: ArgumentHelp(say("由谁执行", "Who does it."), valueName: "NAME")) var by: String?

        func run() async throws {
            try await options.run {
                try options.mustExist()
                guard keepDays >= ServeSettings.leastAccessDays, keepDays < 100_000 else {
                    throw SyncError(
                        "keep_days_too_short",
                        "保留期不得短于 180 天 Entries are kept for 180 days at least",
                        hint: "《网络安全法》第二十一条：不少于六个月。 The law asks for six months.",
                        subject: "--keep-days"
                    )
                }
                let service = try await options.service().service
                let count = try await service.pruneAccesses(
                    before: service.now - Int64(keepDays) * 86_400_000,
                    reason: reason,
                    for: options.somebody(by)
                )
                if options.json { return try Console.out(json: ["removed": count]) }
                Console.out(say("已清理 \(count) 条。", "\(count) entries were removed."))
            }
        }
    }

    fileprivate static func table(of entries: [StoredAccess]) -> String {
        var table = Table([
            "#", say("时间", "when"), say("谁", "who"), say("身份", "as"), say("做了什么", "what"),
            say("条数", "records"), say("依据", "why"),
        ])
        for entry in entries {
            guard let access = entry.access else {
                table.add([String(entry.number), "?", "?", "?", "?", "?", "?"])
                continue
            }
            let label = access.role.label
            table.add([
                String(entry.number), SystemClock.text(access.at), access.by,
                say(label.zh, label.en), access.act.words, String(access.count),
                access.reason
                    ?? access.grant.map { say("授权第 \($0) 号", "grant \($0)") }
                    ?? say("服务器操作", "at the server"),
            ])
        }
        return table.text
    }
}

/// An entry as scripts read it.
private struct AccessDocument: Encodable {
    let number: UInt64
    let access: Access?
    let records: [RecordID]
    let chain: String

    init(_ entry: StoredAccess) {
        (number, access, chain) = (entry.number, entry.access, entry.chain.hexadecimal)
        records = entry.access?.records.sorted() ?? []
    }
}

extension Access.Act {
    fileprivate var words: String {
        switch self {
        case .sync: say("同步下发", "sync")
        case .repair: say("修复下发", "repair")
        case .list: say("列表", "list")
        case .record: say("查看记录", "record")
        case .history: say("查看历史", "history")
        case .conflicts: say("查看冲突", "conflicts")
        case .returned: say("查看退回", "returned changes")
        case .duplicates: say("查看疑似重复", "duplicates")
        case .recovery: say("恢复报告", "recovery report")
        case .areas: say("区划管理", "areas")
        case .handover: say("工作交接", "handover")
        case .rekey: say("更换密钥", "re-key")
        case .export: say("导出日志", "export of this log")
        case .prune: say("清理日志", "removal by age")
        }
    }
}
