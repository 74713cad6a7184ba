internal import Foundation
internal import GRDB
internal import SyncProtocol
internal import SyncServer

extension SQLiteTransaction {
    func takePositions(in area: AreaCode, count: Int) throws -> Position {
        let row = try row(
            """
            INSERT INTO area (code, head) VALUES (?, ?)
            ON CONFLICT (code) DO UPDATE SET head = head + excluded.head RETURNING head
            """,
            [area.rawValue, count]
        )
        let head: Int = row?[0] ?? count
        return Position(rawValue: UInt64(head - count + 1))
    }

    func put(_ move: FeedMove) throws {
        let id = Data(move.id.bytes)
        if let from = move.from {
            try run(
                "DELETE FROM feed WHERE area = \(Self.areaNumber) AND position = ?",
                [move.area.rawValue, from.rawValue.signed]
            )
        } else {
            // A record that comes back is no longer one that left.
            try run(
                "DELETE FROM feed WHERE departed = ? AND area = \(Self.areaNumber)",
                [id, move.area.rawValue]
            )
        }
        try run(
            move.isDeparture
                ? "INSERT INTO feed (area, position, departed) VALUES (\(Self.areaNumber), ?, ?)"
                : """
                INSERT INTO feed (area, position, record)
                VALUES (\(Self.areaNumber), ?, (SELECT number FROM record WHERE id = ?))
                """,
            [move.area.rawValue, move.to.rawValue.signed, id]
        )
    }

    private static let areaNumber = "(SELECT number FROM area WHERE code = ?)"

    func heads(under areas: [AreaCode]) throws -> [(area: AreaCode, head: Position)] {
        var heads: [AreaCode: Position] = [:]
        for area in areas {
            // Every code that begins with these digits lies between them and them followed by “:”,
            // the character after 9.
            let found = try rows(
                "SELECT code, head FROM area WHERE code >= ? AND code < ?",
                [area.rawValue, area.rawValue + ":"]
            )
            for row in found {
                guard let code = AreaCode(row[0] as String) else { continue }
                heads[code] = Position(rawValue: row.unsigned(1))
            }
        }
        return heads.sorted { $0.key < $1.key }.map { (area: $0.key, head: $0.value) }
    }

    func feed(
        of area: AreaCode,
        after position: Position,
        _ visit: (FeedEntry) throws -> Bool
    ) throws {
        let statement = try database.cachedStatement(
            sql: """
                SELECT f.position, f.departed, r.id, r.type, r.revision, r.deleted, r.clock,
                    r.open_conflicts, r.body
                FROM feed f LEFT JOIN record r ON r.number = f.record
                WHERE f.area = \(Self.areaNumber) AND f.position > ? ORDER BY f.position
                """
        )
        let cursor = try Row.fetchCursor(
            statement,
            arguments: [area.rawValue, position.rawValue.signed]
        )
        while let row = try cursor.next() {
            guard let entry = FeedEntry(row: row) else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a placement is empty")
            }
            guard try visit(entry) else { return }
        }
    }

    func departures(of id: RecordID) throws -> [AreaCode] {
        try rows(
            """
            SELECT a.code FROM feed f JOIN area a ON a.number = f.area WHERE f.departed = ?
            """,
            [Data(id.bytes)]
        ).compactMap { AreaCode($0[0] as String) }
    }
}

extension FeedEntry {
    fileprivate init?(row: Row) {
        let position = Position(rawValue: row.unsigned(0))
        if let departed = row[1] as Data? {
            guard let id = RecordID(bytes: departed) else { return nil }
            self.init(position: position, content: .departure(id))
            return
        }
        guard let id = RecordID(bytes: row.bytes(2)) else { return nil }
        let copy = RecordCopy(
            id: id,
            type: row[3],
            revision: Revision(rawValue: row.unsigned(4)),
            message: row.bytes(8),
            isDeleted: row[5],
            clock: row[6]
        )
        self.init(position: position, content: .record(copy, openConflicts: row[7]))
    }
}
