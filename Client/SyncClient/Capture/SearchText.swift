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
}
