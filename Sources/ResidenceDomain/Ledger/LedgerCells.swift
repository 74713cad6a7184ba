/// The cells of one row, by column.
struct LedgerCells {
    let record: CSVRecord
    let header: LedgerHeader

    /// What a cell holds, without the wrapping that keeps spreadsheets from rounding numbers.
    ///
    /// Systems export long numbers as `'3409…` or `="3409…"`; both mean the digits inside.
    subscript(column: LedgerColumn) -> String {
        guard let place = header.place(of: column), place < record.cells.count else { return "" }
        let cell = record.cells[place]
        switch cell.utf8.first {
        case UInt8(ascii: "'"): return String(cell.dropFirst())
        case UInt8(ascii: "=")
        where cell.hasPrefix("=\"") && cell.hasSuffix("\"") && cell.count > 2:
            return String(cell.dropFirst(2).dropLast())
        default: return cell
        }
    }

    /// A line of text.
    func line(_ column: LedgerColumn) -> String {
        Spelling.line(self[column])
    }

    /// A line of text that may be left out, where stations also write 无 or a stroke.
    func optionalLine(_ column: LedgerColumn) -> String {
        let line = line(column)
        return line.utf8.count <= 6 && Self.nothing.contains(line) ? "" : line
    }

    /// A line of text that may not be left out.
    func requiredLine(
        _ column: LedgerColumn,
        else flaw: LedgerFlaw
    ) throws(LedgerRefusal) -> String {
        let line = line(column)
        guard !line.isEmpty else { throw LedgerRefusal(flaw, column) }
        return line
    }

    /// A date that may be left out.
    func date(_ column: LedgerColumn) throws(LedgerRefusal) -> CalendarDate? {
        let text = optionalLine(column)
        guard !text.isEmpty else { return nil }
        guard let date = CalendarDate.parse(text) else {
            throw LedgerRefusal(.dateInvalid, column)
        }
        return date
    }

    /// Telephone numbers, which may be left out.
    func phones(_ column: LedgerColumn) throws(LedgerRefusal) -> [String] {
        guard let phones = PhoneNumber.list(optionalLine(column)) else {
            throw LedgerRefusal(.phoneInvalid, column)
        }
        return phones
    }

    private static let nothing: Set<String> = [
        "", "无", "没有", "暂无", "不详", "/", "\\", "-", "--", "—", "——", "N/A", "n/a", "NULL", "null",
    ]
}

/// Why a row is refused, thrown from wherever it shows.
struct LedgerRefusal: Error {
    let flaw: LedgerFlaw
    let column: LedgerColumn?

    init(_ flaw: LedgerFlaw, _ column: LedgerColumn? = nil) {
        self.flaw = flaw
        self.column = column
    }
}
