public import SyncProtocol

/// What can be searched in a record, and what it is listed under.
public enum SearchText {
    /// Every text of a record, one a line, folded.
    public static func searchable(_ fields: FieldMap, as type: RecordType) -> String {
        type.fields.filter { $0.kind == .text && $0.format != .area }
            .flatMap { fields.texts(of: $0.number) }.map(folded).joined(separator: "\n")
    }

    /// The text under which a record is listed: a name, an address, a school.
    public static func title(_ fields: FieldMap, as type: RecordType) -> String {
        type.fields.first { $0.kind == .text && $0.format == .plain && fields[$0.number] != nil }
            .flatMap { fields.text(of: $0.number) } ?? ""
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
