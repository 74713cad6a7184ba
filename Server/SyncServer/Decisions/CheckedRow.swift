internal import SyncProtocol

/// A row as it stands, by the names of its columns: whatever stands there, asking for it stops nobody.
struct CheckedRow {
    let table: ArchiveTable
    private let values: [ArchivedValue]

    init(_ table: ArchiveTable, _ values: [ArchivedValue]) {
        (self.table, self.values) = (table, values)
    }

    /// Where each table has its columns.
    private static let indices = Dictionary(
        uniqueKeysWithValues: ArchiveTable.allCases.map { table in
            let pairs = table.columns.enumerated().map { ($0.element.name, $0.offset) }
            return (table, Dictionary(uniqueKeysWithValues: pairs))
        }
    )

    subscript(name: String) -> ArchivedValue {
        guard let index = Self.indices[table]?[name], index < values.count else { return .null }
        return values[index]
    }

    func int(_ name: String) -> Int64? {
        if case .int(let number) = self[name] { number } else { nil }
    }

    /// A number that is never below zero; none where nothing stands there.
    func unsigned(_ name: String) -> UInt64 { UInt64(bitPattern: int(name) ?? 0) }

    func isTrue(_ name: String) -> Bool { (int(name) ?? 0) != 0 }

    func text(_ name: String) -> String? {
        if case .text(let text) = self[name] { text } else { nil }
    }

    /// Bytes; none where nothing stands there.
    func bytes(_ name: String) -> [UInt8] {
        if case .bytes(let bytes) = self[name] { bytes } else { [] }
    }

    func isEmpty(_ name: String) -> Bool { self[name] == .null }

    func record(_ name: String) -> RecordID? { RecordID(bytes: bytes(name)) }

    func device(_ name: String) -> DeviceID? { DeviceID(bytes: bytes(name)) }

    /// What a person looks for it by; nothing of what it says.
    var place: String {
        let name = table.rawValue
        return switch table {
        case .device: "\(name) \(text("name") ?? "?")"
        case .enrolment: "\(name) \(bytes("code_hash").prefix(4).hexadecimal)"
        case .record: "\(name) \(told("id"))"
        case .reference: "\(name) \(told("source")) → \(told("target"))"
        case .follower: "\(name) \(told("source")) → \(told("former"))"
        case .area: "\(name) \(text("code") ?? "?")"
        case .feed: "\(name) \(text("area") ?? "?") #\(unsigned("position"))"
        case .effect: "\(name) \(told("record")) #\(unsigned("revision"))"
        case .reading: "\(name) \(text("area") ?? "?")"
        case .change, .conflict, .settlement, .access: "\(name) \(unsigned("number"))"
        case .setting: "\(name) \(text("key") ?? "?")"
        }
    }

    private func told(_ name: String) -> String { record(name)?.description ?? "?" }

    /// The columns whose contents no column of their kind can have.
    var misshapenColumns: [String] {
        table.columns.compactMap { column in
            switch column {
            case .id(let name):
                isEmpty(name) || bytes(name).count == 16 ? nil : name
            case .int(let name) where Self.small.contains(name):
                isEmpty(name) || UInt32(exactly: int(name) ?? -1) != nil ? nil : name
            case .int(let name) where Self.counts.contains(name):
                (int(name) ?? -1) < 0 ? name : nil
            default: nil
            }
        }
    }

    /// Numbers of types, fields and kinds, and how much a conflict weighs.
    private static let small: Set = ["type", "field", "kind", "impact"]
    /// What is counted from 0 or 1, wherever it stands.
    private static let counts: Set = [
        "revision", "position", "head", "pruned", "sequence", "open_conflicts", "high_water",
        "epoch", "records",
    ]
}

extension [CheckedRow] {
    /// Every row by what one of its columns says.
    func grouped(by name: String) -> [ArchivedValue: [CheckedRow]] {
        Dictionary(grouping: self) { $0[name] }
    }

    /// One row for each thing that a column says.
    func keyed(by name: String) -> [ArchivedValue: CheckedRow] {
        Dictionary(map { ($0[name], $0) }) { first, _ in first }
    }
}
