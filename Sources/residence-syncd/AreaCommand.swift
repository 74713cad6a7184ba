internal import ArgumentParser
internal import ResidenceDomain
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd area …`: 撤并, areas renamed, merged and split by one command.
struct AreaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "area",
        abstract: say("区划与撤并", "Areas: list, rename, merge and split them (撤并)."),
        discussion: say(
            """
            先加 --plan 查看影响。记录整体移到新区划，内容不变；负责原区划的设备下次同步时跟随，未同步的采集照收。
            中断后以同一命令再运行一次即可继续。
            """,
            """
            See what it comes to with --plan first. Records move as they are; devices that held the former area \
            follow at their next sync, and what they had not sent is taken. Cut off, the same command goes on [P-06].
            """
        ),
        subcommands: [
            AreaList.self, AreaRename.self, AreaMerge.self, AreaSplit.self, AreaHistory.self,
        ],
        defaultSubcommand: AreaList.self
    )
}

/// What every change of the map is told.
struct AreaOptions: ParsableArguments {
    @Flag(help: ArgumentHelp(say("只列出影响，不作改动", "Only tell what it comes to.")))
    var plan = false

    @Flag(
        help: ArgumentHelp(
            say(
                "允许程序的区划表中没有的代码",
                "Take a code that the program's table of divisions does not have."
            )
        )
    )
    var unknownCode = false

    @Option(
        help: ArgumentHelp(say("依据（文号等）", "Why: the document that orders it."), valueName: "TEXT")
    )
    var reason = ""

    @Option(help: ArgumentHelp(say("由谁办理", "Who does it."), valueName: "NAME"))
    var by: String?

    /// Throws `division_unknown` of a code that the table does not have, unless it is to be taken.
    func checked(_ text: String) throws -> AreaCode {
        let area = try DeviceCommand.Add.area(text)
        let table = Divisions.embedded
        let isKnown = table.name(of: text) != nil || table.isKnownResidence(text)
        guard isKnown || unknownCode else {
            throw SyncError(
                "division_unknown",
                "区划表中没有 The table of divisions has no \(text)",
                hint:
                    "核对无误后加 --unknown-code。 If it is right, add --unknown-code: the table is older than the code.",
                subject: text
            )
        }
        return area
    }

    func run(
        _ kind: AreaChange.Kind,
        _ from: [AreaCode],
        to: [AreaCode],
        directing: [RecordID: AreaCode] = [:],
        by service: SyncService,
        _ options: CommonOptions
    ) async throws {
        let somebody = options.somebody(by)
        let change = AreaChange(
            kind,
            from,
            to: to,
            by: somebody.name,
            reason: reason,
            at: SystemClock.milliseconds()
        )
        let result: AreaPlan
        if plan {
            result = try await service.plan(map: change, directing: directing, for: somebody)
        } else {
            let bar = ProgressBar(say("撤并", "areas"), isQuiet: options.json)
            do {
                result = try await service.change(
                    map: change,
                    directing: directing,
                    for: somebody
                ) { bar.show($0) }
            } catch {
                bar.finish()
                throw error
            }
            bar.finish()
        }
        if options.json { return try Console.out(json: AreaPlanDocument(result, isPlan: plan)) }
        show(result)
    }

    private func show(_ result: AreaPlan) {
        var table = Table([say("区划", "area"), say("名称", "name"), say("记录", "records"), ""])
        for place in result.from {
            table.add(AreaList.cells(place) + [say("原", "former")])
        }
        for place in result.to { table.add(AreaList.cells(place) + [say("新", "new")]) }
        Console.out(table.text)
        for device in result.devices {
            let (before, after) = (device.before.words, device.after.words)
            Console.out(
                say(
                    "\(device.name)：\(before) → \(after)，待送 \(device.pending)",
                    "\(device.name): \(before) → \(after), \(device.pending) pending"
                )
            )
        }
        Console.out(
            say(
                "\(result.records) 条记录，\(result.devices.count) 台设备，退回待处理 \(result.returned) 条，指定去向 \(result.directed) 条。",
                "\(result.records) records, \(result.devices.count) devices, \(result.returned) returned changes, \(result.directed) put by name."
            )
        )
        if result.continues {
            Console.note(say("此前已开始，继续办理。", "It was begun before, and goes on."))
        }
        Console.out(
            plan
                ? say("未作任何改动；去掉 --plan 执行。", "Nothing was changed; leave out --plan to do it.")
                : say(
                    "已移动 \(result.moved) 条；设备下次同步时跟随。",
                    "\(result.moved) records were moved; devices follow at their next sync."
                )
        )
    }
}

/// A plan as scripts read it.
struct AreaPlanDocument: Encodable {
    struct Device: Encodable {
        var id: String
        var name: String
        var before: [String]
        var after: [String]
        var pending: UInt64
    }

    struct Place: Encodable {
        var area: String
        var records: Int

        init(_ place: AreaPlan.Place) {
            (area, records) = (place.area.rawValue, place.records)
        }
    }

    var planned: Bool
    var continues: Bool
    var from: [Place]
    var to: [Place]
    var devices: [Device]
    var records: Int
    var returned: Int
    var directed: Int
    var moved: Int

    init(_ plan: AreaPlan, isPlan: Bool) {
        planned = isPlan
        continues = plan.continues
        (from, to) = (plan.from.map(Place.init), plan.to.map(Place.init))
        devices = plan.devices.map {
            Device(
                id: $0.device.description,
                name: $0.name,
                before: $0.before.map(\.rawValue),
                after: $0.after.map(\.rawValue),
                pending: $0.pending
            )
        }
        (records, returned) = (plan.records, plan.returned)
        (directed, moved) = (plan.directed, plan.moved)
    }
}

/// `residence-syncd area rename OLD --to NEW`.
struct AreaRename: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename",
        abstract: say("更改区划代码", "An area has another code; those in it go along."),
        discussion: say(
            "例：area rename 330902001 --to 330902101；其下的村同时更改。",
            "For example: area rename 330902001 --to 330902101. Its villages are renamed with it."
        )
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var area: AreaOptions
    @Argument(help: ArgumentHelp(say("原代码", "The former code."), valueName: "OLD")) var old: String
    @Option(help: ArgumentHelp(say("新代码", "The new code."), valueName: "NEW")) var to: String

    func run() async throws {
        try await options.run {
            let (old, new) = try (DeviceCommand.Add.area(old), area.checked(to))
            let service = try await options.service().service
            try await area.run(.rename, [old], to: [new], by: service, options)
        }
    }
}

/// `residence-syncd area merge FROM… --into TO`.
struct AreaMerge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: say("合并区划", "Some areas become part of one."),
        discussion: say(
            "例：area merge 330902002 330902003 --into 330902001。",
            "For example: area merge 330902002 330902003 --into 330902001."
        )
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var area: AreaOptions
    @Argument(help: ArgumentHelp(say("原代码", "The former codes."), valueName: "FROM"))
    var from: [String]
    @Option(help: ArgumentHelp(say("并入", "What they become part of."), valueName: "TO"))
    var into: String

    func run() async throws {
        try await options.run {
            let codes = try from.map(DeviceCommand.Add.area)
            let target = try area.checked(into)
            let service = try await options.service().service
            try await area.run(.merge, codes, to: [target], by: service, options)
        }
    }
}

/// `residence-syncd area history`.
struct AreaHistory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: say("历次撤并", "What was done to the map.")
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await options.run {
            let changes = try await options.service().service.areaMap().changes
            if options.json { return try Console.out(json: changes) }
            var table = Table([
                say("时间", "when"), say("办理", "what"), say("原", "from"), say("新", "to"),
                say("由谁", "by"), say("依据", "why"), say("状态", "state"),
            ])
            for change in changes {
                table.add([
                    SystemClock.text(change.at), change.kind.words, change.from.words,
                    change.to.words, change.by, change.reason,
                    change.isDone ? say("完成", "done") : say("未完成", "not finished"),
                ])
            }
            Console.out(table.text)
        }
    }
}

extension AreaChange.Kind {
    fileprivate var words: String {
        switch self {
        case .rename: say("更名", "rename")
        case .merge: say("合并", "merge")
        case .split: say("拆分", "split")
        }
    }
}

extension [AreaCode] {
    var words: String { map(\.rawValue).joined(separator: " ") }
}
