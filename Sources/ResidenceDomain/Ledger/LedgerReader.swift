/// Reads a ledger 台账 row by row, in bounded memory, and judges each row.
///
/// Columns are found by their headings, in any order; headings that mean nothing to a ledger
/// are passed over, and so are titles above the header and rows without any text, though they
/// count as rows of the spreadsheet. A row is judged by itself: a person who stands in two rows is two entries with
/// the same document.
public final class LedgerReader {
    /// How many rows have been read, accepted or refused.
    public private(set) var rows = 0
    /// How many of them were refused.
    public private(set) var refusedRows = 0

    private let csv: CSVReader
    private let rules: LedgerRules

    /// Opens a ledger and reads its header.
    public init(
        path: String,
        divisions: Divisions = .embedded
    ) throws(LedgerError) {
        csv = try CSVReader(path: path)
        let header = try LedgerHeader(try Self.headerRecord(of: csv))
        rules = LedgerRules(header: header, divisions: divisions)
    }

    /// The headings, as they stand in the file.
    public var header: [String] { rules.header.headings }

    /// How much of the file has been read, from 0 to 1.
    public var fractionRead: Double { csv.fractionRead }

    /// The next row, or nil after the last one.
    public func next() throws(LedgerError) -> LedgerRow? {
        while let record = try csv.next() {
            guard record.cells.contains(where: { !Spelling.trimmed($0).isEmpty }) else { continue }
            let row = rules.judge(record)
            rows += 1
            if case .refused = row { refusedRows += 1 }
            return row
        }
        return nil
    }

    /// The first record that looks like a header, or the very first one when none does.
    ///
    /// Printed ledgers begin with a title and a line for the station and the month, which the
    /// export keeps above the header.
    private static func headerRecord(of csv: CSVReader) throws(LedgerError) -> CSVRecord {
        guard let first = try csv.next() else {
            throw LedgerError(
                .fileEmpty,
                "文件是空的。请选择包含表头和登记内容的台账文件。",
                english: "The file is empty; choose a ledger with a header and rows."
            )
        }
        var record = first
        for _ in 0..<5 {
            if LedgerHeader.knownColumns(in: record) >= 3 { return record }
            guard let next = try csv.next() else { break }
            record = next
        }
        return first
    }
}
