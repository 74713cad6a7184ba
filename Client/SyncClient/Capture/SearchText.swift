public import SyncProtocol

/// What can be searched in a record.
public enum SearchText {
    /// Every text of a record, one a line, folded.
    public static func searchable(_ fields: FieldMap, as type: RecordType) -> String {
        var lines: [String] = []
        for field in type.fields where field.kind == .text && field.format != .area {
            for text in fields.texts(of: field.number) { lines.append(folded(text)) }
        }
        return lines.joined(separator: "\n")
    }

    /// A text as it is compared: lower case, full-width forms made half-width.
    public static func folded(_ text: String) -> String {
        if text.utf8.allSatisfy(isFolded) { return text }
        return foldedByBytes(text) ?? foldedByScalars(text)
    }

    private static func foldedByScalars(_ text: String) -> String {
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

    /// The same without Unicode's tables, of what is written in Chinese: with full-width commas and brackets among
    /// characters, digits and Latin letters. `nil` where it has other letters.
    private static func foldedByBytes(_ text: String) -> String? {
        var folded: [UInt8] = []
        folded.reserveCapacity(text.utf8.count)
        var bytes = text.utf8.makeIterator()
        while let first = bytes.next() {
            guard first > 0x7F else {
                folded.append(lowercased(first))
                continue
            }
            // Three bytes each: U+3000 to U+9FFF, and the forms at the end of the plane.
            guard (0xE3...0xE9).contains(first) || first == 0xEF, let second = bytes.next(),
                let third = bytes.next()
            else { return nil }
            let scalar =
                UInt32(first & 0x0F) << 12 | UInt32(second & 0x3F) << 6 | UInt32(third & 0x3F)
            switch scalar {
            case 0xFF01...0xFF5E: folded.append(lowercased(UInt8(scalar - 0xFEE0)))
            case 0x3000: folded.append(UInt8(ascii: " "))
            case 0x3001...0x9FFF: folded += [first, second, third]
            default: return nil
            }
        }
        return String(decoding: folded, as: UTF8.self)
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
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
