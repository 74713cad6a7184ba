internal import ArgumentParser
internal import SyncClient
internal import SyncProtocol
internal import Terminal

/// `residence duplicates`: people who may have been registered twice, among what this device holds.
struct Duplicates: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("列出疑似重复登记的人员", "List people who may have been registered twice."),
        discussion: say(
            "只提示，不自动合并。确认是同一人：residence reidentify 编号 --as 另一编号。",
            "They are proposed, never merged. If they are one: residence reidentify ID --as OTHER."
        )
    )

    @OptionGroup var options: CommonOptions
    @Option(help: ArgumentHelp(say("最多列几对", "At most so many pairs."))) var limit = 50

    func run() async throws {
        try await options.run { client in
            let pairs = try await client.duplicates(limit: max(1, limit))
            var found: [Pair] = []
            for pair in pairs {
                guard let first = try await client.record(pair.first),
                    let second = try await client.record(pair.second)
                else { continue }
                found.append(Pair(pair: pair, first: first, second: second))
            }
            if options.json { return try Console.out(json: found.map(PairDocument.init)) }
            guard !found.isEmpty else {
                return Console.note(say("没有疑似重复。", "No likely duplicates."))
            }
            var table = DuplicateTable()
            for pair in found {
                table.add(
                    pair.pair,
                    (pair.first.id, pair.first.visible ?? FieldMap()),
                    (pair.second.id, pair.second.visible ?? FieldMap())
                )
            }
            Console.out(table.text)
        }
    }

    private struct Pair {
        var pair: DuplicatePair
        var first: LocalRecord
        var second: LocalRecord
    }

    /// A pair as scripts read it.
    private struct PairDocument: Encodable {
        var reasons: [String]
        var first: RecordDocument
        var second: RecordDocument

        init(_ pair: Pair) {
            reasons = pair.pair.reasons.map(\.rawValue).sorted()
            first = RecordDocument(pair.first)
            second = RecordDocument(pair.second)
        }
    }
}

/// `residence reidentify ID …`: the record was captured under a wrong or an old number.
struct Reidentify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say(
            "更正身份：证件号码录错或已换",
            "Correct a person's number, or say that two records are one."
        ),
        discussion: say(
            """
            例：residence reidentify 3f2a 证件号码=11010519491231002X；residence reidentify 3f2a --as 8c41。
            旧记录并入新记录，各字段按规则合并，登记随之转移；residence split 可撤销。
            """,
            """
            For example: residence reidentify 3f2a document_number=…; residence reidentify 3f2a --as 8c41. \
            The old record points to the new one, fields are merged, references follow; split takes it back.
            """
        )
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("编号（前四位即可）", "Its id; four digits suffice."), valueName: "ID"))
    var id: String
    @Option(
        name: .customLong("as"),
        help: ArgumentHelp(say("就是这条记录", "The record that it is."), valueName: "ID")
    )
    var other: String?
    @Argument(help: ArgumentHelp(say("证件字段=内容", "The right number."), valueName: "FIELD=VALUE"))
    var assignments: [String] = []

    func validate() throws {
        guard (other == nil) != assignments.isEmpty else {
            throw ValidationError(
                say("请写 证件号码=… 或 --as 另一编号", "Give document_number=… or --as ID")
            )
        }
    }

    func run() async throws {
        try await options.run { client in
            let record = try await client.id(withPrefix: id)
            let target: RecordID
            if let other {
                target = try await client.id(withPrefix: other)
                try await client.reidentify(record, as: target)
            } else {
                let assignments = try Assignments(assignments)
                target = try await client.reidentify(record) { fields, type in
                    try assignments.applied(to: fields, as: type)
                }
            }
            try await Add.show(target, client, options)
            Console.note(
                say(
                    "\(record.description.prefix(13)) 已并入此记录，下次同步时送出。",
                    "\(record.description.prefix(13)) points to this one; sync to send it."
                )
            )
        }
    }
}

/// `residence split ID`: takes a re-identification back.
struct Split: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("拆分：撤销更正身份", "Take a re-identification back.")
    )

    @OptionGroup var options: CommonOptions
    @Argument(
        help: ArgumentHelp(
            say("被并入的记录编号（前四位即可）", "The record that points to another; four digits suffice."),
            valueName: "ID"
        )
    )
    var id: String

    func run() async throws {
        try await options.run { client in
            let record = try await client.id(withPrefix: id)
            try await client.split(record)
            try await Add.show(record, client, options)
            Console.note(say("已拆分，下次同步时送出。", "Split; sync to send it."))
        }
    }
}

/// `residence undelete ID`: takes a deletion back.
struct Undelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("撤销删除", "Take a deletion back.")
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("编号（前四位即可）", "Its id; four digits suffice."), valueName: "ID"))
    var id: String

    func run() async throws {
        try await options.run { client in
            let record = try await client.id(withPrefix: id)
            try await client.undelete(record)
            try await Add.show(record, client, options)
        }
    }
}
