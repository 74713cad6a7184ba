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
            try SQLiteTransaction(database).page(of: table, after: key, limit: limit)
        }
    }

    /// How many rows a table has.
    public func count(of table: ArchiveTable) async throws -> Int {
        try await reading { database in
            try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table.rawValue)") ?? 0
        }
    }
}

extension SQLiteTransaction {
    func rows(
        of table: ArchiveTable,
        after key: [ArchivedValue]?,
        limit: Int
    ) throws -> ArchivePage {
        try page(of: table, after: key, limit: limit, strays: true)
    }

    fileprivate func page(
        of table: ArchiveTable,
        after key: [ArchivedValue]?,
        limit: Int,
        strays: Bool = false
    ) throws -> ArchivePage {
        let source = table.source(strays: strays)
        let keys = source.keys.joined(separator: ", ")
        let marks = source.keys.map { _ in "?" }.joined(separator: ", ")
        let behind = key == nil ? "" : "WHERE (\(keys)) > (\(marks))"
        let arguments = StatementArguments((key ?? []).map(\.content))
        let found = try rows(
            "SELECT \(source.columns), \(keys) FROM \(source.tables) \(behind) ORDER BY \(keys) LIMIT ?",
            arguments + [limit]
        ).map { $0.values.map(ArchivedValue.init) }
        let width = table.columns.count
        return ArchivePage(
            table: table,
            rows: found.map { Array($0.prefix(width)) },
            next: found.count < limit ? nil : found.last.map { Array($0.dropFirst(width)) }
        )
    }

    func rows(
        of table: ArchiveTable,
        where column: String,
        isOneOf values: [ArchivedValue]
    ) throws -> [[ArchivedValue]] {
        let source = table.source(strays: true)
        return try values.flatMap { value in
            try rows(
                "SELECT \(source.columns) FROM \(source.tables) WHERE t.\(column) = ?",
                StatementArguments([value.content])
            ).map { $0.values.map(ArchivedValue.init) }
        }
    }
}

extension ArchiveTable {
    /// Where its rows come from: columns in the order of the copy, tables, and a key that orders them.
    ///
    /// A row that names a device or an area that is not there is none to copy, unless `strays` are asked for.
    fileprivate func source(
        strays: Bool = false
    ) -> (columns: String, tables: String, keys: [String]) {
        let join = strays ? "LEFT JOIN" : "JOIN"
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
            return (device(), "\(rawValue) t \(join) device d ON d.number = t.device", ["t.number"])
        case .reading:
            return (
                "a.code, d.id, t.position",
                "reading t \(join) area a ON a.number = t.area \(join) device d ON d.number = t.device",
                ["t.area", "t.device"]
            )
        case .feed:
            return (
                "a.code, t.position, coalesce(r.id, t.departed), t.departed IS NOT NULL, t.gone_at",
                "feed t \(join) area a ON a.number = t.area LEFT JOIN record r ON r.number = t.record",
                ["t.area", "t.position"]
            )
        }
    }
}

extension ArchivedValue {
    fileprivate init(_ value: Row.Value) {
        switch value {
        case .null: self = .null
        case .integer(let number): self = .int(number)
        // No column of ours is of such numbers.
        case .real: self = .null
        case .text(let text): self = .text(text)
        case .blob(let bytes): self = .bytes(bytes)
        }
    }

    fileprivate var content: Row.Value {
        switch self {
        case .null: .null
        case .int(let number): .integer(number)
        case .text(let text): .text(text)
        case .bytes(let bytes): .blob(bytes)
        }
    }
}
