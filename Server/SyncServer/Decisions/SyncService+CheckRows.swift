internal import SyncProtocol
internal import SyncTrust

/// What is wrong with the rows of a server's database, each looked at by itself and beside those that it names.
public struct RowReport: Hashable, Sendable {
    /// One kind of damage, and where it was met.
    public struct Flaw: Hashable, Sendable {
        /// A stable name for what is wrong: `row_unreadable`, `revision_differs` and others.
        public var code: String
        /// Where it was met first: a few tables' names with a number, an id or a device's name.
        public var places: [String]
        /// How often it was met.
        public var count: Int
    }

    /// Rows walked.
    public var rows = 0
    /// What is wrong, in the order in which it was met.
    public var flaws: [Flaw] = []
    /// Tables of which a row cannot be read: whoever reads all of one stops there.
    public var unreadable: Set<ArchiveTable> = []
    /// The number of the first change of which it is kept what was before: since then, it is of all.
    var firstKept: Int64?

    /// A report of nothing.
    public init() {}

    /// Whether nothing is wrong.
    public var isSound: Bool { flaws.isEmpty }

    /// How many places are told of each kind of damage.
    private static let told = 3

    mutating func note(_ code: String, at place: String) {
        guard let index = flaws.firstIndex(where: { $0.code == code }) else {
            flaws.append(Flaw(code: code, places: [place], count: 1))
            return
        }
        flaws[index].count += 1
        if flaws[index].places.count < Self.told { flaws[index].places.append(place) }
    }

    mutating func note(unreadable row: CheckedRow, _ columns: [String]) {
        guard !columns.isEmpty else { return }
        unreadable.insert(row.table)
        note("row_unreadable", at: "\(row.place): \(columns.joined(separator: ", "))")
    }
}

extension SyncService {
    // > [G-02] Counted again from the rows, since a sum that is only kept never sees a damaged row.

    /// Walks every row a page at a time and compares it with what it follows from; nothing is written.
    ///
    /// A page and what it is compared with are read at one moment: what others write meanwhile calls nothing wrong.
    /// The log of who read what is walked by `verifyAccesses`. Throws `role_forbidden`.
    public func checkRows(
        for principal: Principal,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> RowReport {
        try principal.check(.audit)
        let (schema, server) = (schema, identity.key.publicKey.deviceID)
        // Records last: what their histories have to say depends on the changes.
        let tables = ArchiveTable.allCases.filter { $0 != .record && $0 != .access } + [.record]
        var report = RowReport()
        for (index, table) in tables.enumerated() {
            var key: [ArchivedValue]?
            repeat {
                let (after, before) = (key, report)
                (report, key) = try await store.read { reader in
                    let page = try reader.rows(of: table, after: after, limit: 500)
                    var check = RowCheck(reader, schema, server: server, report: before)
                    try check.check(page.rows.map { CheckedRow(table, $0) }, of: table)
                    return (check.report, page.next)
                }
            } while key != nil
            progress(index + 1, tables.count)
        }
        return report
    }
}

/// Looks at some rows of a table, at one moment.
struct RowCheck {
    let reader: any StoreReader
    let schema: Schema
    /// The server's own device, which enrolled by no code.
    let server: DeviceID
    var report: RowReport

    init(_ reader: any StoreReader, _ schema: Schema, server: DeviceID, report: RowReport) {
        (self.reader, self.schema, self.server, self.report) = (reader, schema, server, report)
    }

    mutating func check(_ rows: [CheckedRow], of table: ArchiveTable) throws {
        report.rows += rows.count
        for row in rows { report.note(unreadable: row, row.misshapenColumns) }
        switch table {
        case .device: try check(devices: rows)
        case .enrolment: try check(enrolments: rows)
        case .setting: check(settings: rows)
        case .area: check(areas: rows)
        case .feed: try check(feeds: rows)
        case .reading: check(readings: rows)
        case .change: try check(changes: rows)
        case .effect: try check(effects: rows)
        case .settlement: try check(settlements: rows)
        case .conflict: try check(conflicts: rows)
        case .record: try check(records: rows)
        case .reference: try check(references: rows)
        case .follower: try check(followers: rows)
        case .access: break
        }
    }

    /// The rows of a table of which a column says what some other rows say, each once.
    func find(
        _ table: ArchiveTable,
        _ column: String,
        _ values: some Sequence<ArchivedValue>
    ) throws -> [CheckedRow] {
        let wanted = Set(values).subtracting([.null])
        guard !wanted.isEmpty else { return [] }
        return try reader.rows(of: table, where: column, isOneOf: Array(wanted))
            .map { CheckedRow(table, $0) }
    }

    /// Notes the rows in whose columns a record stands that there is none of.
    mutating func checkRecords(named columns: [String], in rows: [CheckedRow]) throws {
        let named = rows.flatMap { row in columns.map { row[$0] } }
        let known = try Set(find(.record, "id", named).map { $0["id"] })
        for row in rows where !columns.allSatisfy({ known.contains(row[$0]) }) {
            report.note("record_unknown", at: row.place)
        }
    }
}
