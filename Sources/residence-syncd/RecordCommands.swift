internal import ArgumentParser
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd history ID [--at REVISION|TIME]`: how a record came to look as it does.
struct History: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("查看一条记录的变更历史", "How a record came to look as it does.")
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("记录编号", "The record's id."), valueName: "ID")) var id: String
    @Option(
        help: ArgumentHelp(say("版本号或时刻", "A revision or a moment."), valueName: "REVISION|TIME")
    )
    var at: String?

    func run() async throws {
        try await options.run {
            let moment = try at.map { text in
                guard let moment = HistoryMoment(text) else {
                    throw SyncError(
                        "parameter_invalid",
                        "--at 的内容不对 --at is not understood",
                        hint: "3, 2026-11-23T20:15:50Z",
                        subject: "--at"
                    )
                }
                return moment
            }
            let history = try await options.service().service.history(
                of: try RecordID(typed: id),
                at: moment,
                for: options.somebody()
            )
            let then = HistoryText.then(history)
            guard moment == nil || then != nil else { throw SyncError.recordNotThereThen }
            if options.json { return Console.out(json: history.json) }
            Console.out(then ?? HistoryText.table(history))
        }
    }
}

/// `residence-syncd erase ID --reason …`: redacts a record by law.
struct Erase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("依法抹除一条记录的内容，不可撤销", "Redact a record by law; cannot be taken back."),
        discussion: say(
            """
            抹除该记录、并入它的记录及引用它的登记、就业、就读在记录、历史、冲突中的内容；各设备下次同步时一并抹除。
            编号、时间、摘要、事由保留，变更链不断。旧备份仍含原内容：请按制度销毁或重做备份。
            """,
            """
            Redacts the record, those that point to it and those that refer to it: values, history, \
            conflicts; devices follow at their next sync. Ids, times, hashes and the reason stay, and the \
            chain holds. Older backups still have the payloads: destroy or remake them by your policy.
            """
        )
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("记录编号", "The record's id."), valueName: "ID")) var id: String
    @Option(
        help: ArgumentHelp(
            say("依据，会留存；勿写姓名", "On which request or ruling; it stays, so name nobody.")
        )
    )
    var reason: String
    @Option(help: ArgumentHelp(say("由谁执行", "Who does it."), valueName: "NAME")) var by: String?
    @Flag(help: ArgumentHelp(say("确认抹除", "Yes, redact it."))) var yes = false

    func run() async throws {
        try await options.run {
            let service = try await options.service().service
            let id = try RecordID(typed: id)
            guard yes else {
                throw SyncError(
                    "confirmation_missing",
                    "抹除不可撤销，未执行 An erasure cannot be taken back; nothing was done",
                    hint: "核对编号后加 --yes。 Check the id, then add --yes.",
                    subject: "--yes"
                )
            }
            let report = try await service.erase(id, reason: reason, for: options.somebody(by))
            if options.json {
                return try Console.out(json: ["erased": report.records.map(\.description)])
            }
            Console.out(
                say(
                    "已抹除 \(report.records.count) 条记录：",
                    "\(report.records.count) records were redacted:"
                )
            )
            for record in report.records { Console.out("  \(record)") }
        }
    }
}

/// `residence-syncd duplicates`: records that may be the same, among all.
struct Duplicates: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("列出疑似重复登记的人员", "List people who may have been registered twice.")
    )

    @OptionGroup var options: CommonOptions
    @Option(help: ArgumentHelp(say("最多列几对", "At most so many pairs."))) var limit = 100

    func run() async throws {
        try await options.run {
            let pairs = try await options.service().service.duplicates(
                of: Person.recordType,
                for: options.somebody(),
                limit: limit
            )
            if options.json {
                return Console.out(json: ProposedPair.json(list: pairs))
            }
            guard !pairs.isEmpty else {
                return Console.note(say("没有疑似重复。", "No likely duplicates."))
            }
            var table = DuplicateTable()
            for pair in pairs {
                table.add(
                    pair.pair,
                    (pair.first.state.id, pair.first.state.fields),
                    (pair.second.state.id, pair.second.state.fields)
                )
            }
            Console.out(table.text)
        }
    }
}

extension RecordID {
    /// An id as somebody typed it.
    ///
    /// Throws `record_not_found` where it is none.
    init(typed text: String) throws {
        guard let id = RecordID(text) else { throw SyncError.recordNotHere }
        self = id
    }
}

extension SyncError {
    static let recordNotHere = SyncError(
        "record_not_found",
        "服务器上没有这条记录 The server has no such record",
        hint: "请写完整编号，如 residence show 所示。 Give the whole id, as `residence show` prints it.",
        subject: "ID"
    )
}
