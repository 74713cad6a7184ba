internal import Foundation
internal import SyncProtocol
public import SyncServer

extension PostgresStore {
    /// How far a copy from another store has come.
    public struct CopyState: Sendable {
        /// Tables that are there whole.
        public var done: Set<ArchiveTable> = []
        /// The key of the last row of those that are not.
        public var keys: [ArchiveTable: [ArchivedValue]] = [:]
        /// How many rows are there.
        public var rows = 0
    }

    /// Begins a copy into an empty database, or goes on with one that was cut off.
    ///
    /// As long as it is not finished, nobody can serve the database: it has no epoch that can be read. Throws
    /// `database_exists` where there is a deployment already.
    public func beginCopy() async throws -> CopyState {
        try await perform { connection in
            try PostgresTransaction.run(on: connection, isWriting: true) { transaction in
                let isGoingOn = try transaction.rows("SELECT to_regclass('copying') IS NOT NULL")
                guard isGoingOn.first?.bool(0) != true else {
                    return try Self.state(in: transaction)
                }
                let isEmpty = try transaction.rows(
                    "SELECT NOT EXISTS (SELECT 1 FROM setting) AND NOT EXISTS (SELECT 1 FROM change)"
                )
                guard isEmpty.first?.bool(0) == true else {
                    throw SyncError(
                        "database_exists",
                        "目标数据库中已有数据 There is a deployment in that database already",
                        hint: "请用一个空的数据库。 Copy into an empty one.",
                        subject: "--to"
                    )
                }
                transaction.queue(
                    """
                    CREATE TABLE copying (
                        name text PRIMARY KEY, key text, done boolean NOT NULL, rows bigint NOT NULL
                    )
                    """
                )
                transaction.queue("INSERT INTO setting (key, value) VALUES ('epoch', '')")
                return CopyState()
            }
        }
    }

    private static func state(in transaction: PostgresTransaction) throws -> CopyState {
        var state = CopyState()
        let found = try transaction.rows("SELECT name, key, done, rows FROM copying")
        for row in found.map({ $0 }) {
            guard let table = ArchiveTable(rawValue: row.text(0)) else { continue }
            state.rows += Int(row.int(3) ?? 0)
            if row.bool(2) { state.done.insert(table) }
            if let key = row.optionalBytes(1) {
                state.keys[table] = try JSONDecoder().decode([ArchivedValue].self, from: Data(key))
            }
        }
        return state
    }

    /// Takes a page of a copy, and notes how far it has come: both or neither.
    public func take(_ page: ArchivePage) async throws {
        let key = try page.next.map {
            String(decoding: try JSONEncoder().encode($0), as: UTF8.self)
        }
        try await perform { connection in
            try PostgresTransaction.run(on: connection, isWriting: true) { transaction in
                transaction.insert(page)
                transaction.queue(
                    """
                    INSERT INTO copying (name, key, done, rows) VALUES ($1, $2, $3, $4)
                    ON CONFLICT (name) DO UPDATE SET
                        key = excluded.key, done = excluded.done, rows = copying.rows + excluded.rows
                    """,
                    .text(page.table.rawValue),
                    .text(key),
                    .bool(page.next == nil),
                    .int(page.rows.count)
                )
                if page.next == nil, page.table == .setting { transaction.finishCopy() }
            }
        }
    }

    /// Says to the database how much there is now, for its plans.
    public func analyze() async throws {
        try await perform { try $0.executeSlowly("ANALYZE") }
    }

    /// How many rows a table has.
    public func count(of table: ArchiveTable) async throws -> Int {
        try await perform { connection in
            try PostgresTransaction.run(on: connection, isWriting: false) { transaction in
                let found = try transaction.rows("SELECT count(*) FROM \(table.rawValue)")
                return Int(found.first?.int(0) ?? 0)
            }
        }
    }
}

extension PostgresTransaction {
    fileprivate func insert(_ page: ArchivePage) {
        guard !page.rows.isEmpty else { return }
        let columns = page.table.columns
        let names = columns.map(\.name).joined(separator: ", ")
        let marks = columns.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        let values = columns.enumerated().map { index, column -> Parameter in
            let values = page.rows.map { $0[index] }
            return switch column {
            case .int: .ints(values.map(\.int))
            case .truth: .bools(values.map { $0.int == 1 })
            case .text: .texts(values.map(\.text))
            case .bytes: .byteses(values.map(\.bytes))
            case .id: .records(values.map { $0.bytes.flatMap { RecordID(bytes: $0) } })
            }
        }
        // The mark that nobody may serve it is what the settings replace.
        let replacing =
            page.table == .setting ? "(key) DO UPDATE SET value = excluded.value" : "DO NOTHING"
        queue(
            """
            INSERT INTO \(page.table.rawValue) (\(names)) SELECT * FROM unnest(\(marks))
            ON CONFLICT \(replacing)
            """,
            values
        )
    }

