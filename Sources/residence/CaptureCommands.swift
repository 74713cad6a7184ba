internal import ArgumentParser
internal import ResidenceDomain
internal import SyncClient
internal import SyncProtocol
internal import Terminal

/// `field=value …` as it was typed.
struct Assignments {
    private let pairs: [(name: String, sign: Character, text: String)]

    init(_ arguments: [String]) throws {
        pairs = try arguments.map { argument in
            guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else {
                throw SyncError(
                    "assignment_malformed",
                    "应写作 字段=内容：\(argument.prefix(20)) This is not FIELD=VALUE",
                    hint: "姓名=张三 name=…, 联系电话+=138… adds, 联系电话-=138… removes."
                )
            }
            var name = argument[..<equals]
            let last = name.last ?? "="
            let isSigned = last == "+" || last == "-"
            if isSigned { name = name.dropLast() }
            return (
                String(name), isSigned ? last : "=",
                String(argument[argument.index(after: equals)...])
            )
        }
    }

    /// The fields after all the assignments.
    func applied(
        to fields: FieldMap,
        as type: RecordType,
        resolve: (String) throws -> RecordID? = { RecordID($0) }
    ) throws -> FieldMap {
        try pairs.reduce(fields) { fields, pair in
            guard let field = type.field(named: pair.name) else {
                throw SyncError(
                    "field_unknown",
                    "\(type.zh)没有“\(pair.name)”这个字段 \(type.name) has no such field",
                    hint: type.fields.map { "\($0.name) \($0.zh)" }.joined(separator: "、"),
                    subject: pair.name
                )
            }
            if field.isSet, pair.sign != "=" {
                return try FieldText.change(
                    field,
                    adding: pair.text,
                    removing: pair.sign == "-",
                    in: fields
                )
            }
            return try FieldText.set(field, to: pair.text, in: fields)
        }
    }
}

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
        guard let record = try await client.record(id) else { return }
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
            let record = try await client.record(withPrefix: id)
            let assignments = try Assignments(assignments)
            try await client.edit(record.id) { fields, type in
                try assignments.applied(to: fields, as: type)
            }
            try await Add.show(record.id, client, options)
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
            let record = try await client.record(withPrefix: id)
            try await client.delete(record.id, reason: .init(reason: reason, text: text))
            if options.json { return try Console.out(json: ["deleted": record.id.description]) }
            Console.out(say("已删除 \(record.id)", "deleted \(record.id)"))
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
