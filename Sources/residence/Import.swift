internal import ArgumentParser
internal import Foundation
internal import ResidenceDomain
internal import SyncClient
internal import SyncProtocol
internal import SyncTrust
internal import Terminal

/// `residence import FILE`: takes in a station's ledger, with no network.
struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("导入台账（CSV）", "Take in a ledger (CSV)."),
        discussion: say(
            "UTF-8 或 GB18030 均可。不合格的行写入另一个文件，改好后可再次导入。同一台账重复导入不会有任何改动。",
            """
            UTF-8 or GB18030. Refused rows are written to a file that can be mended and imported again. \
            Importing the same ledger again changes nothing.
            """
        )
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("台账文件", "The ledger."), valueName: "FILE")) var file: String
    @Option(
        help: ArgumentHelp(
            say("不合格行写到哪里（缺省为 FILE.refused.csv）", "Where refused rows go (FILE.refused.csv)."),
            valueName: "FILE"
        )
    )
    var refused: String?

    /// Rows of one local transaction: few enough that a kill loses none that was acknowledged, many
    /// enough that the disk is not waited for at every row.
    private static let rowsPerTransaction = 500

    func run() async throws {
        try await options.run { client in
            do {
                try await take(client)
            } catch let error as LedgerError {
                throw SyncError(
                    SyncError.Code(rawValue: error.code.rawValue),
                    "\(error.message) \(error.english)",
                    hint: "\(file)",
                    subject: file
                )
            }
        }
    }

    private func take(_ client: ResidenceClient) async throws {
        guard let profile = try await client.profile() else { throw SyncError.notEnrolledHere }
        guard let key = NaturalKey(bytes: profile.identityKey) else {
            throw SyncError.notEnrolledHere
        }
        // Areas that were renamed or founded since the table was made are the operator's to know.
        let own = profile.grant.areas.map(\.rawValue)
        let reader = try LedgerReader(path: file, divisions: Divisions.embedded.knowing(own))
        var summary = ImportSummary(areas: profile.grant.areas)
        let refusedRows = RefusedRows(
            path: refused ?? RefusedRowsWriter.freePath(like: "\(file).refused.csv"),
            header: reader.header
        )
        let bar = ProgressBar(say("导入", "import"), isQuiet: options.json)
        var waiting: [LedgerEntry] = []
        while let row = try reader.next() {
            summary.rows += 1
            switch row {
            case .accepted(let entry): waiting.append(entry)
            case .refused(let defect):
                summary.rejected.append(ImportSummary.Rejected(defect))
                try refusedRows.write(defect)
            }
            if waiting.count == Self.rowsPerTransaction {
                try await keep(waiting, key, client, &summary)
                waiting = []
                bar.show(reader.fractionRead, say("\(summary.rows) 行", "\(summary.rows) rows"))
            }
        }
        try await keep(waiting, key, client, &summary)
        try refusedRows.close()
        bar.show(1, say("\(summary.rows) 行", "\(summary.rows) rows"))
        bar.finish()
        try show(summary, refusedRows.path)
    }

    private func keep(
        _ entries: [LedgerEntry],
        _ key: NaturalKey,
        _ client: ResidenceClient,
        _ summary: inout ImportSummary
    ) async throws {
        let rows = entries.map { Self.row($0, key) }
        let result = try await client.importRows(rows)
        summary.add(entries, rows, result)
    }

    /// The records of a row, under the ids of their natural keys.
    private static func row(_ entry: LedgerEntry, _ key: NaturalKey) -> ImportRow {
        let records = LedgerRecords(entry)
        let person = key.person(
            documentType: UInt64(entry.documentKind.rawValue),
            number: Array(entry.documentNumber.utf8)
        )
        let dwelling = key.dwelling(
            area: entry.areaCode,
            village: entry.village,
            address: entry.address,
            kind: UInt64(entry.dwellingKind.code)
        )
        let registration = key.registration(
            person: person,
            dwelling: dwelling,
            reportedOn: UInt64(entry.reportedOn.rawValue)
        )
        return ImportRow(
            number: entry.row,
            captures: [
                Capture(
                    id: person,
                    type: Person.recordType,
                    fields: records.person.fieldMap
                ),
                Capture(
                    id: dwelling,
                    type: Dwelling.recordType,
                    fields: records.dwelling.fieldMap
                ),
                Capture(
                    id: registration,
                    type: Registration.recordType,
                    fields: records.registration(person: person, dwelling: dwelling).fieldMap
                ),
            ]
        )
    }

    private func show(_ summary: ImportSummary, _ refusedPath: String) throws {
        if options.json { return try Console.out(json: summary) }
        Console.out(
            say(
                "共 \(summary.rows) 行：接受 \(summary.accepted) 行，\(summary.people) 人；不合格 \(summary.rejected.count) 行；新增或补充 \(summary.changed) 条记录。",
                "\(summary.rows) rows: \(summary.accepted) accepted, \(summary.people) people; \(summary.rejected.count) refused; \(summary.changed) records made or completed."
            )
        )
        if summary.outside > 0 {
            Console.out(
                say(
                    "注意：其中 \(summary.outside) 行不在本设备责任区内，同步后会被退回，请在所属站点导入。",
                    "Note: \(summary.outside) rows lie outside this device's areas and will be returned; import them at their stations."
                )
            )
        }
        guard !summary.rejected.isEmpty else { return }
        var table = Table([say("行", "row"), say("列", "column"), say("问题", "what is wrong")])
        for rejected in summary.rejected.prefix(20) {
            table.add([
                String(rejected.row), rejected.column, say(rejected.message, rejected.english),
            ])
        }
        Console.out(table.text)
        Console.out(
            say(
                "不合格的行已写入 \(refusedPath)，改好后可再次导入。",
                "The refused rows are in \(refusedPath): mend them and import that file."
            )
        )
    }
}

