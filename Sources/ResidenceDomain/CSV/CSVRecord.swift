/// One record of a CSV file: one row, as a spreadsheet shows it.
public struct CSVRecord: Hashable, Sendable {
    /// The row number as a spreadsheet counts: the header is row 1, and a record is one row
    /// however many lines its cells span.
    public let row: Int
    /// The cells' texts, as they stand in the file.
    public let cells: [String]
    /// The places of the cells that hold bytes which are no text in the file's encoding.
    public let garbled: [Int]

    /// Creates a record from its row number and cells.
    public init(row: Int, cells: [String], garbled: [Int] = []) {
        self.row = row
        self.cells = cells
        self.garbled = garbled
    }
}
