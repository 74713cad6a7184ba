public import SyncProtocol

/// What can be searched in a record.
public enum SearchText {
    /// Every text of a record, one a line, folded.
    public static func searchable(_ fields: FieldMap, as type: RecordType) -> String {
        var lines: [UInt8] = []
        lines.reserveCapacity(fields.bytes.count)
        var scanner = WireScanner(fields.bytes)
        while let next = try? scanner.next() {
            guard let field = type.field(next.number), field.kind == .text, field.format != .area
            else { continue }
            if !lines.isEmpty { lines.append(UInt8(ascii: "\n")) }
            append(fields.bytes[next.value], to: &lines)
        }
        return String(decoding: lines, as: UTF8.self)
    }

    /// Appends a text as it is compared: byte by byte as long as its letters let it.
    private static func append(_ text: ArraySlice<UInt8>, to lines: inout [UInt8]) {
        let start = lines.count
        for byte in text {
            switch byte {
            case _ where isFolded(byte): lines.append(byte)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): lines.append(byte | 0x20)
            default:
                lines.removeSubrange(start...)
                lines.append(contentsOf: folded(String(decoding: text, as: UTF8.self)).utf8)
                return
            }
        }
    }

    /// A text as it is compared: lower case, full-width forms made half-width.
    public static func folded(_ text: String) -> String {
        if text.utf8.allSatisfy(isFolded) { return text }
        var halves = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0xFF01...0xFF5E: halves.append(UnicodeScalar(UInt8(scalar.value - 0xFEE0)))
            case 0x3000: halves.append(" ")
            default: halves.append(scalar)
            }
        }
        return String(halves).lowercased()
    }

    /// Whether a byte belongs to a letter that folding leaves as it is: nearly all that is captured is made of Chinese
    /// characters (which begin with E4 to E9), digits and small letters.
    private static func isFolded(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): false
        case 0x00...0xBF, 0xE4...0xE9: true
        default: false
        }
    }
}
