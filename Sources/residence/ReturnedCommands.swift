internal import ArgumentParser
internal import SyncClient
internal import SyncProtocol
internal import Terminal

/// `residence returned`: what the server sent back, and why.
struct Returned: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("列出被退回的采集及原因", "List the captures that were returned, and why."),
        discussion: say(
            "用 residence mend 编号 字段=内容 改正后，下次同步时再送。",
            "Mend one with residence mend ID FIELD=VALUE; it goes again with the next sync."
        )
    )

    @OptionGroup var options: CommonOptions
    @Flag(
        help: ArgumentHelp(
            say("他人移交给本设备的（需要网络）", "Those of others that were handed over; needs the network.")
        )
    )
    var handed = false

    func run() async throws {
        try await options.run { client in
            if handed { return try await HandedList(client).show(asJSON: options.json) }
            let captures = try await client.returnedCaptures()
            let settlements = try await client.settlements()
            if options.json {
                return try Console.out(
                    json: ReturnedList(
                        returned: captures.map(ReturnedDocument.init),
                        settled: settlements.map(SettledDocument.init)
                    )
                )
            }
            if captures.isEmpty {
                Console.note(say("没有被退回的采集。", "Nothing was returned."))
            } else {
                try await show(captures, client)
            }
            show(settlements)
        }
    }

    private func show(_ captures: [ReturnedCapture], _ client: ResidenceClient) async throws {
        var table = Table([
            say("序号", "no."), say("编号", "id"), say("记录", "record"), say("做了什么", "what"),
            say("字段", "field"), say("退回原因", "why it came back"),
        ])
        for capture in captures {
            let document = ReturnedDocument(capture)
            table.add([
                String(capture.sequence.rawValue),
                String(capture.record.description.prefix(13)),
                try await title(of: capture, client), document.actInWords,
                document.fieldInWords, capture.outcome.message.inCurrentLanguage,
            ])
        }
        Console.out(table.text)
        Console.note(
            say(
                "改正：residence mend 编号 字段=内容，然后 residence sync。",
                "Mend: residence mend ID FIELD=VALUE, then residence sync."
            )
        )
    }

    /// What people decided lately about what was returned.
    private func show(_ settlements: [Settlement]) {
        guard !settlements.isEmpty else { return }
        var table = Table([
            say("序号", "no."), say("如何处理", "settled"), say("由谁", "by"), say("时间", "when"),
            say("说明", "why"),
        ])
        for settlement in settlements.prefix(20) {
            table.add([
                String(settlement.sequence.rawValue),
                settlement.kind == .mended ? say("已改正", "mended") : say("已作废", "discarded"),
                settlement.by, Moment.text(settlement.settledAt),
                settlement.reason.inCurrentLanguage,
            ])
        }
        Console.out("\n" + say("已处理的退回采集", "Returned captures that were settled"))
        Console.out(table.text)
    }

    private func title(
        of capture: ReturnedCapture,
        _ client: ResidenceClient
    ) async throws -> String {
        let record = try await client.record(capture.record)
        guard let type = record.flatMap({ Schema.current.type($0.type) }) else { return "" }
        let fields = record?.visible ?? record?.acknowledged?.fields ?? FieldMap()
        return "\(say(type.zh, type.en)) \(type.title(of: fields) ?? "")"
    }
}

/// What was returned, and what people decided about it, as scripts read it.
struct ReturnedList: Encodable {
    var returned: [ReturnedDocument]
    var settled: [SettledDocument]
}

/// What somebody decided about a returned capture, as scripts read it.
struct SettledDocument: Encodable {
    var sequence: UInt64
    /// One of mended, discarded.
    var kind: String
    var by: String
    var reason: String
    /// In milliseconds since 1970, by the server's clock.
    var settledAt: Int64

    enum CodingKeys: String, CodingKey {
        case sequence, kind, by, reason
        case settledAt = "settled_at"
    }

    init(_ settlement: Settlement) {
        sequence = settlement.sequence.rawValue
        kind = "\(settlement.kind)"
        by = settlement.by
        reason = settlement.reason
        settledAt = settlement.settledAt
    }
}

/// A returned capture as scripts read it.
struct ReturnedDocument: Encodable {
    var sequence: UInt64
    var record: String
    var type: String
    /// One of capture, edit, deletion, undeletion, resolution, reidentification, split.
    var act: String
    var code: String
    /// The field's name.
    var field: String
    var message: String
    private let concerned: RecordField?
    private let done: HistoryStep.Act?

    enum CodingKeys: CodingKey { case sequence, record, type, act, code, field, message }

    init(_ capture: ReturnedCapture) {
        let type = (capture.change?.type).flatMap { Schema.current.type($0) }
        let field = type?.field(capture.outcome.field)
        sequence = capture.sequence.rawValue
        record = capture.record.description
        self.type = type?.name ?? ""
        done = capture.change.map { HistoryStep.Act(of: $0, wasThere: !$0.isCreation) }
        act = done?.rawValue ?? ""
        code = capture.outcome.code
        self.field = field?.name ?? ""
        message = capture.outcome.message
        concerned = field
    }

    var fieldInWords: String { concerned.map { say($0.zh, $0.en) } ?? "" }

    var actInWords: String { done?.inWords ?? "" }
}

/// `residence mend ID [FIELD=VALUE …]`: mends what was returned, and queues it again.
struct Mend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("改正被退回的采集，再次送出", "Mend what was returned, and send it again."),
        discussion: say(
            "例：residence mend 3f2a 证件号码=11010519491231002X；不写字段则原样再送。--withdraw 撤回被拒的删除、裁决或更正身份。",
            """
            For example: residence mend 3f2a document_number=…; without fields it goes again as it was. \
            --withdraw takes back a deletion, resolution or re-identification that was refused.
            """
        )
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("编号（前四位即可）", "Its id; four digits suffice."), valueName: "ID"))
    var id: String
    @Argument(help: ArgumentHelp(say("字段=内容", "What changes."), valueName: "FIELD=VALUE"))
    var assignments: [String] = []
    @Flag(help: ArgumentHelp(say("撤回被拒的请求", "Take back what was asked and refused.")))
    var withdraw = false
    @Flag(
        help: ArgumentHelp(
            say(
                "编号是 returned --handed 所列的序号：立即在服务器上改正（需要网络）",
                "The id is a number of returned --handed: mend it at the server, at once."
            )
        )
    )
    var handed = false

    func run() async throws {
        try await options.run { client in
            if handed { return try await HandedList(client).mend(id, assignments, options) }
            let record = try await client.id(withPrefix: id)
            if withdraw {
                try await client.withdraw(record)
                return try await Add.show(record, client, options)
            }
            let assignments = try Assignments(assignments)
            let mended = try await client.mend(record) { fields, type in
                try assignments.applied(to: fields, as: type)
            }
            try await Add.show(mended, client, options)
            Console.note(say("已改正，下次同步时再送。", "Mended; it goes again with the next sync."))
        }
    }
}
