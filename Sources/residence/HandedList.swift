internal import SyncClient
internal import SyncProtocol
internal import Terminal

/// What was returned to others and handed over to this device.
struct HandedList {
    private let client: ResidenceClient

    init(_ client: ResidenceClient) { self.client = client }

    func show(asJSON: Bool) async throws {
        let handed = try await client.handedReturns()
        if asJSON { return try Console.out(json: handed.map(Document.init)) }
        guard !handed.isEmpty else {
            return Console.note(say("没有移交给本设备的退回采集。", "Nothing returned was handed over."))
        }
        var table = Table([
            say("序号", "no."), say("由谁", "by"), say("记录", "record"), say("字段", "field"),
            say("退回原因", "why it came back"),
        ])
        for entry in handed {
            let type = entry.change.flatMap { Schema.current.type($0.type) }
            let title = entry.change.flatMap { type?.title(of: $0.fields) } ?? ""
            let field = type?.field(named: entry.field).map { say($0.zh, $0.en) } ?? ""
            table.add([
                String(entry.id), entry.author,
                "\(type.map { say($0.zh, $0.en) } ?? entry.type) \(title)", field,
                entry.message.inCurrentLanguage,
            ])
        }
        Console.out(table.text)
        Console.note(
            say(
                "改正：residence mend --handed 序号 字段=内容。",
                "Mend: residence mend --handed NUMBER FIELD=VALUE."
            )
        )
    }

    func mend(_ text: String, _ changes: [String], _ options: CommonOptions) async throws {
        guard let number = UInt64(text) else {
            throw SyncError(
                "parameter_invalid",
                "应为序号 \(text) is not a number",
                hint: "residence returned --handed 列出序号。 It lists the numbers.",
                subject: "ID"
            )
        }
        let typed = try Assignments(changes)
        let record = try await client.mendHanded(number) { fields, type in
            try typed.applied(to: fields, as: type)
        }
        let id = record?.description ?? ""
        if options.json { return try Console.out(json: ["record": id]) }
        Console.out(say("已改正：\(id)", "mended: \(id)"))
        Console.note(say("下次同步后可在本机看到。", "Sync to have it here."))
    }

    /// A returned capture of somebody else's, as scripts read it.
    private struct Document: Encodable {
        var number: UInt64
        var device: String
        var author: String
        var record: String
        var type: String
        var code: String
        var field: String
        var message: String

        init(_ entry: HandedReturn) {
            number = entry.id
            device = entry.device.description
            author = entry.author
            (record, type, code) = (entry.record, entry.type, entry.code)
            (field, message) = (entry.field, entry.message)
        }
    }
}
