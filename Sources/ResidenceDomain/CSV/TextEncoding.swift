/// How a ledger's text is encoded.
enum TextEncoding: Hashable, Sendable {
    case utf8
    case gb18030
    case utf16LittleEndian
    case utf16BigEndian

    /// Finds the encoding of a file by reading all of it once, and leaves the file at its
    /// beginning.
    ///
    /// A ledger may be plain ASCII for a long while before its first Chinese character, so its
    /// beginning proves nothing. GB18030 has no signature and accepts nearly any bytes, so what
    /// decides is whether the file is well-formed UTF-8; a few broken characters, as programs
    /// leave them that cut cells at a length, do not turn UTF-8 into something else.
    static func detect(in file: borrowing InputFile) throws(LedgerError) -> TextEncoding {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: InputFile.chunkSize,
            alignment: 16
        )
        defer { buffer.deallocate() }
        var census = UTF8Census()
        var isFirst = true
        while true {
            let count = try file.read(into: buffer)
            if count == 0 { break }
            let chunk = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            if isFirst, let encoding = try signature(of: chunk) {
                try file.rewind()
                return encoding
            }
            isFirst = false
            guard !chunk.contains(0) else { throw notText }
            census.count(chunk)
        }
        try file.rewind()
        return census.isUTF8 ? .utf8 : .gb18030
    }

    /// The encoding that a byte order mark declares.
    private static func signature(
        of chunk: UnsafeRawBufferPointer
    ) throws(LedgerError) -> TextEncoding? {
        if notCSVSignatures.contains(where: { chunk.starts(with: $0) }) { throw notText }
        if chunk.starts(with: [0xFF, 0xFE]) { return .utf16LittleEndian }
        if chunk.starts(with: [0xFE, 0xFF]) { return .utf16BigEndian }
        return nil
    }

    /// Workbooks (new and old), PDF, PNG, JPEG, GIF, gzip, RAR and 7-Zip.
    private static let notCSVSignatures: [[UInt8]] = [
        [0x50, 0x4B, 0x03, 0x04], [0x50, 0x4B, 0x05, 0x06], [0xD0, 0xCF, 0x11, 0xE0],
        [0x25, 0x50, 0x44, 0x46], [0x89, 0x50, 0x4E, 0x47], [0xFF, 0xD8, 0xFF],
        [0x47, 0x49, 0x46, 0x38], [0x1F, 0x8B], [0x52, 0x61, 0x72, 0x21], [0x37, 0x7A, 0xBC, 0xAF],
    ]

    private static var notText: LedgerError {
        LedgerError(
            .notCSV,
            "这不是 CSV 文件。请在表格软件中打开它，用“另存为”选择“CSV UTF-8（逗号分隔）”，再导入另存的文件。",
            english: "This is not a CSV file. Open it in the spreadsheet program, choose Save As, "
                + "CSV UTF-8 (comma delimited), and import that file."
        )
    }
}

/// Counts the characters beyond ASCII that are well-formed UTF-8, and the bytes that are not.
private struct UTF8Census {
    private var wellFormed = 0
    private var illFormed = 0
    private var expected = 0
    private var least: UInt8 = 0x80
    private var most: UInt8 = 0xBF

    /// Broken characters may be one in ten; in GB18030 text more than nine in ten are.
    var isUTF8: Bool { illFormed + (expected > 0 ? 1 : 0) <= wellFormed / 10 }

    mutating func count(_ chunk: UnsafeRawBufferPointer) {
        for byte in chunk { count(byte) }
    }

    private mutating func count(_ byte: UInt8) {
        if expected > 0 {
            if byte >= least, byte <= most {
                expected -= 1
                (least, most) = (0x80, 0xBF)
                if expected == 0 { wellFormed += 1 }
                return
            }
            illFormed += 1
            expected = 0
            (least, most) = (0x80, 0xBF)
        }
        // > Unicode, table 3-7, Well-Formed UTF-8 Byte Sequences.
        switch byte {
        case 0x00...0x7F: return
        case 0xC2...0xDF: expected = 1
        case 0xE0: (expected, least) = (2, 0xA0)
        case 0xED: (expected, most) = (2, 0x9F)
        case 0xE1...0xEF: expected = 2
        case 0xF0: (expected, least) = (3, 0x90)
        case 0xF1...0xF3: expected = 3
        case 0xF4: (expected, most) = (3, 0x8F)
        default: illFormed += 1
        }
    }
}
