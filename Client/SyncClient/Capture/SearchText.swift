public import SyncProtocol

/// What can be searched in a record.
public enum SearchText {
    /// Every text of a record, one a line, folded.
    public static func searchable(_ fields: FieldMap, as type: RecordType) -> String {
        type.fields.filter { $0.kind == .text && $0.format != .area }
            .flatMap { fields.texts(of: $0.number) }.map(folded).joined(separator: "\n")
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
