internal import ArgumentParser
internal import SyncClient
internal import SyncProtocol
internal import Terminal

/// `residence conflicts [NUMBER]`: what no rule decides, among what this device holds.
struct Conflicts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("列出待裁决的冲突", "List the conflicts that wait for somebody."),
        discussion: say(
            "影响大的在前，其次早的在前。给出编号则两边并列显示这一个。",
            "What would change most comes first, then the oldest. With a number, both sides of that one."
        )
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("冲突编号", "A conflict's number."), valueName: "NUMBER"))
    var number: UInt64?
    @OptionGroup var filter: ConflictOptions

    func run() async throws {
        try await options.run { client in
            if let number { return try await show(number, client) }
            let devices = Set(
                try await client.openConflicts().flatMap {
                    [$0.conflict.standing.device, $0.conflict.proposed.device]
                }
            )
            let wanted = try filter.filter { digits in
                devices.first { $0.description.hasPrefix(digits.lowercased()) }
            }
            let conflicts = try await client.openConflicts(wanted)
            if options.json { return try await printJSON(conflicts, client) }
            guard !conflicts.isEmpty else {
                return Console.note(say("没有待裁决的冲突。", "No open conflicts."))
            }
            var titled: [TitledConflict] = []
            for entry in conflicts { titled.append(try await client.titled(entry)) }
            Console.out(ConflictTable.list(titled))
            Console.note(
                say(
                    "residence conflicts 编号：看详情；residence resolve 编号 原有|提出|字段=内容：裁决。",
                    "residence conflicts NUMBER shows one; residence resolve NUMBER standing|proposed|FIELD=VALUE settles it."
                )
            )
        }
    }

    private func show(_ number: UInt64, _ client: ResidenceClient) async throws {
        let entry = try await client.conflict(number)
        if options.json {
            return Console.out(json: entry.json(at: try await client.place(of: entry)))
        }
        let revision = try await client.place(of: entry).revision
        Console.out(
            ConflictSheet.text(
                of: try await client.titled(entry),
                revision: revision,
                settledBy: "residence resolve \(number) --revision \(revision.rawValue)"
            )
        )
    }

    private func printJSON(_ conflicts: [ConflictEntry], _ client: ResidenceClient) async throws {
        var placed: [(entry: ConflictEntry, place: ConflictPlace)] = []
        for entry in conflicts { placed.append((entry, try await client.place(of: entry))) }
        Console.out(json: ConflictEntry.json(list: placed, next: ""))
    }
}

extension ResidenceClient {
    /// A conflict with what its record is called on this device.
    fileprivate func titled(_ entry: ConflictEntry) async throws -> TitledConflict {
        let record = try await record(entry.record)
        let type = Schema.current.type(entry.type)
        let fields = record?.visible ?? record?.acknowledged?.fields ?? FieldMap()
        return TitledConflict(entry, title: type?.title(of: fields) ?? "")
    }

    /// Where a conflict's record stands, as far as this device knows.
    fileprivate func place(of entry: ConflictEntry) async throws -> ConflictPlace {
        let record = try await record(entry.record)
        return ConflictPlace(
            areas: (record?.areas ?? []).sorted(),
            revision: record?.acknowledged?.base.revision ?? .none
        )
    }
}

/// `residence resolve NUMBER …`: settles a conflict in one step.
struct Resolve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("裁决一个冲突", "Settle a conflict."),
        discussion: say(
            """
            例：residence resolve 7 原有；residence resolve 7 提出；residence resolve 7 姓名=王小明 --reason 已看证件。
            “我的”“对方”按本设备所说的一边取。下次同步时送出；记录若另有变更则退回，请重新查看。
            """,
            """
            For example: residence resolve 7 standing; residence resolve 7 proposed; \
            residence resolve 7 name=王小明 --reason "saw the document". mine and theirs go by what this \
            device said. It travels with the next sync; where the record has moved on it comes back.
            """
        )
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("冲突编号", "The conflict's number."), valueName: "NUMBER"))
    var number: UInt64
    @Argument(
        help: ArgumentHelp(
            say("原有、提出、我的、对方，或 字段=内容", "standing, proposed, mine, theirs, or FIELD=VALUE."),
            valueName: "CHOICE"
        )
    )
    var choice: [String]
    @Option(help: ArgumentHelp(say("理由", "Why.")))
    var reason = ""
    @Option(
        help: ArgumentHelp(
            say(
                "所看到的记录版本；已有新版本则不裁决",
                "The record's revision that you saw; where there is a later one, nothing is done."
            )
        )
    )
    var revision: UInt64?

    func run() async throws {
        try await options.run { client in
            let entry = try await client.conflict(number)
            let seen = revision.map(Revision.init(rawValue:))
            if let side = try await side(of: entry, client) {
                try await client.resolve(number, side, seen: seen, reason: reason)
            } else {
                let assignments = try Assignments(choice)
                try await client.resolve(number, .other, seen: seen, reason: reason) {
                    fields,
                    type in
                    try assignments.applied(to: fields, as: type)
                }
            }
            if options.json {
                return try Console.out(json: ["resolved": String(number)])
            }
            try await Add.show(entry.record, client, options)
            Console.note(
                say("已裁决冲突 \(number)，下次同步时送出。", "Conflict \(number) is settled; sync to send it.")
            )
        }
    }

    /// The side that was named; `nil` where a third value was.
    private func side(
        of entry: ConflictEntry,
        _ client: ResidenceClient
    ) async throws -> Change.Resolution.Choice? {
        guard choice.count == 1, let word = ChoiceWord(choice[0]) else { return nil }
        let mine = try await client.profile()?.device
        let isMyProposal = entry.conflict.proposed.device == mine
        switch word {
        case .standing: return .standing
        case .proposed: return .proposed
        case .mine, .theirs:
            guard isMyProposal || entry.conflict.standing.device == mine else {
                throw SyncError(
                    "choice_ambiguous",
                    "两边都不是本设备所说 Neither side was said on this device",
                    hint: "请写 原有 或 提出。 Say standing or proposed."
                )
            }
            return (word == .mine) == isMyProposal ? .proposed : .standing
        }
    }
}
