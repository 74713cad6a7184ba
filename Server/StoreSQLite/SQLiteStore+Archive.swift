internal import Foundation
internal import GRDB
internal import SQLiteRows
public import SyncServer

extension SQLiteStore {
    /// The rows of a table behind a key, for a copy in another store.
    public func page(
        of table: ArchiveTable,
        after key: [ArchivedValue]?,
        limit: Int
    ) async throws -> ArchivePage {
        try await reading { database in
            let source = table.source
            let keys = source.keys.joined(separator: ", ")
            let marks = source.keys.map { _ in "?" }.joined(separator: ", ")
            let behind = key == nil ? "" : "WHERE (\(keys)) > (\(marks))"
            let found = try GRDB.Row.fetchAll(
                database,
                sql: """
                    SELECT \(source.columns), \(keys) FROM \(source.tables) \(behind)
                    ORDER BY \(keys) LIMIT ?
                    """,
                arguments: GRDB.StatementArguments((key ?? []).map(\.database)) + [limit]
            )
            let width = table.columns.count
            let rows = found.map { row in (0..<width).map { ArchivedValue(row[$0]) } }
            let next = found.count < limit ? nil : found.last
            return ArchivePage(
                table: table,
                rows: rows,
                next: next.map { row in source.keys.indices.map { ArchivedValue(row[width + $0]) } }
            )
        }
    }

    /// How many rows a table has.
    public func count(of table: ArchiveTable) async throws -> Int {
        try await reading { database in
            try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table.rawValue)") ?? 0
        }
    }
}

extension ArchiveTable {
    /// Where its rows come from: columns in the order of the copy, tables, and a key that orders them.
    fileprivate var source: (columns: String, tables: String, keys: [String]) {
        let names = columns.map(\.name)
        let own = names.map { "t.\($0)" }.joined(separator: ", ")
        /// The device's id in the place of its number.
        func device(_ name: String = "device") -> String {
            names.map { $0 == name ? "d.id" : "t.\($0)" }.joined(separator: ", ")
        }
        switch self {
        case .setting: return (own, "setting t", ["t.key"])
        case .enrolment: return (own, "enrolment t", ["t.code_hash"])
        case .device, .record, .area, .conflict, .access:
            return (own, "\(rawValue) t", ["t.number"])
        case .reference: return (own, "reference t", ["t.target", "t.source", "t.field"])
        case .follower: return (own, "follower t", ["t.former", "t.source", "t.field"])
        case .effect: return (own, "effect t", ["t.record", "t.revision", "t.change"])
        case .change, .settlement:
            return (device(), "\(rawValue) t JOIN device d ON d.number = t.device", ["t.number"])
        case .reading:
            return (
                "a.code, d.id, t.position",
                "reading t JOIN area a ON a.number = t.area JOIN device d ON d.number = t.device",
                ["t.area", "t.device"]
            )
        case .feed:
            return (
                "a.code, t.position, coalesce(r.id, t.departed), t.departed IS NOT NULL, t.gone_at",
                "feed t JOIN area a ON a.number = t.area LEFT JOIN record r ON r.number = t.record",
                ["t.area", "t.position"]
            )
        }
    }
}

extension ArchivedValue {
    fileprivate init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let number): self = .int(number)
        case .double(let number): self = .int(Int64(number))
        case .string(let text): self = .text(text)
        case .blob(let data): self = .bytes(Array(data))
        }
    }

    fileprivate var database: DatabaseValue {
        switch self {
        case .null: .null
        case .int(let number): number.databaseValue
        case .text(let text): text.databaseValue
        case .bytes(let bytes): Data(bytes).databaseValue
        }
    }
}
