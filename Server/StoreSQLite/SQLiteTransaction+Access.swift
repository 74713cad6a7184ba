internal import GRDB
internal import SQLiteRows
internal import SyncServer

/// The log of who read what.
extension SQLiteTransaction {
    private static let columns = "number, at, content, records, chain"

    func lastAccess() throws -> StoredAccess? {
        try row("SELECT \(Self.columns) FROM access ORDER BY number DESC LIMIT 1")
            .map(StoredAccess.init(row:))
    }

    func accesses(after number: UInt64, limit: Int) throws -> [StoredAccess] {
        try rows(
            "SELECT \(Self.columns) FROM access WHERE number > ? ORDER BY number LIMIT ?",
            [number.signed, limit]
        )
        .map(StoredAccess.init(row:))
    }

    func append(_ access: StoredAccess) throws {
        try run(
            "INSERT INTO access (\(Self.columns)) VALUES (?, ?, ?, ?, ?)",
            [
                access.number.signed, access.at, access.content, access.records,
                access.chain,
            ]
        )
    }

    func removeAccesses(through number: UInt64) throws {
        try run("DELETE FROM access WHERE number <= ?", [number.signed])
    }
}

extension StoredAccess {
    fileprivate init(row: Row) {
        self.init(
            number: row.unsigned(0),
            at: row[1],
            content: row.bytes(2),
            records: row.bytes(3),
            chain: row.bytes(4)
        )
    }
}
