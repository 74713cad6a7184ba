public import SyncProtocol

/// Fills in what follows from what was typed, so that nobody types it twice.
public struct Completion: Sendable {
    private let areas: [AreaCode]

    /// For a device that holds these areas.
    public init(areas: [AreaCode]) { self.areas = areas }

    /// A new record's fields with what they imply: the document's kind, sex and birth date of a
    /// person from the identity number, where it was captured, the area of a dwelling.
    public func complete(_ fields: FieldMap, as type: RecordType) -> FieldMap {
        switch type.name {
        case "Person": person(fields, type)
        case "Dwelling": filling("area", with: areas.first?.rawValue, in: fields, type)
        default: fields
        }
    }

    private func person(_ fields: FieldMap, _ type: RecordType) -> FieldMap {
        var person = (try? Person(fields)) ?? Person()
        if person.documentType == .unspecified { person.documentType = .residentID }
        if let kind = DocumentKind(rawValue: person.documentType.rawValue),
            let number = try? DocumentNumber.normalized(person.documentNumber, kind: kind)
        {
            let facts = DocumentFacts(number: number, kind: kind)
            person.documentNumber = number
            if person.sex == .unspecified, let sex = facts.sex {
                person.sex = .init(rawValue: sex.rawValue) ?? .unspecified
            }
            if person.birthDate == 0 { person.birthDate = facts.birthDate?.rawValue ?? 0 }
        }
        if person.capturedIn.isEmpty { person.capturedIn = areas.prefix(1).map(\.rawValue) }
        return person.fieldMap
    }

    private func filling(
        _ name: String,
        with text: String?,
        in fields: FieldMap,
        _ type: RecordType
    ) -> FieldMap {
        guard let field = type.field(named: name), fields[field.number] == nil, let text else {
            return fields
        }
        return fields.setting(text: text, of: field.number)
    }
}
