internal import GRDB
internal import SQLiteRows
internal import SyncClient
internal import SyncProtocol

// Records that come for the first time, a page at once.

extension LocalSQLiteTransaction {
    func unheard(_ ids: [RecordID]) throws -> Set<RecordID> {
        var unheard: Set<RecordID> = []
        for start in stride(from: 0, to: ids.count, by: 100) {
            let asked = ids[start..<min(ids.count, start + 100)]
            let found = try rows(
                """
                WITH asked (id) AS (VALUES \(asked.map { _ in "(?)" }.joined(separator: ", ")))
                SELECT id FROM asked
                WHERE NOT EXISTS (SELECT 1 FROM record WHERE record.id = asked.id)
                    AND NOT EXISTS (SELECT 1 FROM placement WHERE placement.record = asked.id)
                    AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.record = asked.id AND overlaid)
                    AND NOT EXISTS (SELECT 1 FROM record WHERE record.redirect = asked.id)
                """,
                StatementArguments(asked.map(\.bytes))
            )
            unheard.formUnion(found.compactMap { RecordID(bytes: $0.bytes(0)) })
        }
        return unheard
    }

    func admit(_ arrivals: [Arrival], to area: AreaCode) throws {
        guard !arrivals.isEmpty else { return }
        var digest = try digest(of: area)
        for arrival in arrivals {
            let id = arrival.record.id
            try run(Self.insertion, columns(of: arrival.record))
            try run(
                "INSERT INTO placement (area, record, mark, kept) VALUES (?, ?, ?, 1)",
                [area.rawValue, id.bytes, arrival.mark.map(\.bytes)]
            )
            if let mark = arrival.mark { digest = digest + AreaDigest(mark: mark) }
            if !arrival.conflicts.isEmpty { try set(conflicts: arrival.conflicts, of: id) }
        }
        try set(digest, of: area)
    }
}