/// The file of refused rows: made when there is one to write, so that a clean ledger leaves none.
private final class RefusedRows {
    let path: String
    private let header: [String]
    private var writer: RefusedRowsWriter?

    init(path: String, header: [String]) {
        self.path = path
        self.header = header
    }

    func write(_ defect: LedgerDefect) throws {
        let writer = try writer ?? RefusedRowsWriter(path: path, header: header)
        self.writer = writer
        try writer.write(defect)
    }

    func close() throws { try writer?.close() }
}

/// What an import did, as scripts read it.
struct ImportSummary: Encodable {
    struct Rejected: Encodable {
        var row: Int
        var code: String
        var column: String
        var message: String
        var english: String

        init(_ defect: LedgerDefect) {
            row = defect.row
            code = defect.code
            column = defect.column
            message = defect.message
            english = defect.english
        }

        init(row: Int, _ error: SyncError) {
            self.row = row
            code = error.code.rawValue
            column = error.hint.split(separator: " ").first.map(String.init) ?? ""
            message = error.message
            english = error.message
        }

        enum CodingKeys: CodingKey { case row, code, column, message }
    }

    var rows = 0
    var accepted = 0
    var people = 0
    var rejected: [Rejected] = []
    /// Records that were made or completed.
    var changed = 0
    /// Accepted rows outside the device's areas.
    var outside = 0
    private let areas: [AreaCode]
    /// The people seen so far, each by a hash: what grows with a ledger is this alone.
    private var seen: Set<Int> = []

    enum CodingKeys: CodingKey { case rows, accepted, people, rejected, changed }

    init(areas: [AreaCode]) { self.areas = areas }

    mutating func add(_ entries: [LedgerEntry], _ rows: [ImportRow], _ result: ImportResult) {
        let refused = Dictionary(
            result.refused.map { ($0.row, $0.error) },
            uniquingKeysWith: { first, _ in first }
        )
        for (entry, row) in zip(entries, rows) {
            if let error = refused[entry.row] {
                rejected.append(Rejected(row: entry.row, error))
                continue
            }
            accepted += 1
            if let person = row.captures.first, seen.insert(person.id.hashValue).inserted {
                people += 1
            }
            if AreaCode(entry.areaCode).map({ !areas.cover($0) }) ?? true { outside += 1 }
        }
        changed += result.changed
    }
}
