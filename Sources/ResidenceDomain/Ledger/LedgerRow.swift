/// What became of a row of a ledger.
public enum LedgerRow: Hashable, Sendable {
    /// The row is acceptable, and these are its values.
    case accepted(LedgerEntry)
    /// The row is not acceptable, for this reason.
    case refused(LedgerDefect)
}

/// The first thing that is wrong with a row of a ledger, and what to do about it.
///
/// A row has one defect, the first in the order of ``LedgerFlaw``; whoever mends it learns of the
/// next.
public struct LedgerDefect: Hashable, Sendable {
    /// The row number, as a spreadsheet counts.
    public let row: Int
    /// The defect's code, ``LedgerFlaw``'s raw value.
    public let code: String
    /// The Chinese heading of the column where the defect is, or empty when it is the row's.
    public let column: String
    /// What is wrong and what to do, in Chinese; never with anything that identifies a person.
    public let message: String
    /// The same in English.
    public let english: String
    /// The row's cells, as they stand in the file.
    public let cells: [String]

    init(_ flaw: LedgerFlaw, in column: LedgerColumn?, of record: CSVRecord) {
        row = record.row
        code = flaw.rawValue
        self.column = column?.heading ?? ""
        message = flaw.message(column: column?.heading ?? "")
        english = flaw.english(column: column?.heading ?? "")
        cells = record.cells
    }
}

extension LedgerDefect: CustomStringConvertible, CustomReflectable {
    /// The row number and the code alone: cells hold personal data.
    public var description: String { "row \(row): \(code)" }
    /// No more than the description tells.
    public var customMirror: Mirror { Mirror(self, children: ["row": row, "code": code]) }
}
