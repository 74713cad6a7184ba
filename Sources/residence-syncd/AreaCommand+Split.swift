internal import ArgumentParser
internal import ResidenceDomain
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd area list [AREA --csv FILE]`.
struct AreaList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: say("列出区划，或导出一个区划的住所以便拆分", "List areas, or write one's dwellings for a split."),
        discussion: say(
            "导出文件含个人信息，仅所有者可读，用后请删除；在 to 列填写新区划代码，交给 area split --where。",
            "The file holds personal data and is its owner's alone: delete it afterwards. Fill in the column “to” and give it to area split --where."
        )
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("区划代码", "An area."), valueName: "AREA")) var area: String?
    @Option(help: ArgumentHelp(say("写入 CSV 文件", "The CSV file to write."), valueName: "FILE"))
    var csv: String?

    func validate() throws {
        guard (csv == nil) || area != nil else {
            throw ValidationError(say("--csv 须指明区划", "--csv needs an area"))
        }
    }

    func run() async throws {
        try await options.run {
            let service = try await options.service().service
            if let area, let csv {
                return try await write(DeviceCommand.Add.area(area), to: csv, service)
            }
            let within = try area.map(DeviceCommand.Add.area)
            let places = try await service.areas().filter { place in
                within.map { $0.contains(place.area) } ?? true
            }
            if options.json {
                return try Console.out(json: places.map(AreaPlanDocument.Place.init))
            }
            var table = Table([say("区划", "area"), say("名称", "name"), say("记录", "records")])
            for place in places { table.add(Self.cells(place)) }
            Console.out(table.text)
        }
    }

    static func cells(_ place: AreaPlan.Place) -> [String] {
        let name = Divisions.embedded.path(of: place.area.rawValue) ?? "–"
        return [place.area.rawValue, name, String(place.records)]
    }

    private func write(_ area: AreaCode, to path: String, _ service: SyncService) async throws {
        let file = try LineFile(path)
        // A spreadsheet takes UTF-8 for what it is by the mark.
        try file.add(text: "\u{FEFF}id,type,code,village,title,to\r\n")
        var count = 0
        try await service.standing(in: area, for: options.somebody()) { records in
            for record in records {
                try file.add(text: CSVLine(record, in: area).text)
                count += 1
            }
        }
        try file.close()
        if options.json {
            return try Console.out(json: ["file": path, "records": String(count)])
        }
        Console.out(say("\(count) 条已写入 \(path)", "\(count) rows in \(path)"))
    }
}

extension CSVLine {
    /// A row of the file that says what goes where.
    fileprivate init(_ record: RecordState, in area: AreaCode) {
        let type = Schema.current.type(record.type)
        let village = type?.field(named: "village").flatMap { record.fields.text(of: $0.number) }
        self.init([
            record.id.description, type?.name ?? "", area.rawValue, village ?? "",
            type?.title(of: record.fields) ?? "", "",
        ])
    }
}

/// `residence-syncd area split FROM --into A --into B --where FILE`.
struct AreaSplit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split",
        abstract: say("拆分区划", "One area becomes several."),
        discussion: say(
            """
            先用 area list 区划 --csv 文件 导出，在 to 列填写新代码，再用 --where 文件；或按村(社区)名：--village 名称=代码。
            登记与人员随住所走；没有写明去向的，归第一个 --into。再次运行可改正去向。原代码可以是其中之一。
            """,
            """
            Write area list AREA --csv FILE, fill in its column “to”, and give it with --where; or go by the dwelling's \
            village, --village NAME=CODE. Registrations and people go with their dwelling; what nobody put anywhere \
            goes to the first --into. Run again, it puts records elsewhere. The area itself may be one of its parts.
            """
        )
    )

    @OptionGroup var options: CommonOptions
    @OptionGroup var area: AreaOptions
    @Argument(help: ArgumentHelp(say("原代码", "The former code."), valueName: "FROM")) var from:
        String
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(say("新代码，多次给出", "A part; repeated."), valueName: "CODE")
    )
    var into: [String]
    @Option(
        name: .customLong("where"),
        help: ArgumentHelp(
            say("写明去向的 CSV 文件", "The CSV file that says what goes where."),
            valueName: "FILE"
        )
    )
    var file: String?
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            say("村(社区)的去向", "Where a village's dwellings go."),
            valueName: "NAME=CODE"
        )
    )
    var village: [String] = []

    func run() async throws {
        try await options.run {
            let old = try DeviceCommand.Add.area(from)
            let parts = try into.map { code in
                try code == from ? DeviceCommand.Add.area(code) : area.checked(code)
            }
            let service = try await options.service().service
            var directing = try await byVillage(old, parts, service)
            if let file { directing.merge(try Self.read(file)) { _, said in said } }
            try await area.run(
                .split,
                [old],
                to: parts,
                directing: directing,
                by: service,
                options
            )
        }
    }

    /// What the file says, by record.
    private static func read(_ path: String) throws -> [RecordID: AreaCode] {
        var found: [RecordID: AreaCode] = [:]
        do {
            let reader = try CSVReader(path: path)
            var header: [String] = []
            while let row = try reader.next() {
                if header.isEmpty {
                    header = row.cells
                    guard header.contains("id"), header.contains("to") else {
                        throw SyncError.splitFile(row.row, path)
                    }
                    continue
                }
                let cells = Dictionary(zip(header, row.cells)) { first, _ in first }
                guard let code = cells["to"]?.filter({ !$0.isWhitespace }), !code.isEmpty else {
                    continue
                }
                guard let id = cells["id"].flatMap({ RecordID($0) }), let area = AreaCode(code)
                else { throw SyncError.splitFile(row.row, path) }
                found[id] = area
            }
        } catch let error as LedgerError {
            throw SyncError(
                "file_unreadable",
                "\(error.message) \(error.english)",
                hint: "未作任何改动。 Nothing was changed.",
                subject: path
            )
        }
        return found
    }

    /// The dwellings of the villages that are named, wherever they stand by now.
    private func byVillage(
        _ old: AreaCode,
        _ parts: [AreaCode],
        _ service: SyncService
    ) async throws -> [RecordID: AreaCode] {
        var wanted: [String: AreaCode] = [:]
        for text in village {
            let halves = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard halves.count == 2, !halves[0].isEmpty else {
                throw SyncError(
                    "parameter_invalid",
                    "应为 名称=代码 \(text) is not NAME=CODE",
                    hint: "--village 甬东=330902102",
                    subject: "--village"
                )
            }
            wanted[halves[0]] = try DeviceCommand.Add.area(halves[1])
        }
        guard !wanted.isEmpty else { return [:] }
        var found: [RecordID: AreaCode] = [:]
        for area in Set([old] + parts) {
            try await service.standing(in: area, for: options.somebody()) { records in
                for record in records {
                    let field = Schema.current.type(record.type)?.field(named: "village")
                    let name = field.flatMap { record.fields.text(of: $0.number) }
                    if let part = name.flatMap({ wanted[$0] }) { found[record.id] = part }
                }
            }
        }
        return found
    }
}

extension SyncError {
    fileprivate static func splitFile(_ row: Int, _ path: String) -> SyncError {
        SyncError(
            "file_unreadable",
            "第 \(row) 行无法读取 Row \(row) cannot be read",
            hint: "须有 id 与 to 两列，to 为区划代码。 It needs the columns id and to; to is an area's code.",
            subject: path
        )
    }
}
