internal import ResidenceDomain
public import SyncProtocol

/// `field=value …` as it was typed.
public struct Assignments: Sendable {
    private let pairs: [(name: String, sign: Character, text: String)]

    /// Assignments from arguments.
    ///
    /// Throws `assignment_malformed`.
    public init(_ arguments: [String]) throws {
        pairs = try arguments.map { argument in
            guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else {
                throw SyncError(
                    "assignment_malformed",
                    "应写作 字段=内容：\(argument.prefix(20)) This is not FIELD=VALUE",
                    hint: "姓名=张三 name=…, 联系电话+=138… adds, 联系电话-=138… removes."
                )
            }
            var name = argument[..<equals]
            let last = name.last ?? "="
            let isSigned = last == "+" || last == "-"
            if isSigned { name = name.dropLast() }
            return (
                String(name), isSigned ? last : "=",
                String(argument[argument.index(after: equals)...])
            )
        }
    }

    /// The names of the fields that are set to nothing.
    public var emptied: [String] {
        pairs.filter { $0.sign == "=" && $0.text.allSatisfy(\.isWhitespace) }.map(\.name)
    }

    /// The fields after all the assignments.
    ///
    /// Throws `field_unknown`, and `value_invalid` where a text is no value of its field.
    public func applied(
        to fields: FieldMap,
        as type: RecordType
    ) throws -> FieldMap {
        try pairs.reduce(fields) { fields, pair in
            guard let field = type.field(named: pair.name) else {
                throw SyncError(
                    "field_unknown",
                    "\(type.zh)没有“\(pair.name)”这个字段 \(type.name) has no such field",
                    hint: type.fields.map { "\($0.name) \($0.zh)" }.joined(separator: "、"),
                    subject: pair.name
                )
            }
            if field.isSet, pair.sign != "=" {
                return try FieldText.change(
                    field,
                    adding: pair.text,
                    removing: pair.sign == "-",
                    in: fields
                )
            }
            return try FieldText.set(field, to: pair.text, in: fields)
        }
    }
}
