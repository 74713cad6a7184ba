internal import SyncServer

/// The log of who read what.
extension PostgresTransaction {
    private static let columns = "number, at, content, records, chain"

    func lastAccess() throws -> StoredAccess? {
        // Whoever adds to the log holds its head until the transaction ends: the chain has no branches. What
        // stands at its end is asked for only then, and so by what was committed before.
        if isWriting { _ = try rows("SELECT one FROM access_head FOR UPDATE") }
        return try rows("SELECT \(Self.columns) FROM access ORDER BY number DESC LIMIT 1")
            .map(StoredAccess.init(row:)).first
    }

    func accesses(after number: UInt64, limit: Int) throws -> [StoredAccess] {
        try rows(
            "SELECT \(Self.columns) FROM access WHERE number > $1 ORDER BY number LIMIT $2",
            .int(Int64(bitPattern: number)),
            .int(Int64(limit))
        )
        .map(StoredAccess.init(row:))
    }

    func append(_ access: StoredAccess) throws {
        queue(
            "INSERT INTO access (\(Self.columns)) VALUES ($1, $2, $3, $4, $5)",
            .int(Int64(bitPattern: access.number)),
            .int(access.at),
            .bytes(access.content),
            .bytes(access.records),
            .bytes(access.chain)
        )
    }

    func removeAccesses(through number: UInt64) throws {
        queue("DELETE FROM access WHERE number <= $1", .int(Int64(bitPattern: number)))
    }
}

extension StoredAccess {
    fileprivate init(row: Row) {
        self.init(
            number: row.unsigned(0),
            at: row.int(1) ?? 0,
            content: row.bytes(2),
            records: row.bytes(3),
            chain: row.bytes(4)
        )
    }
}
