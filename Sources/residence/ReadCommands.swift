internal import ArgumentParser
internal import SyncClient
internal import SyncProtocol
internal import Terminal

/// `residence show ID`: one record, a field a line.
struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: say("查看一条记录", "Show a record."))

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("编号（前四位即可）", "Its id; four digits suffice."), valueName: "ID"))
    var id: String

    func run() async throws {
        try await options.run { client in
            let record = try await client.record(withPrefix: id)
            let conflicts = try await client.conflicts(of: record.id)
            if options.json {
                return try Console.out(json: RecordDocument(record, conflicts: conflicts.count))
            }
            Console.out(try await RecordText(client: client).sheet(record))
            guard !conflicts.isEmpty else { return }
            Console.out("\n" + say("待审核的冲突", "conflicts that wait for a reviewer"))
            Console.out(ConflictTable.text(of: conflicts.compactMap { ConflictEntry($0) }))
        }
    }
}

/// `residence list TYPE`: records side by side.
struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: say("列出记录", "List records."))

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("记录类型", "The record type."), valueName: "TYPE"))
    var type: String
    @Option(help: ArgumentHelp(say("只列此区划", "Only of this area."), valueName: "CODE"))
    var area: String?
    @Option(help: ArgumentHelp(say("最多列几条", "At most so many."))) var limit = 50
    @Option(help: ArgumentHelp(say("跳过几条", "Skip so many."))) var offset = 0

    func run() async throws {
        try await options.run { client in
            let type = try RecordText.type(named: type)
            let area = try area.map { text in
                guard let code = AreaCode(text) else {
                    throw SyncError(
                        "area_malformed",
                        "区划代码不对 This is not an area code",
                        hint: "330921101",
                        subject: "--area"
                    )
                }
                return code
            }
            let records = try await client.records(
                of: type,
                in: area,
                offset: max(0, offset),
                limit: max(1, limit)
            )
            if options.json { return try Console.out(json: records.map { RecordDocument($0) }) }
            guard !records.isEmpty else {
                return Console.note(say("没有记录。", "No records."))
            }
            Console.out(try await RecordText(client: client).table(records, of: type))
            if records.count == limit, area == nil {
                let all = try await client.count(of: type)
                Console.note(
                    say(
                        "共 \(all) 条，此处 \(records.count) 条；--offset 翻页。",
                        "\(records.count) of \(all); --offset turns the page."
                    )
                )
            }
        }
    }
}

/// `residence search TEXT`: by name, number, phone or address.
struct Search: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("按姓名、证件号码、电话、地址查找", "Find by name, document number, phone or address.")
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("查找内容，空格分隔", "Words, all of which occur."), valueName: "TEXT"))
    var text: [String]
    @Option(help: ArgumentHelp(say("最多几条", "At most so many."))) var limit = 50

    func run() async throws {
        try await options.run { client in
            let records = try await client.search(
                text.joined(separator: " "),
                limit: max(1, limit)
            )
            if options.json { return try Console.out(json: records.map { RecordDocument($0) }) }
            guard !records.isEmpty else {
                return Console.note(say("没有找到。", "Nothing was found."))
            }
            for type in Schema.current.types {
                let found = records.filter { $0.type == type.number }
                guard !found.isEmpty else { continue }
                Console.out(say(type.zh, type.en))
                Console.out(try await RecordText(client: client).table(found, of: type) + "\n")
            }
        }
    }
}
