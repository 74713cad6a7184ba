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
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            if isFolded(byte) {
                lines.append(byte)
                index += 1
            } else if let small = small(byte) {
                lines.append(small)
                index += 1
            } else if append(sign: text[index...].prefix(3), to: &lines) {
                index += 3
            } else {
                lines.removeSubrange(start...)
                lines.append(contentsOf: folded(String(decoding: text, as: UTF8.self)).utf8)
                return
            }
        }
    }

    /// The small letter of a capital one, A to Z.
    private static func small(_ byte: UInt8) -> UInt8? {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : nil
    }

    /// Appends a sign of three bytes as it is compared, where that is seen from its bytes: one of full width, or of
    /// those between Chinese characters, which have no other case.
    private static func append(sign: ArraySlice<UInt8>, to lines: inout [UInt8]) -> Bool {
        let (first, rest) = (sign[sign.startIndex], sign.dropFirst())
        guard let second = rest.first, let third = rest.dropFirst().first,
            (0x80...0xBF).contains(second), (0x80...0xBF).contains(third)
        else { return false }
        switch (first, second, third) {
        case (0xEF, 0xBC, 0x81...):
            let half = third - 0x60
            lines.append(small(half) ?? half)
        case (0xEF, 0xBD, 0x80...0x9E): lines.append(third - 0x20)
        case (0xE3, 0x80, 0x80): lines.append(UInt8(ascii: " "))
        case (0xE3, 0x80, _), (0xE2, 0x80, _): lines.append(contentsOf: sign)
        default: return false
        }
        return true
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
