internal import SwiftProtobuf

/// One type of record: its fields, and what is agreed about each.
///
/// There is one of each, for ever: it is handed on by reference.
public final class RecordType: Sendable {
    /// The number by which a record names its type on the wire.
    public let number: UInt32
    /// The message's name: `Person`.
    public let name: String
    /// The Chinese name: 流动人口.
    public let zh: String
    /// The English name: person.
    public let en: String
    /// The known fields, by number.
    public let fields: [RecordField]
    /// The fields that place records, in the order of their numbers.
    public let placing: [RecordField]
    /// The version of the schema that it belongs to.
    public let version: UInt32
    private let byNumber: [RecordField?]
    private let byName: [String: RecordField]

    convenience init(number: UInt32, message: Google_Protobuf_DescriptorProto, labels: EnumLabels) {
        let known = message.field.map { RecordField($0, among: message.field, labels: labels) }
        let names = message.options.Schematype
        self.init(
            number,
            (message.name, names.zh, names.en),
            known.sorted { $0.number < $1.number },
            Schema.version
        )
    }

    private init(
        _ number: UInt32,
        _ names: (name: String, zh: String, en: String),
        _ fields: [RecordField],
        _ version: UInt32
    ) {
        self.number = number
        (name, zh, en) = names
        self.version = version
        self.fields = fields
        placing = fields.filter { $0.placing != .nothing }
        var table = [RecordField?](repeating: nil, count: Int(fields.last?.number ?? 0) + 1)
        for field in fields { table[Int(field.number)] = field }
        byNumber = table
        let named = fields.flatMap { field in
            [field.zh, field.name, field.jsonName, field.en].map { ($0, field) }
        }
        byName = Dictionary(named) { first, _ in first }
    }

    /// The field with a number; `nil` for one that nobody here knows.
    public func field(_ number: UInt32) -> RecordField? {
        Int(number) < byNumber.count ? byNumber[Int(number)] : nil
    }

    /// The field with a name, in Chinese or English: 姓名, `name`, `documentNumber`, `document_number`.
    public func field(named name: some StringProtocol) -> RecordField? {
        byName[String(name)]
    }

    /// The type as it was before a field of this name, which merges by itself, was agreed.
    func former(without name: String, _ version: UInt32) -> RecordType {
        precondition(
            fields.allSatisfy { $0.name != name || $0.unit.count == 1 },
            "a group stays whole"
        )
        return RecordType(number, (self.name, zh, en), fields.filter { $0.name != name }, version)
    }

    /// The fields that merge together with one: its group, or itself alone [M-01].
    public func unit(of number: UInt32) -> [UInt32] { field(number)?.unit ?? [number] }
}

/// One field of a record type.
public final class RecordField: Sendable {
    /// What stands on the wire.
    public enum Kind: Hashable, Sendable {
        case text, bytes, number, enumeration
    }

    /// One value of an enumeration.
    public struct Value: Hashable, Sendable {
        /// The number on the wire: the code of the national standard, where there is one.
        public let number: UInt64
        /// The name in JSON: `SEX_MALE`.
        public let name: String
        /// What people read.
        public let label: Label
    }

    /// The field's number on the wire.
    public let number: UInt32
    /// The name in `records.proto`: `document_number`.
    public let name: String
    /// The name in JSON: `documentNumber`.
    public let jsonName: String
    /// The Chinese name: 证件号码.
    public let zh: String
    /// The English name: document number.
    public let en: String
    /// What stands on the wire.
    public let kind: Kind
    /// Whether a number has 64 bits.
    let isWide: Bool
    /// Whether a number may be negative.
    let isSigned: Bool
    /// Whether the field is a set of elements.
    public let isSet: Bool
    /// Whether a record must have it.
    public let isRequired: Bool
    /// How two concurrent values are decided.
    public let policy: SchemaMergePolicy
    /// The numbers of the fields that are contested together with this one, itself among them.
    public let unit: [UInt32]
    /// What the value means.
    public let format: SchemaFormat
    /// Whether it must stay out of logs and error texts.
    public let sensitivity: SchemaSensitivity
    /// The department whose value outranks others'.
    public let owner: String?
    /// What it says about where records stand.
    public let placing: SchemaPlacing
    /// The name of the type that a reference refers to.
    public let refersTo: String?
    /// The values of an enumeration.
    public let values: [Value]

    init(
        _ field: Google_Protobuf_FieldDescriptorProto,
        among siblings: [Google_Protobuf_FieldDescriptorProto],
        labels: EnumLabels
    ) {
        let rules = field.options.Schemafield
        number = UInt32(field.number)
        name = field.name
        jsonName = field.jsonName
        zh = rules.zh
        en = rules.en
        kind =
            switch field.type {
            case .string: .text
            case .bytes: .bytes
            case .enum: .enumeration
            default: .number
            }
        isWide = [.int64, .uint64, .sint64].contains(field.type)
        isSigned = [.int32, .int64, .enum].contains(field.type)
        isSet = field.label == .repeated
        isRequired = rules.required
        policy = rules.merge
        unit =
            rules.group.isEmpty
            ? [UInt32(field.number)]
            : siblings.filter { $0.options.Schemafield.group == rules.group }
                .map { UInt32($0.number) }.sorted()
        format = rules.format
        sensitivity = rules.sensitivity
        owner = rules.owner.isEmpty ? nil : rules.owner
        placing = rules.placing
        refersTo = rules.refersTo.isEmpty ? nil : rules.refersTo
        values = field.type == .enum ? labels.values(ofTypeName: field.typeName) : []
    }
}
