internal import ArgumentParser
internal import ResidenceDomain
internal import SyncClient
internal import SyncProtocol
internal import Terminal

/// `residence add TYPE field=value …`: captures a record.
struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("采集一条记录", "Capture a record."),
        discussion: say(
            "例：residence add 人员 姓名=张三 性别=男 证件号码=…；字段名中英文均可。",
            "For example: residence add dwelling address=… area=330921101 kind=rented"
        )
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("记录类型", "The record type."), valueName: "TYPE"))
    var type: String
    @Argument(help: ArgumentHelp(say("字段=内容", "What it says."), valueName: "FIELD=VALUE"))
    var assignments: [String]

    func run() async throws {
        try await options.run { client in
            let type = try RecordText.type(named: type)
            let typed = try Assignments(assignments).applied(to: FieldMap(), as: type)
            guard let profile = try await client.profile() else { throw SyncError.notEnrolledHere }
            let completed = Completion(areas: profile.grant.areas).complete(typed, as: type)
            let fields = try completed.canonical(as: type)
            let id = try await client.id(for: fields, of: type)
            try await client.capture(Capture(id: id, type: type, fields: fields))
            try await Self.show(id, client, options)
        }
    }

    static func show(
        _ id: RecordID,
        _ client: ResidenceClient,
        _ options: CommonOptions
    ) async throws {
        let found: LocalRecord?
        do {
            found = try await client.record(id)
        } catch let error as SyncError where error.code == "lease_expired" {
            // It is captured all the same.
            if options.json { return try Console.out(json: ["id": id.description]) }
            Console.out(id.description)
            return Console.note(
                say(
                    "已保存；长期未同步，同步后才能查看。",
                    "It is kept; this device has not synced for too long to show it."
                )
            )
        }
        guard let record = found else { return }
        if options.json { return try Console.out(json: RecordDocument(record)) }
        Console.out(try await RecordText(client: client).sheet(record))
    }
}

/// `residence edit ID field=value …`: corrects a record.
struct Edit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("修改一条记录", "Correct a record."),
        discussion: say(
            "例：residence edit 3f2a 联系电话+=13800000000；内容留空即清除。",
            "For example: residence edit 3f2a phones+=13800000000; an empty value clears."
        )
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("编号（前四位即可）", "Its id; four digits suffice."), valueName: "ID"))
    var id: String
    @Argument(help: ArgumentHelp(say("字段=内容", "What changes."), valueName: "FIELD=VALUE"))
    var assignments: [String]

    func run() async throws {
        try await options.run { client in
            let record = try await client.id(withPrefix: id)
            let assignments = try Assignments(assignments)
            try await client.edit(record) { fields, type in
                try assignments.applied(to: fields, as: type)
            }
            try await Add.show(record, client, options)
        }
    }
}

/// `residence delete ID`: deletes a record, with the reason.
struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("删除一条记录", "Delete a record.")
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("编号（前四位即可）", "Its id; four digits suffice."), valueName: "ID"))
    var id: String
    @Option(
        help: ArgumentHelp(
            say("原因：1 误采 2 重复 3 本人要求 99 其他", "1 mistake, 2 duplicate, 3 on request, 99 other.")
        )
    )
    var reason: UInt32 = 1
    @Option(help: ArgumentHelp(say("说明", "The reason in words.")))
    var text = ""

    func run() async throws {
        try await options.run { client in
            let record = try await client.id(withPrefix: id)
            try await client.delete(record, reason: .init(reason: reason, text: text))
            if options.json { return try Console.out(json: ["deleted": record.description]) }
            Console.out(say("已删除 \(record)", "deleted \(record)"))
        }
    }
}

extension SyncError {
    static let notEnrolledHere = SyncError(
        "not_enrolled",
        "本设备尚未登记 This device is not enrolled",
        hint: "运行 residence enroll 链接。 residence enroll LINK"
    )
}
