public import SyncProtocol

/// What makes a record valid here: the schema's rules, and those that look at what values mean.
///
/// The device judges a capture by them before it keeps it, the server before it applies it.
public struct ResidenceRules: RecordRules {
    private let schema = SchemaRules()

    /// The rules.
    public init() {}

    /// The rules that a record breaks, the most important first.
    public func violations(of fields: FieldMap, as type: RecordType) -> [Violation] {
        let shape = schema.violations(of: fields, as: type)
        let meaning = Self.rules[type.name].map { $0(FieldReader(fields, type)) } ?? []
        return shape + meaning + dates(fields, type) + phones(fields, type)
    }

    /// Finds people who may have been registered twice; of other records none are known.
    public func duplicateFinder(for type: RecordType) -> (any DuplicateFinder)? {
        guard type.name == "Person" else { return nil }
        return PersonDuplicates()
    }

    private static let rules: [String: @Sendable (FieldReader) -> [Violation]] = [
        "Person": person, "Registration": registration, "Employment": period, "Schooling": period,
    ]

    private static func person(_ person: FieldReader) -> [Violation] {
        guard let number = person.text("document_number"),
            let kind = DocumentKind(rawValue: Int(clamping: person.number("document_type")))
        else { return [] }
        do throws(DocumentNumber.Flaw) {
            guard try DocumentNumber.normalized(number, kind: kind) == number else {
                return [
                    person.violation(
                        "document_number_not_normalized",
                        "document_number",
                        "证件号码请用半角字符、大写字母，不带空格。",
                        "Write the document number in half-width capitals, without blanks."
                    )
                ]
            }
        } catch {
            return [
                person.violation(
                    error.code,
                    "document_number",
                    "证件号码有误，请对照证件核对。",
                    "The document number is wrong: check it against the document."
                )
            ]
        }
        return facts(of: person, DocumentFacts(number: number, kind: kind))
    }

    private static func facts(of person: FieldReader, _ facts: DocumentFacts) -> [Violation] {
        var violations: [Violation] = []
        if facts.contradict(sex: Sex(rawValue: Int(clamping: person.number("sex")))) {
            violations.append(
                person.violation(
                    "sex_contradicts_id",
                    "sex",
                    "性别与身份证号码不符，请核对两者。",
                    "The sex contradicts the identity number: check both."
                )
            )
        }
        if let born = person.date("birth_date"), facts.contradict(birthDate: born) {
            violations.append(
                person.violation(
                    "birth_date_contradicts_id",
                    "birth_date",
                    "出生日期与身份证号码不符，请核对两者。",
                    "The birth date contradicts the identity number: check both."
                )
            )
        }
        return violations
    }

    private static func registration(_ registration: FieldReader) -> [Violation] {
        registration.inOrder(
            "arrived_on",
            "reported_on",
            code: "reported_before_arrival",
            "申报日期早于来本地日期，请核对。",
            "The day of reporting is before the day of arrival: check both."
        )
            + registration.inOrder(
                "lease_from",
                "lease_until",
                code: "lease_ends_before_it_begins",
                "租期止早于租期起，请核对。",
                "The lease ends before it begins: check both days."
            )
            + registration.inOrder(
                "arrived_on",
                "ended_on",
                code: "ended_before_arrival",
                "注销日期早于来本地日期，请核对。",
                "The registration ends before the arrival: check both days."
            )
    }

    private static func period(_ period: FieldReader) -> [Violation] {
        period.inOrder(
            "started_on",
            "until_on",
            code: "ends_before_it_begins",
            "结束日期早于开始日期，请核对。",
            "It ends before it begins: check both days."
        )
    }

    private func dates(_ fields: FieldMap, _ type: RecordType) -> [Violation] {
        type.fields.filter { $0.format == .date && fields[$0.number] != nil }.compactMap { field in
            let number = Int32(clamping: fields.number(of: field.number))
            guard CalendarDate(rawValue: number) == nil else { return nil }
            return Violation(
                code: "date_invalid",
                field: field.number,
                zh: "\(field.zh)不是有效的日期，请核对。",
                en: "The \(field.en) is no day of the calendar: check it."
            )
        }
    }

    private func phones(_ fields: FieldMap, _ type: RecordType) -> [Violation] {
        type.fields.filter { $0.format == .phone }.compactMap { field in
            let isValid = fields.texts(of: field.number)
                .allSatisfy { PhoneNumber.normalized($0) == $0 }
            guard !isValid else { return nil }
            return Violation(
                code: "phone_invalid",
                field: field.number,
                zh: "\(field.zh)有误：手机号应为11位，固定电话应带区号。",
                en: "The \(field.en) is wrong: 11 digits, or a landline with its area code."
            )
        }
    }
}

/// Reads a record's fields by their names, for rules that a person can read.
struct FieldReader {
    private let fields: FieldMap
    private let type: RecordType

    init(_ fields: FieldMap, _ type: RecordType) {
        self.fields = fields
        self.type = type
    }

    func text(_ name: String) -> String? {
        type.field(named: name).flatMap { fields.text(of: $0.number) }
    }

    func number(_ name: String) -> UInt64 {
        type.field(named: name).map { fields.number(of: $0.number) } ?? 0
    }

    func date(_ name: String) -> CalendarDate? {
        CalendarDate(rawValue: Int32(clamping: number(name)))
    }

    /// A violation where the second of two dates lies before the first.
    func inOrder(
        _ first: String,
        _ second: String,
        code: String,
        _ zh: String,
        _ en: String
    ) -> [Violation] {
        guard let first = date(first), let later = date(second), later < first else { return [] }
        return [violation(code, second, zh, en)]
    }

    func violation(_ code: String, _ name: String, _ zh: String, _ en: String) -> Violation {
        Violation(code: code, field: type.field(named: name)?.number ?? 0, zh: zh, en: en)
    }
}
