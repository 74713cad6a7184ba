/// The header of a ledger: which of its columns stand where.
struct LedgerHeader: Sendable {
    /// The headings, as they stand in the file.
    let headings: [String]
    /// The place of each column, indexed by the column's raw value; -1 where it is absent.
    private let places: [Int]

    /// Reads a header; columns that it does not know are passed over.
    init(_ record: CSVRecord) throws(LedgerError) {
        var places = Array(repeating: -1, count: LedgerColumn.allCases.count)
        for (place, heading) in record.cells.enumerated() {
            guard let column = LedgerColumn(heading: heading) else { continue }
            guard places[column.rawValue] < 0 else { throw Self.repeated(column, in: record.row) }
            places[column.rawValue] = place
        }
        let missing = LedgerColumn.required.filter { places[$0.rawValue] < 0 }
        guard missing.isEmpty else { throw Self.missing(missing, in: record.row) }
        headings = record.cells
        self.places = places
    }

    /// How many of a record's cells are headings of a ledger.
    static func knownColumns(in record: CSVRecord) -> Int {
        record.cells.count { LedgerColumn(heading: $0) != nil }
    }

    /// Where a column stands, or nil when the file does not have it.
    func place(of column: LedgerColumn) -> Int? {
        let place = places[column.rawValue]
        return place < 0 ? nil : place
    }

    private static func repeated(_ column: LedgerColumn, in row: Int) -> LedgerError {
        LedgerError(
            .columnRepeated,
            "表头有两列都是“\(column.heading)”，无法判断以哪一列为准。请删去或改名其中一列。",
            english: "Two columns of the header mean \(column.heading); remove or rename one.",
            row: row
        )
    }

    private static func missing(_ columns: [LedgerColumn], in row: Int) -> LedgerError {
        let names = columns.map(\.heading).joined(separator: "、")
        return LedgerError(
            .columnMissing,
            "表头缺少必需的列：\(names)。请在第一行补上列名；如果列名显示为乱码，请另存为“CSV UTF-8”。",
            english: "The header lacks required columns: \(names). Add them to the first row; if "
                + "the headings are garbled, save the file as CSV UTF-8.",
            row: row
        )
    }
}
