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
        let halves = text.unicodeScalars.map { scalar in
            switch scalar.value {
            case 0xFF01...0xFF5E: Character(UnicodeScalar(UInt8(scalar.value - 0xFEE0)))
            case 0x3000: " " as Character
            default: Character(scalar)
            }
        }
        return String(halves).lowercased()
    }
}