    /// Goes on counting where the other store stood.
    fileprivate func finishCopy() {
        queue("SELECT setval('change_number', max(number)) FROM change HAVING max(number) > 0")
        for table in ["device", "conflict", "settlement"] {
            queue(
                """
                SELECT setval(pg_get_serial_sequence('\(table)', 'number'), max(number)) FROM \(table)
                HAVING max(number) > 0
                """
            )
        }
        queue("DROP TABLE copying")
    }
}

extension PostgresTransaction {
    func rows(
        of table: ArchiveTable,
        after key: [ArchivedValue]?,
        limit: Int
    ) throws -> ArchivePage {
        let names = table.keys
        let (keys, marks) = (names.joined(separator: ", "), names.indices.map { "$\($0 + 2)" })
        var (conditions, parameters) = ([table.condition], [Parameter.int(limit)])
        if let key {
            conditions.append("(\(keys)) > (\(marks.joined(separator: ", ")))")
            parameters += zip(names, key).map { table.parameter($0, $1) }
        }
        let select = Statement(
            """
            SELECT \(table.selected) FROM \(table.rawValue)
            WHERE \(conditions.joined(separator: " AND ")) ORDER BY \(keys) LIMIT $1
            """,
            parameters
        )
        let found = try ask([select])[0].map { table.values(of: $0) }
        let places = names.compactMap { name in
            table.columns.firstIndex { $0.name == name }
        }
        let next = found.count < limit ? nil : found.last.map { last in places.map { last[$0] } }
        return ArchivePage(table: table, rows: found, next: next)
    }

    func rows(
        of table: ArchiveTable,
        where column: String,
        isOneOf values: [ArchivedValue]
    ) throws -> [[ArchivedValue]] {
        let select = Statement(
            """
            SELECT \(table.selected) FROM \(table.rawValue)
            WHERE \(table.condition) AND \(column) = ANY ($1)
            """,
            [table.parameter(column, amongst: values)]
        )
        return try ask([select])[0].map { table.values(of: $0) }
    }
}

extension ArchiveTable {
    fileprivate var selected: String { columns.map(\.name).joined(separator: ", ") }

    /// Which of its rows say something: a record of type 0 keeps a place for one that was never made.
    fileprivate var condition: String { self == .record ? "type <> 0" : "true" }

    /// What orders its rows.
    fileprivate var keys: [String] {
        switch self {
        case .setting: ["key"]
        case .enrolment: ["code_hash"]
        case .device, .change, .conflict, .settlement, .access: ["number"]
        case .record: ["id"]
        case .reference: ["target", "source", "field"]
        case .follower: ["former", "source", "field"]
        case .area: ["code"]
        case .feed: ["area", "position"]
        case .effect: ["record", "revision", "change"]
        case .reading: ["area", "device"]
        }
    }

    private func column(_ name: String) -> Column? { columns.first { $0.name == name } }

    fileprivate func parameter(_ name: String, _ value: ArchivedValue) -> Parameter {
        switch column(name) {
        case .text: .text(value.text)
        case .bytes: .bytes(value.bytes)
        case .id: .record(value.bytes.flatMap { RecordID(bytes: $0) })
        default: .int(value.int)
        }
    }

    fileprivate func parameter(_ name: String, amongst values: [ArchivedValue]) -> Parameter {
        switch column(name) {
        case .text: .texts(values.map(\.text))
        case .bytes: .byteses(values.map(\.bytes))
        case .id: .records(values.map { $0.bytes.flatMap { RecordID(bytes: $0) } })
        default: .ints(values.map(\.int))
        }
    }

    fileprivate func values(of row: Row) -> [ArchivedValue] {
        columns.enumerated().map { index, column in
            switch column {
            case .int: row.int(index).map(ArchivedValue.int) ?? .null
            case .truth:
                row.optionalBytes(index).map { _ in .int(row.bool(index) ? 1 : 0) } ?? .null
            case .text: row.optionalText(index).map(ArchivedValue.text) ?? .null
            case .bytes, .id: row.optionalBytes(index).map(ArchivedValue.bytes) ?? .null
            }
        }
    }
}

extension ArchivedValue {
    fileprivate var int: Int64? {
        if case .int(let number) = self { number } else { nil }
    }

    fileprivate var text: String? {
        if case .text(let text) = self { text } else { nil }
    }

    fileprivate var bytes: [UInt8]? {
        if case .bytes(let bytes) = self { bytes } else { nil }
    }
}
