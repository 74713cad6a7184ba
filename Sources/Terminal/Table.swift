/// A table whose columns align on a terminal, where a Chinese character is two columns wide.
public struct Table {
    private let header: [String]
    private var rows: [[String]] = []

    /// A table with these columns.
    public init(_ header: [String]) { self.header = header }

    /// Adds a row; cells that are missing are empty.
    public mutating func add(_ cells: [String]) { rows.append(cells) }

    /// The table as lines of text, the header first.
    public var text: String {
        let lines = [header] + rows
        let widths = header.indices.map { column in
            lines.map { column < $0.count ? $0[column].columns : 0 }.max() ?? 0
        }
        return lines.map { cells in
            let padded = widths.enumerated().map { column, width in
                (column < cells.count ? cells[column] : "").padded(to: width)
            }
            let line = padded.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }
}

extension String {
    /// How many columns of a terminal the text takes.
    public var columns: Int { reduce(0) { $0 + ($1.isWide ? 2 : 1) } }

    /// The text followed by blanks up to a width in columns.
    public func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - columns))
    }
}
