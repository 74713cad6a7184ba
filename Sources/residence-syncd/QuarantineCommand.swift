internal import ArgumentParser
internal import ResidenceDomain
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd quarantine …`: what could not be accepted, seen, mended and discarded at the server.
struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: say("查看与处理退回的变更", "List, show, mend and discard returned changes."),
        subcommands: [List.self, Show.self, Mend.self, Discard.self],
        defaultSubcommand: List.self
    )

    /// Lists what was returned, the oldest first.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("列出退回的变更", "List what was returned.")
        )

        @OptionGroup var options: CommonOptions
        @Flag(help: ArgumentHelp(say("已处理的也列出", "Those that were settled, too."))) var all = false
        @Option(help: ArgumentHelp(say("最多列几个", "At most so many."))) var limit = 100

        func run() async throws {
            try await options.run {
                let service = try await options.service().service
                var page = QuarantinePage()
                repeat {
                    let more = try await service.quarantine(
                        for: options.somebody(),
                        unsettledOnly: !all,
                        after: page.next ?? 0,
                        limit: limit - page.entries.count
                    )
                    page.entries += more.entries
                    page.next = more.next
                } while page.next != nil && page.entries.count < limit
                if options.json { return Console.out(json: page.json) }
                let entries = page.entries.map {
                    QuarantineText(returned: $0.returned, author: $0.author)
                }
                guard !entries.isEmpty else {
                    return Console.note(say("没有退回的变更。", "Nothing was returned."))
                }
                var table = Table([
                    say("编号", "no."), say("由谁", "by"), say("收到于", "received"),
                    say("记录", "record"), say("字段", "field"), say("退回原因", "why"),
                    say("处理", "settled"),
                ])
                for entry in entries { table.add(entry.cells) }
                Console.out(table.text)
                if page.next != nil {
                    Console.note(say("还有更多；--limit 可多列。", "There are more; --limit lists them."))
                }
            }
        }
    }

    /// Shows one returned change, whole.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("查看一个退回的变更全文", "Show a returned change, whole.")
        )

        @OptionGroup var options: CommonOptions
        @Argument(help: ArgumentHelp(say("编号", "Its number."), valueName: "NUMBER")) var number:
            UInt64

        func run() async throws {
            try await options.run {
                let found = try await options.service().service
                    .returned(number, for: options.somebody())
                if options.json {
                    let json = found.returned.document(by: found.author).json
                    return Console.out(json: json)
                }
                Console.out(QuarantineText(returned: found.returned, author: found.author).sheet)
            }
        }
    }

    /// Sends a returned change again with some fields mended.
    struct Mend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("改正后再次提交", "Mend some fields and submit it again."),
            discussion: say(
                "例：residence-syncd quarantine mend 12 证件号码=… --by 周审核；不写字段则原样再交。",
                "For example: quarantine mend 12 document_number=… --by Zhou; without fields, as it was."
            )
        )

        @OptionGroup var options: CommonOptions
        @Argument(help: ArgumentHelp(say("编号", "Its number."), valueName: "NUMBER")) var number:
            UInt64
        @Argument(help: ArgumentHelp(say("字段=内容", "What changes."), valueName: "FIELD=VALUE"))
        var assignments: [String] = []
        @Option(help: ArgumentHelp(say("由谁处理", "Who mends it."), valueName: "NAME")) var by: String?

        func run() async throws {
            try await options.run {
                let service = try await options.service().service
                let somebody = options.somebody(by)
                let returned = try await service.returned(number, for: somebody).returned
                let result = try await service.mend(number, try request(returned), for: somebody)
                if options.json { return Console.out(json: result.json) }
                Console.out(say("已改正：\(result.record)", "mended: \(result.record)"))
            }
        }

        private func request(_ returned: ReturnedChange) throws -> MendRequest {
            guard let change = try? Change(payload: returned.change.payload, epoch: .none),
                let type = Schema.current.type(change.type)
            else { return MendRequest(fields: FieldMap(), of: 0) }
            let typed = try Assignments(assignments)
            let wanted = try typed.applied(to: change.fields, as: type)
            let cleared = change.fields.numbers.filter { wanted[$0] == nil }
                .compactMap { type.field($0)?.name }
            let emptied = typed.emptied.compactMap { type.field(named: $0)?.name }
            let changed = wanted.numbers.filter { wanted[$0] != change.fields[$0] }
            return MendRequest(
                fields: wanted.keeping(changed),
                of: type.number,
                clears: Set(cleared + emptied).sorted()
            )
        }
    }

    /// Throws a returned change away, with a reason.
    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("作废，须写原因", "Throw a returned change away, with a reason.")
        )

        @OptionGroup var options: CommonOptions
        @Argument(help: ArgumentHelp(say("编号", "Its number."), valueName: "NUMBER")) var number:
            UInt64
        @Option(help: ArgumentHelp(say("原因，其作者会看到", "Why; its author will read this.")))
        var reason: String
        @Option(help: ArgumentHelp(say("由谁处理", "Who discards it."), valueName: "NAME")) var by:
            String?

        func run() async throws {
            try await options.run {
                let service = try await options.service().service
                try await service.discard(number, reason: reason, for: options.somebody(by))
                if options.json { return try Console.out(json: ["discarded": String(number)]) }
                Console.out(
                    say(
                        "已作废 \(number)；变更本身留在历史中。",
                        "discarded \(number); the change stays in the history."
                    )
                )
            }
        }
    }
}

/// A returned change as this program prints it.
private struct QuarantineText {
    let returned: ReturnedChange
    let author: String

    private var change: Change? { try? Change(payload: returned.change.payload, epoch: .none) }
    private var type: RecordType? { change.flatMap { Schema.current.type($0.type) } }

    var cells: [String] {
        let title = change.flatMap { type?.title(of: $0.fields) } ?? ""
        let name = type.map { say($0.zh, $0.en) } ?? "?"
        return [
            String(returned.id), author, Moment.text(returned.change.receivedAt),
            "\(name) \(title) \(returned.change.record?.description.prefix(13) ?? "")", field,
            returned.change.outcome.message.inCurrentLanguage, settled,
        ]
    }

    private var field: String {
        let number = returned.change.outcome.field
        return type?.field(number).map { say($0.zh, $0.en) } ?? ""
    }

    private var settled: String {
        guard let settlement = returned.settlement else { return say("待处理", "open") }
        let kind =
            settlement.kind == .mended ? say("已改正", "mended") : say("已作废", "discarded")
        return "\(kind) \(settlement.by) \(settlement.reason)"
    }

    /// The change, a field a line.
    var sheet: String {
        var table = Table([say("退回 \(returned.id)", "returned \(returned.id)"), settled])
        table.add([say("由谁", "by"), author])
        table.add([say("设备", "device"), returned.change.device.description])
        table.add([say("序号", "sequence"), String(returned.change.sequence.rawValue)])
        table.add([say("收到于", "received"), Moment.text(returned.change.receivedAt)])
        table.add([
            say("原因", "why"),
            "\(returned.change.outcome.message.inCurrentLanguage) [\(returned.change.outcome.code)] \(field)",
        ])
        table.add([say("记录", "record"), returned.change.record?.description ?? "–"])
        guard let change, let type else { return table.text }
        table.add([
            say("观察于", "observed"),
            Moment.text(change.observedAt, uncertainty: change.uncertainty),
        ])
        for field in type.fields {
            let isChinese = Language.current == .zh
            let value = FieldText.shown(field, in: change.fields, inChinese: isChinese)
            if let value { table.add([say(field.zh, field.en), value]) }
            if change.clears.contains(field.number) {
                table.add([say(field.zh, field.en), say("（清除）", "(cleared)")])
            }
        }
        return table.text
    }
}
