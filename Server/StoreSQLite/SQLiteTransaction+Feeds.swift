internal import Foundation
internal import GRDB
internal import SQLiteRows
internal import SyncProtocol
internal import SyncServer

extension SQLiteTransaction {
    func takePositions(in area: AreaCode, count: Int) throws -> Position {
        gathered.moved(area)
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
        let id = move.id.bytes
        if let from = move.from {
            try run(
                Self.takenFromFeed,
                [move.area.rawValue, from.rawValue.signed]
            )
        } else if !move.isFirst {
            // A record that comes back is no longer one that left.
            try run(
                "DELETE FROM feed WHERE departed = ? AND area = \(Self.areaNumber)",
                [id, move.area.rawValue]
            )
        }
        try run(
            move.isDeparture ? Self.departureInFeed : Self.recordInFeed,
            [move.area.rawValue, move.to.rawValue.signed, move.goneAt, id]
        )
    }

    // What every change runs is put together once.
    private static let departureInFeed = """
        INSERT INTO feed (area, position, gone_at, departed) VALUES (\(areaNumber), ?, ?, ?)
        """
    private static let recordInFeed = """
        INSERT INTO feed (area, position, gone_at, record)
        VALUES (\(areaNumber), ?, ?, (SELECT number FROM record WHERE id = ?))
        """
    private static let takenFromFeed =
        "DELETE FROM feed WHERE area = \(areaNumber) AND position = ?"
    private static let areaNumber = "(SELECT number FROM area WHERE code = ?)"

    func heads(under areas: [AreaCode]) throws -> [AreaHead] {
        var heads: [AreaCode: AreaHead] = [:]
        for area in areas {
            // Every code that begins with these digits lies between them and them followed by “:”,
            // the character after 9.
            let found = try rows(
                "SELECT code, head, pruned, digest, records FROM area WHERE code >= ? AND code < ?",
                [area.rawValue, area.rawValue + ":"]
            )
            for row in found {
                guard let code = AreaCode(row[0] as String) else { continue }
                heads[code] = AreaHead(
                    area: code,
                    head: Position(rawValue: row.unsigned(1)),
                    pruned: Position(rawValue: row.unsigned(2)),
                    digest: try row.digest(3)
                )
            }
        }
        return heads.values.sorted { $0.area < $1.area }
    }

    func add(_ change: AreaDigest, to area: AreaCode) throws {
        let row = try row("SELECT digest, records FROM area WHERE code = ?", [area.rawValue])
        try set((row?.digest(0) ?? .empty) + change, of: area)
    }

    func set(_ digest: AreaDigest, of area: AreaCode) throws {
        try run(
            "UPDATE area SET digest = ?, records = ? WHERE code = ?",
            [digest.sum.bytes, digest.records, area.rawValue]
        )
    }

    func readings(of area: AreaCode) throws -> [DeviceID: Position] {
        let found = try rows(
            """
            SELECT d.id, r.position FROM reading r JOIN device d ON d.number = r.device
            WHERE r.area = \(Self.areaNumber)
            """,
            [area.rawValue]
        )
        let pairs = found.compactMap { row in
            DeviceID(bytes: row.bytes(0)).map { ($0, Position(rawValue: row.unsigned(1))) }
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    func note(readings: [Bookmark], of device: DeviceID) throws {
        for bookmark in readings {
            // A bookmark of an area that has no feed says nothing; one that says nothing new is not
            // written again.
            try run(
                """
                INSERT INTO reading (area, device, position)
                SELECT a.number, d.number, ?3 FROM area a, device d WHERE a.code = ?1 AND d.id = ?2
                ON CONFLICT (area, device) DO UPDATE SET position = excluded.position
                WHERE position <> excluded.position
                """,
                [bookmark.area.rawValue, device.bytes, bookmark.position.rawValue.signed]
            )
        }
    }

    func prune(_ area: AreaCode, upTo position: Position, goneBefore time: Int64) throws -> Int {
        let arguments: StatementArguments = [
            area.rawValue, position.rawValue.signed, time,
        ]
        // By the index of what is gone, which is little beside what stands. Those with an open conflict stay in sight of
        // whoever can settle it [F-03].
        let gone = """
            area = \(Self.areaNumber) AND position <= ? AND gone_at < ? AND NOT EXISTS
            (SELECT 1 FROM record o WHERE o.number = feed.record AND o.open_conflicts > 0)
            """
        let found = try rows(
            """
            SELECT position, r.id FROM feed INDEXED BY feed_gone
            LEFT JOIN record r ON r.number = feed.record WHERE \(gone) ORDER BY position
            """,
            arguments
        )
        guard let last = found.last else { return 0 }
        for row in found {
            // A tombstone that left the feed stands there no longer.
            guard let id = RecordID(bytes: row.bytes(1)), let record = try records([id])[id] else {
                continue
            }
            let placements = record.placements.filter { $0.area != area }
            try run(
                "UPDATE record SET placements = ? WHERE id = ?",
                [placements.text, id.bytes]
            )
        }
        try run("DELETE FROM feed INDEXED BY feed_gone WHERE \(gone)", arguments)
        try run(
            "UPDATE area SET pruned = max(pruned, ?) WHERE code = ?",
            [last.unsigned(0).signed, area.rawValue]
        )
        return found.count
    }

    func feed(
        of area: AreaCode,
        after position: Position,
        _ visit: (FeedEntry) throws -> Bool
    ) throws {
        try each(
            """
            SELECT f.position, f.departed, r.id, r.type, r.revision, r.deleted, r.clock,
                r.open_conflicts, r.body, r.redirect, r.erased
            FROM feed f LEFT JOIN record r ON r.number = f.record
            WHERE f.area = \(Self.areaNumber) AND f.position > ? ORDER BY f.position
            """,
            [area.rawValue, position.rawValue.signed]
        ) { row in
            guard let entry = FeedEntry(row: row) else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a placement is empty")
            }
            return try visit(entry)
        }
    }

    func departures(of id: RecordID) throws -> [AreaCode] {
        try rows(
            """
            SELECT a.code FROM feed f JOIN area a ON a.number = f.area WHERE f.departed = ?
            """,
            [id.bytes]
        ).compactMap { AreaCode($0[0] as String) }
    }
}

extension Row {
    /// A digest's sum, and in the next column its number of records.
    fileprivate func digest(_ index: Int) throws -> AreaDigest {
        guard let digest = AreaDigest(bytes: bytes(index), records: self[index + 1]) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a digest is not one")
        }
        return digest
    }
}

extension FeedEntry {
    fileprivate init?(row: Row) {
        let position = Position(rawValue: row.unsigned(0))
        if let departed = row[1] as [UInt8]? {
            guard let id = RecordID(bytes: departed) else { return nil }
            self.init(position: position, content: .departure(id))
            return
        }
        guard let id = RecordID(bytes: row.bytes(2)) else { return nil }
        let redirect = (row[9] as [UInt8]?).flatMap { RecordID(bytes: $0) }
        var copy = RecordCopy(
            id: id,
            type: row[3],
            revision: Revision(rawValue: row.unsigned(4)),
            message: row.bytes(8),
            isDeleted: row[5] || redirect != nil,
            clock: row[6]
        )
        copy.redirect = redirect
        copy.isErased = row[10]
        self.init(position: position, content: .record(copy, openConflicts: row[7]))
    }
}
