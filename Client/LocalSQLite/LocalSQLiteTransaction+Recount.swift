internal import GRDB
internal import SQLiteRows
internal import SyncClient
internal import SyncProtocol

// What follows from a device's rows, counted from the rows themselves [G-04].

extension LocalSQLiteTransaction {
    // > [G-02] A device to which it is not the sum of what it holds counts again from its rows.
    func recount(_ mark: (RecordID, Revision, [UInt8]) -> UInt128) throws -> Int {
        try emptyUnreadable()
        var differing = try showWhatIsKept()
        var sums: [AreaCode: AreaDigest] = [:]
        for row in try rows(
            """
            SELECT p.area, p.record, p.mark, p.kept, r.revision, r.acknowledged, r.deleted,
                r.acknowledged_redirect
            FROM placement p LEFT JOIN record r ON r.id = p.record
            """
        ) {
            guard let area = AreaCode(row[0] as String), let id = RecordID(bytes: row.bytes(1))
            else {
                continue
            }
            let known = row.mark(2)
            var counted = known
            if row[3] {
                let isDeleted = row[6] as Bool? ?? false
                let isThere =
                    row.values[5] != .null && !isDeleted && row.values[7] == .null
                counted =
                    isThere
                    ? mark(
                        id,
                        Revision(rawValue: row.unsigned(4)),
                        try told(row.bytes(5), Self.place("acknowledged", id))
                    ) : nil
            }
            if counted != known {
                differing += 1
                try run(
                    "UPDATE placement SET mark = ? WHERE area = ? AND record = ?",
                    [counted.map(\.bytes), area.rawValue, id.bytes]
                )
            }
            if let counted { sums[area] = (sums[area] ?? .empty) + AreaDigest(mark: counted) }
        }
        try run("DELETE FROM digest")
        for (area, sum) in sums { try set(sum, of: area) }
        return differing
    }

    /// Empties rows whose bytes cannot be read: what the server had said comes again with a repair.
    private func emptyUnreadable() throws {
        for row in try rows(
            """
            SELECT number, acknowledged, visible, id, epoch IS NOT NULL AND
                (revision IS NULL OR deleted IS NULL OR clock IS NULL OR acknowledged IS NULL)
            FROM record
            """
        ) {
            let id = RecordID(bytes: row.bytes(3))
            let isReadable = [(1, "acknowledged"), (2, "visible")].allSatisfy { index, column in
                guard let bytes = row[index] as [UInt8]?, let id else { return true }
                return (try? FieldMap(told(Array(bytes), Self.place(column, id)))) != nil
            }
            guard !isReadable || row[4] else { continue }
            try run(
                """
                UPDATE record SET epoch = NULL, revision = NULL, deleted = NULL, clock = NULL,
                    acknowledged = NULL, visible = NULL
                WHERE number = ?
                """,
                [row[0] as Int64]
            )
        }
    }

    /// Puts right what a row shows, where nothing of this device lies over what the server had said: that alone
    /// tells what is seen, listed and found.
    ///
    /// Returns how many rows showed something else.
    private func showWhatIsKept() throws -> Int {
        let busy = try rows(
            """
            SELECT record FROM outbox WHERE overlaid
            UNION SELECT redirect FROM record WHERE redirect IS NOT NULL
            """
        ).compactMap { RecordID(bytes: $0.bytes(0)) }
        let left = Set(busy)
        var differing = 0
        for row in try rows("SELECT \(Self.recordColumns), title, searchable, areas FROM record") {
            // One that cannot be read at all is no reason to leave the others as they are.
            guard let shown = try? local(row), let known = shown.acknowledged,
                known.redirect == nil, !left.contains(shown.id),
                let type = Schema.current.type(shown.type)
            else { continue }
            var kept = shown
            kept.visible = known.isDeleted ? nil : known.fields
            kept.redirect = nil
            (kept.pending, kept.returned) = (0, 0)
            kept.acknowledged?.isErased = known.isErased && known.isDeleted
            let columns = [row[14], row[15], row[16]] as [String]
            guard kept != shown || columns != listing(of: kept, type) else { continue }
            try save(kept)
            differing += 1
        }
        return differing
    }
}
