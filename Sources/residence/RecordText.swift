internal import Foundation
internal import ResidenceDomain
internal import SyncClient
internal import SyncProtocol
internal import Terminal

/// Records as this program prints them.
struct RecordText {
    let client: ResidenceClient
    let schema = Schema.current

    /// The type that somebody named, in Chinese or English.
    static func type(named name: String) throws -> RecordType {
        let spoken = ["人员": "流动人口", "登记": "居住登记", "房屋": "住所"][name] ?? name
        guard let type = Schema.current.type(named: spoken) else {
            let names = Schema.current.types.map { "\($0.name.lowercased()) \($0.zh)" }
            throw SyncError(
                "type_unknown",
                "没有这种记录：\(name) There is no record type of this name",
                hint: names.joined(separator: "、"),
                subject: "TYPE"
            )
        }
        return type
    }

    /// Records side by side, one a line.
    func table(_ records: [LocalRecord], of type: RecordType) async throws -> String {
        let fields = Self.columns(of: type)
        var table = Table(
            [say("编号", "id")] + fields.map { say($0.zh, $0.en) } + [say("状态", "state")]
        )
        for record in records {
            var cells = [String(record.id.description.prefix(13))]
            for field in fields { cells.append(try await shown(field, of: record) ?? "") }
            table.add(cells + [state(of: record)])
        }
        return table.text
    }

    /// The fields that tell records of a type apart, few enough for a line.
    private static func columns(of type: RecordType) -> [RecordField] {
        let wanted: [String: [String]] = [
            "Person": ["name", "sex", "document_number", "phones"],
            "Dwelling": ["address", "area", "village", "kind"],
            "Registration": ["person", "dwelling", "reported_on", "ended_on"],
        ]
        let names = wanted[type.name] ?? type.fields.filter(\.isRequired).map(\.name)
        return names.compactMap { type.field(named: $0) }
    }

    /// One record, a field a line.
    func sheet(_ record: LocalRecord) async throws -> String {
        guard let type = schema.type(record.type) else { return record.id.description }
        var table = Table([say(type.zh, type.en), record.id.description])
        for field in type.fields {
            guard let text = try await shown(field, of: record) else { continue }
            table.add([say(field.zh, field.en), text])
        }
        if let target = record.redirect {
            table.add([say("并入", "is"), target.description])
        }
        table.add([say("版本", "revision"), revision(of: record)])
        table.add([say("状态", "state"), state(of: record)])
        return table.text
    }

    /// A field's value; for a reference, what the record referred to is called.
    private func shown(_ field: RecordField, of record: LocalRecord) async throws -> String? {
        guard let fields = record.visible else { return nil }
        if let target = fields.reference(field.number), field.format == .reference,
            let found = try await client.record(target),
            let visible = try await seen(found), let type = schema.type(found.type)
        {
            return type.title(of: visible) ?? ""
        }
        return FieldText.shown(field, in: fields, inChinese: Language.current == .zh)
    }

    /// What a record says; of one that was found to be another one, what that says.
    private func seen(_ record: LocalRecord) async throws -> FieldMap? {
        if let visible = record.visible { return visible }
        guard let target = record.redirect else { return nil }
        return try await client.record(target)?.visible
    }

    private func revision(of record: LocalRecord) -> String {
        record.acknowledged.map { String($0.base.revision.rawValue) } ?? "–"
    }

    private func state(of record: LocalRecord) -> String {
        if record.returned > 0 { return say("退回", "returned") }
        if record.pending > 0 { return say("待同步", "pending") }
        if record.redirect != nil { return say("已并入", "found to be another one") }
        if record.visible == nil { return say("已删除", "deleted") }
        return say("已同步", "synced")
    }
}

/// A record as scripts read it.
struct RecordDocument: Encodable {
    var id: String
    var type: String
    var revision: UInt64
    var areas: [String]
    var pending: Int
    var returned: Int
    var fields: [String: FieldValue]
    var conflicts: Int?

    /// One value or many.
    enum FieldValue: Encodable {
        case text(String)
        case number(UInt64)
        case texts([String])
        case numbers([UInt64])

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            case .texts(let texts): try container.encode(texts)
            case .numbers(let numbers): try container.encode(numbers)
            }
        }
    }

    init(_ record: LocalRecord, conflicts: Int? = nil) {
        let type = Schema.current.type(record.type)
        id = record.id.description
        self.type = type?.name ?? String(record.type)
        revision = record.acknowledged?.base.revision.rawValue ?? 0
        areas = record.areas.map(\.rawValue).sorted()
        pending = record.pending
        returned = record.returned
        self.conflicts = conflicts
        fields = [:]
        guard let type, let visible = record.visible else { return }
        for field in type.fields where visible[field.number] != nil {
            fields[field.name] = Self.value(of: field, in: visible)
        }
    }

    private static func value(of field: RecordField, in fields: FieldMap) -> FieldValue? {
        switch field.kind {
        case .text:
            let texts = fields.texts(of: field.number)
            return field.isSet ? .texts(texts) : .text(texts.first ?? "")
        case .bytes where field.format == .reference:
            return fields.reference(field.number).map { .text($0.description) }
        case .bytes:
            return .number(UInt64(fields.elements(of: field.number).count))
        case .enumeration:
            let names = fields.varints(of: field.number).map { number in
                field.values.first { $0.number == number }?.label.zh ?? String(number)
            }
            return field.isSet ? .texts(names) : names.first.map { .text($0) }
        case .number:
            let shown = FieldText.shown(field, in: fields, inChinese: true) ?? ""
            if field.format == .date { return .text(shown) }
            let numbers = fields.varints(of: field.number)
            return field.isSet ? .numbers(numbers) : numbers.first.map { .number($0) }
        }
    }
}
