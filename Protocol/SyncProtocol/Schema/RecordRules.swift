/// A rule that a record breaks.
public struct Violation: Hashable, Sendable {
    /// A stable name for the rule: `snake_case`.
    public var code: String
    /// The number of the field concerned.
    public var field: UInt32
    /// What is wrong and what to do, in Chinese, for coordinators and clerks.
    public var zh: String
    /// The same in English.
    public var en: String

    /// A violation.
    ///
    /// Neither sentence repeats the value.
    public init(code: String, field: UInt32, zh: String, en: String) {
        self.code = code
        self.field = field
        self.zh = zh
        self.en = en
    }
}

/// What makes a record valid, beyond the shape of its fields.
public protocol RecordRules: Sendable {
    /// The rules that a whole record breaks, the most important first.
    func violations(of fields: FieldMap, as type: RecordType) -> [Violation]

    /// What a conflict would change: the larger, the sooner a person should look [C-05].
    func impact(of conflict: Conflict, as type: RecordType) -> UInt32

    /// A collector of records that may be one and the same; `nil` where the domain knows none.
    func duplicateFinder(for type: RecordType) -> (any DuplicateFinder)?
}

extension RecordRules {
    /// None: what makes two records the same is for a domain to say.
    public func duplicateFinder(for type: RecordType) -> (any DuplicateFinder)? { nil }

    /// Identity before existence, existence before what ends or carries residence, that before the rest.
    public func impact(of conflict: Conflict, as type: RecordType) -> UInt32 {
        let fields = conflict.fields.compactMap(type.field)
        let isReviewed = fields.contains { $0.policy == .review }
        if isReviewed, !type.identityUnit.isEmpty { return 400 }
        if conflict.kind == .existence || conflict.kind == .redirect { return 300 }
        if isReviewed { return 200 }
        return fields.contains { $0.format == .phone } ? 50 : 100
    }
}

/// The rules that `records.proto` states: what is required, and what values of a format look like.
public struct SchemaRules: RecordRules {
    /// The rules of the schema.
    public init() {}

    /// Required fields that are missing, and values that are not of their format.
    public func violations(of fields: FieldMap, as type: RecordType) -> [Violation] {
        type.fields.compactMap { field in
            guard fields[field.number] != nil else {
                return field.isRequired ? missing(field) : nil
            }
            return holdsItsFormat(field, fields) ? nil : misshapen(field)
        }
    }

    private func holdsItsFormat(_ field: RecordField, _ fields: FieldMap) -> Bool {
        switch field.format {
        case .area:
            field.isSet
                ? fields.texts(of: field.number).allSatisfy { AreaCode($0) != nil }
                : AreaCode(fields.text(of: field.number) ?? "") != nil
        case .reference: fields.value(of: field.number)?.count == 16
        case .date: (1900_01_01...2199_12_31).contains(fields.number(of: field.number))
        default: true
        }
    }

    private func missing(_ field: RecordField) -> Violation {
        Violation(
            code: "\(field.name)_missing",
            field: field.number,
            zh: "缺少\(field.zh)，请补填。",
            en: "The \(field.en) is missing: fill it in."
        )
    }

    private func misshapen(_ field: RecordField) -> Violation {
        Violation(
            code: "\(field.name)_invalid",
            field: field.number,
            zh: "\(field.zh)格式不对，请改正。",
            en: "The \(field.en) is not of the right form: correct it."
        )
    }
}

extension FieldMap {
    /// The elements of a set of texts.
    public func texts(of number: UInt32) -> [String] {
        messages(of: number).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The record that a reference field refers to; `nil` where it is absent.
    public func reference(_ number: UInt32) -> RecordID? {
        value(of: number).flatMap(RecordID.init(bytes:))
    }
}
