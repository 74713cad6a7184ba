/// Reads the records of a CSV file one after the other, in bounded memory.
///
/// It takes UTF-8 with or without a byte order mark, GB18030 (and so GBK and GB2312) and UTF-16
/// with a byte order mark; rows that end with CRLF, LF or CR; cells in quotation marks, which
/// may hold commas, line ends and doubled quotation marks; and commas, tabs or semicolons
/// between cells, whichever the header uses.
///
/// A file of any length takes the same memory: one chunk of 64 KiB and one record of at most
/// 1 MiB.
public final class CSVReader {
    /// How many empty lines have been passed over; each is a row of the spreadsheet.
    public private(set) var blankRows = 0

    private let file: InputFile
    private var decoder: TextDecoder
    private var parser: CSVParser
    private let buffer: UnsafeMutableRawBufferPointer
    private var text: [UInt8] = []
    private var position = 0
    private var row = 0
    private var bytesRead = 0
    private var bytesBefore = 0
    private var isAtEnd = false

    /// Opens a file and finds out how it is encoded, by reading it once.
    public init(path: String) throws(LedgerError) {
        file = try InputFile(path: path)
        let encoding = try TextEncoding.detect(in: file)
        decoder = try TextDecoder(encoding)
        parser = CSVParser(delimiter: UInt8(ascii: ","))
        buffer = .allocate(byteCount: InputFile.chunkSize, alignment: 16)
        try fill()
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        parser = CSVParser(delimiter: Self.delimiter(of: text[position...]))
    }

    deinit {
        buffer.deallocate()
    }

    /// The next record that is not an empty line, or nil after the last one.
    public func next() throws(LedgerError) -> CSVRecord? {
        while true {
            guard try readRecord() else { return nil }
            row += 1
            guard parser.isBlank else { return parser.record(row: row) }
            blankRows += 1
        }
    }

    /// How much of the file has been read, from 0 to 1.
    public var fractionRead: Double {
        guard file.size > 0 else { return 1 }
        let part = text.isEmpty ? 1 : Double(position) / Double(text.count)
        let bytes = Double(bytesBefore) + part * Double(bytesRead - bytesBefore)
        return min(1, bytes / Double(file.size))
    }

    /// Reads to the end of the next record; false when there is none.
    private func readRecord() throws(LedgerError) -> Bool {
        while true {
            if try parseText() { return true }
            guard !isAtEnd else { break }
            try fill()
        }
        do { return try parser.finish() } catch { throw Self.error(error, row: row + 1) }
    }

    private func parseText() throws(LedgerError) -> Bool {
        var position = position
        defer { self.position = position }
        do throws(CSVParser.Failure) {
            return try text.withUnsafeBufferPointer { text throws(CSVParser.Failure) in
                try parser.read(text, from: &position)
            }
        } catch {
            throw Self.error(error, row: row + 1)
        }
    }

    /// Replaces the text, all of which has been parsed, by that of the file's next chunk.
    private func fill() throws(LedgerError) {
        text.removeAll(keepingCapacity: true)
        position = 0
        bytesBefore = bytesRead
        let count = try file.read(into: buffer)
        bytesRead += count
        isAtEnd = count == 0
        decoder.decode(UnsafeRawBufferPointer(rebasing: buffer[..<count]), into: &text)
    }

    /// The mark that the first line has most of; a tie or none is a comma.
    private static func delimiter(of text: ArraySlice<UInt8>) -> UInt8 {
        let line = text.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        var (best, most) = (UInt8(ascii: ","), 0)
        for mark in [best, UInt8(ascii: "\t"), UInt8(ascii: ";")] {
            let count = line.count { $0 == mark }
            if count > most { (best, most) = (mark, count) }
        }
        return best
    }

    private static func error(_ failure: CSVParser.Failure, row: Int) -> LedgerError {
        switch failure {
        case .quoteUnclosed:
            LedgerError(
                .quoteUnclosed,
                "第 \(row) 行有一个引号没有成对，其后的内容无法分行。请在该行补上或删去引号后重新导入。",
                english: "Row \(row) opens a quotation mark that is never closed; "
                    + "close or remove it and import again.",
                row: row
            )
        case .quoteMisplaced:
            LedgerError(
                .quoteMisplaced,
                "第 \(row) 行的引号位置不对：引号结束后还有文字。请改正该行的引号后重新导入。",
                english: "In row \(row), text follows a closing quotation mark; "
                    + "mend the row's quotation marks and import again.",
                row: row
            )
        case .tooLong:
            LedgerError(
                .rowTooLong,
                "第 \(row) 行超过 1 MB，不像台账的一行。请检查该行的换行和引号后重新导入。",
                english: "Row \(row) is longer than 1 MB, which no row of a ledger is; "
                    + "check its line ends and quotation marks and import again.",
                row: row
            )
        }
    }
}
