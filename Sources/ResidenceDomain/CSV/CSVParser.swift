/// Divides UTF-8 text into records by RFC 4180, chunk by chunk.
///
/// It holds one record at a time, and a record has a limit, so that a quotation mark which is
/// never closed does not collect the rest of a large file.
struct CSVParser {
    /// What stops a record from being read.
    enum Failure: Error, Hashable {
        case quoteUnclosed
        case quoteMisplaced
        case tooLong
    }

    /// How many bytes one record may have.
    static let recordLimit = 1024 * 1024

    private enum State {
        /// At the beginning of a cell.
        case start
        case plain
        case quoted
        /// After a quotation mark inside a quoted cell: a second one, or the cell's end.
        case quoteSeen
        /// After a quoted cell's end, in spaces before the delimiter.
        case closed
        /// After the end of a record: the next byte begins another.
        case ended
    }

    private let delimiter: UInt8
    private var state = State.start
    private var mayFollowLineFeed = false
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    private var wasQuoted = false

    init(delimiter: UInt8) {
        self.delimiter = delimiter
    }

    /// Reads on to the end of a record or of the chunk, whichever comes first.
    ///
    /// - Returns: Whether a record has ended, so that ``record(row:)`` has it.
    mutating func read(
        _ text: UnsafeBufferPointer<UInt8>,
        from position: inout Int
    ) throws(Failure) -> Bool {
        if state == .ended { begin() }
        while position < text.count {
            let byte = text[position]
            if mayFollowLineFeed {
                mayFollowLineFeed = false
                if byte == Self.lineFeed { position += 1 }
                continue
            }
            switch state {
            case .start where byte == Self.quote:
                state = .quoted
                wasQuoted = true
                position += 1
            case .start, .ended:
                state = .plain
            case .plain:
                takePlain(text, from: &position)
                if position < text.count, endCell(at: text[position], &position) { return true }
            case .quoted:
                takeQuoted(text, from: &position)
            case .quoteSeen where byte == Self.quote:
                bytes.append(byte)
                state = .quoted
                position += 1
            case .quoteSeen, .closed:
                if endsCell(byte) {
                    if endCell(at: byte, &position) { return true }
                } else {
                    guard byte == Self.space else { throw .quoteMisplaced }
                    state = .closed
                    position += 1
                }
            }
            guard bytes.count + ends.count <= Self.recordLimit else {
                throw state == .quoted ? .quoteUnclosed : .tooLong
            }
        }
        return false
    }

    /// Ends the last record of the file, which may lack a line end.
    ///
    /// - Returns: Whether there is such a record.
    mutating func finish() throws(Failure) -> Bool {
        guard state != .quoted else { throw .quoteUnclosed }
        if state == .ended || (state == .start && ends.isEmpty && !wasQuoted) { return false }
        ends.append(bytes.count)
        state = .ended
        return true
    }

    /// Whether the record that has ended is an empty line.
    var isBlank: Bool { ends.count == 1 && bytes.isEmpty && !wasQuoted }

    /// The record that has ended.
    func record(row: Int) -> CSVRecord {
        var cells: [String] = []
        cells.reserveCapacity(ends.count)
        var garbled: [Int] = []
        bytes.withUnsafeBufferPointer { bytes in
            var start = 0
            for end in ends {
                let cell = UnsafeBufferPointer(rebasing: bytes[start..<end])
                if let text = String(validating: cell, as: UTF8.self) {
                    cells.append(text)
                } else {
                    garbled.append(cells.count)
                    cells.append(String(decoding: cell, as: UTF8.self))
                }
                start = end
            }
        }
        return CSVRecord(row: row, cells: cells, garbled: garbled)
    }

    private mutating func begin() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        wasQuoted = false
        state = .start
    }

    private mutating func takePlain(
        _ text: UnsafeBufferPointer<UInt8>,
        from position: inout Int
    ) {
        var end = position
        while end < text.count, !endsCell(text[end]) { end += 1 }
        take(text, from: &position, to: end)
    }

    private mutating func takeQuoted(
        _ text: UnsafeBufferPointer<UInt8>,
        from position: inout Int
    ) {
        var end = position
        while end < text.count, text[end] != Self.quote { end += 1 }
        take(text, from: &position, to: end)
        guard position < text.count else { return }
        state = .quoteSeen
        position += 1
    }

    private mutating func take(
        _ text: UnsafeBufferPointer<UInt8>,
        from position: inout Int,
        to end: Int
    ) {
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[position..<end]))
        position = end
    }

    private func endsCell(_ byte: UInt8) -> Bool {
        byte == delimiter || byte == Self.lineFeed || byte == Self.carriageReturn
    }

    /// Ends the cell at a delimiter or a line end.
    ///
    /// - Returns: Whether the record has ended, too.
    private mutating func endCell(at byte: UInt8, _ position: inout Int) -> Bool {
        position += 1
        ends.append(bytes.count)
        state = byte == delimiter ? .start : .ended
        mayFollowLineFeed = byte == Self.carriageReturn
        return state == .ended
    }

    private static let quote = UInt8(ascii: "\"")
    private static let space = UInt8(ascii: " ")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")
}
