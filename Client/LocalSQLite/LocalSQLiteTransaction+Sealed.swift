internal import GRDB
internal import SQLiteRows
internal import SyncClient
internal import SyncProtocol

// > [D-06] Sealed records are listed and searched by opening what the device holds, a few thousand people, in memory:
// > in the same order and with the same answers as those that are not sealed.

extension LocalSQLiteTransaction {
    func sealedRecords(
        ofType type: UInt32,
        in area: AreaCode?,
        offset: Int,
        limit: Int
    ) throws -> [LocalRecord] {
        let found = try rows(
            "SELECT \(Self.recordColumns) FROM record WHERE type = ? AND visible IS NOT NULL AND areas LIKE ?",
            [type, area.map { "% \($0.rawValue)%" } ?? "%"]
        ).map(local(_:))
        return Array(inOrder(found).dropFirst(offset).prefix(limit))
    }

    func sealedSearch(_ words: [String], limit: Int) throws -> [LocalRecord] {
        let patterns = words.map { Array($0.utf8) }
        let found = try rows("SELECT \(Self.recordColumns) FROM record WHERE visible IS NOT NULL")
            .map(local(_:))
            .filter { record in
                guard let visible = record.visible, let type = Schema.current.type(record.type)
                else { return false }
                let text = Array(SearchText.searchable(visible, as: type).utf8)
                return patterns.allSatisfy { text.contains($0) }
            }
        return Array(inOrder(found).prefix(limit))
    }

    /// By type, title and id, each by its bytes: as SQLite orders them.
    private func inOrder(_ records: [LocalRecord]) -> [LocalRecord] {
        records.map { (record: $0, title: Array(title(of: $0).utf8)) }
            .sorted { left, right in
                if left.record.type != right.record.type {
                    return left.record.type < right.record.type
                }
                if left.title != right.title {
                    return left.title.lexicographicallyPrecedes(right.title)
                }
                return left.record.id < right.record.id
            }
            .map(\.record)
    }
}
