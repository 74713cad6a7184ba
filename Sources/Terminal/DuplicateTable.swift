internal import ResidenceDomain
public import SyncProtocol

/// Records that may be the same, each pair on two lines under one another.
public struct DuplicateTable {
    private static let fields = ["name", "document_number", "birth_date", "phones"]

    private var table: Table
    private var count = 0

    /// A table of people without a line.
    public init() {
        let columns = Self.fields.compactMap { Person.recordType.field(named: $0) }
        table = Table(
            [say("对", "pair"), say("编号", "id")] + columns.map { say($0.zh, $0.en) }
                + [say("为何疑似", "why")]
        )
    }

    /// Adds a pair: each record's id, and what it says.
    public mutating func add(
        _ pair: DuplicatePair,
        _ first: (id: RecordID, fields: FieldMap),
        _ second: (id: RecordID, fields: FieldMap)
    ) {
        count += 1
        let why = DuplicatePair.Reason.allCases.filter(pair.reasons.contains).map(Self.words)
        table.add(cells(first, number: String(count), why: why.joined(separator: say("、", ", "))))
        table.add(cells(second, number: "", why: ""))
    }

    /// The table as lines of text.
    public var text: String { table.text }

    private func cells(
        _ record: (id: RecordID, fields: FieldMap),
        number: String,
        why: String
    ) -> [String] {
        let isChinese = Language.current == .zh
        let shown = Self.fields.compactMap { Person.recordType.field(named: $0) }.map { field in
            FieldText.shown(field, in: record.fields, inChinese: isChinese) ?? ""
        }
        return [number, String(record.id.description.prefix(13))] + shown + [why]
    }

    private static func words(_ reason: DuplicatePair.Reason) -> String {
        switch reason {
        case .documentNumber: say("证件号码相近", "near document numbers")
        case .nameAndBirthDate: say("姓名与出生日期相同", "same name and birth date")
        case .phone: say("电话相同", "same phone")
        }
    }
}
