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
