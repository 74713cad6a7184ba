public import SyncProtocol

/// Fields as people type and read them: labels for enumerations, dates with hyphens, sets with commas.
public enum FieldText {
    /// A record's fields with one of them set from what somebody typed; an empty text clears it.
    ///
    /// Throws `value_invalid` where the text is no value of the field; the error does not repeat it.
    public static func set(
        _ field: RecordField,
        to text: String,
        in fields: FieldMap
    ) throws(SyncError) -> FieldMap {
        let text = text.trimmed
        guard !text.isEmpty else { return fields.clearing([field.number]) }
        guard field.isSet else { return try one(field, text, fields) }
        var elements: [ArraySlice<UInt8>] = []
        for part in text.split(whereSeparator: { ",，、;；".contains($0) }) {
            let single = try one(field, String(part).trimmed, FieldMap())
            elements += single.elements(of: field.number)
        }
        return fields.settingElements(elements, of: field.number)
    }

    /// The elements of a set with some added or removed.
    public static func change(
        _ field: RecordField,
        adding text: String,
        removing isRemoval: Bool,
        in fields: FieldMap
    ) throws(SyncError) -> FieldMap {
        let given = try set(field, to: text, in: FieldMap()).elements(of: field.number)
        let present = fields.elements(of: field.number)
        let kept = isRemoval ? present.filter { !given.contains($0) } : present + given
        return fields.settingElements(kept, of: field.number)
    }

    private static func one(
        _ field: RecordField,
        _ text: String,
        _ fields: FieldMap
    ) throws(SyncError) -> FieldMap {
        switch field.kind {
        case .enumeration:
            guard let value = field.values.first(where: { $0.isMeant(by: text) }) else {
                throw invalid(field, field.values.prefix(12).map(\.label.zh).joined(separator: "、"))
            }
            return fields.setting(varint: value.number, of: field.number)
        case .number:
            return fields.setting(varint: try number(field, text), of: field.number)
        case .bytes:
            guard field.format == .reference, let id = RecordID(text) else {
                throw invalid(field, "编号 an id")
            }
            return fields.setting(bytes: id.bytes, of: field.number)
        case .text:
            return fields.setting(text: try normalized(field, text), of: field.number)
        }
    }

    private static func number(
        _ field: RecordField,
        _ text: String
    ) throws(SyncError) -> UInt64 {
        if field.format == .date {
            guard let date = CalendarDate.parse(text) else { throw invalid(field, "2026-04-12") }
            return UInt64(date.rawValue)
        }
        if field.format == .instant {
            guard let instant = Instant.parse(text) else {
                throw invalid(field, "2026-04-12 14:30")
            }
            return UInt64(clamping: instant)
        }
        guard let number = UInt64(text.filter { $0 != "-" }) else { throw invalid(field, "202604") }
        return number
    }

    private static func normalized(
        _ field: RecordField,
        _ text: String
    ) throws(SyncError) -> String {
        switch field.format {
        case .phone:
            guard let phone = PhoneNumber.normalized(text) else {
                throw invalid(field, "13800000000, 0580-2020202")
            }
            return phone
        case .area:
            guard AreaCode(text) != nil else { throw invalid(field, "330921101") }
            return text
        case .identityNumber: return text.halfWidth.uppercased().filter { !" -".contains($0) }
        default: return text
        }
    }

    private static func invalid(_ field: RecordField, _ example: String) -> SyncError {
        SyncError(
            "value_invalid",
            "\(field.zh)的内容不对 This is no value of \(field.en)",
            hint: "例如 for example: \(example)",
            subject: field.name
        )
    }

    /// A field's value as people read it; `nil` where it is absent.
    public static func shown(
        _ field: RecordField,
        in fields: FieldMap,
        inChinese: Bool
    ) -> String? {
        guard fields[field.number] != nil else { return nil }
        switch field.kind {
        case .text: return fields.texts(of: field.number).joined(separator: inChinese ? "、" : ", ")
        case .bytes:
            return field.format == .reference
                ? fields.reference(field.number)?.description
                : "\(fields.elements(of: field.number).count)"
        case .enumeration, .number:
            let numbers = fields.varints(of: field.number)
            return numbers.map { shown($0, field, inChinese) }
                .joined(separator: inChinese ? "、" : ", ")
        }
    }

    private static func shown(_ number: UInt64, _ field: RecordField, _ inChinese: Bool) -> String {
        if let value = field.values.first(where: { $0.number == number }) {
            return inChinese ? value.label.zh : value.label.en
        }
        if field.format == .instant { return Instant.text(Int64(clamping: number)) }
        if field.format == .date {
            return CalendarDate(rawValue: Int32(clamping: number))?.description ?? String(number)
        }
        return String(number)
    }
}

extension RecordField.Value {
    /// Whether somebody who typed this means this value.
    fileprivate func isMeant(by text: String) -> Bool {
        text == label.zh || text.lowercased() == label.en.lowercased() || text == name
            || UInt64(text) == number || label.zh.dropLast() == text[...]
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }

    /// Full-width letters and digits as half-width ones.
    fileprivate var halfWidth: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { scalar in
                    (0xFF01...0xFF5E).contains(scalar.value)
                        ? UnicodeScalar(UInt8(scalar.value - 0xFEE0)) : scalar
                }
            )
        )
    }
}
