internal import SyncProtocol
internal import SyncServer

extension PostgresTransaction {
    // The row of an area's head is held until the transaction ends: whoever takes the next positions commits
    // later, and a reader that sees them sees these [F-01].
    //
    // All that is known by now is sent before, so that the head is held for as little as can be.
    func takePositions(in area: AreaCode, count: Int) throws -> Position {
        gathered.moved(area)
        let row = try change(
            """
            INSERT INTO area (code, head) VALUES ($1, $2)
            ON CONFLICT (code) DO UPDATE SET head = area.head + excluded.head
            RETURNING head, digest, records
            """,
            .text(area.rawValue),
            .int(count)
        ).first
        guard let row else { throw PostgresFailure.damaged }
        if digests[area] == nil { digests[area] = try row.digest(1) }
        return Position(rawValue: row.unsigned(0) - UInt64(count) + 1)
    }

    func put(_ move: FeedMove) throws {
        // One that moves twice in a transaction leaves where it was put first.
        if moves.contains(where: { $0.id == move.id && $0.area == move.area }) { sendMoves() }
        moves.append(move)
    }

    /// Queues the moves: first they leave, then they arrive.
    func sendMoves() {
        guard !moves.isEmpty else { return }
        let left = moves.compactMap { move in move.from.map { (area: move.area, position: $0) } }
        if !left.isEmpty {
            queue(
                """
                DELETE FROM feed f USING unnest($1, $2) AS gone (area, position)
                WHERE f.area = gone.area AND f.position = gone.position
                """,
                .texts(left.map(\.area.rawValue)),
                .ints(left.map { $0.position.rawValue.signed })
            )
        }
        // A record that comes back is no longer one that left.
        let come = moves.filter { $0.from == nil && !$0.isFirst }
        if !come.isEmpty {
            queue(
                """
                DELETE FROM feed f USING unnest($1, $2) AS come (area, record)
                WHERE f.departed AND f.record = come.record AND f.area = come.area
                """,
                .texts(come.map(\.area.rawValue)),
                .records(come.map(\.id))
            )
        }
        queue(
            """
            INSERT INTO feed (area, position, record, departed, gone_at)
            SELECT * FROM unnest($1, $2, $3, $4, $5)
            """,
            .texts(moves.map(\.area.rawValue)),
            .ints(moves.map { $0.to.rawValue.signed }),
            .records(moves.map(\.id)),
            .bools(moves.map(\.isDeparture)),
            .ints(moves.map(\.goneAt))
        )
        moves = []
    }

    func heads(under areas: [AreaCode]) throws -> [AreaHead] {
        guard !areas.isEmpty else { return [] }
        // Every code that begins with these digits lies between them and them followed by “:”, the
        // character after 9.
        let found = try rows(
            """
            SELECT a.code, a.head, a.pruned, a.digest, a.records
            FROM unnest($1) AS wanted (prefix)
            JOIN area a ON a.code >= wanted.prefix AND a.code < wanted.prefix || ':'
            """,
            .texts(areas.map(\.rawValue))
        )
        var heads: [AreaCode: AreaHead] = [:]
        for row in found.map({ $0 }) {
            guard let code = AreaCode(row.text(0)) else { continue }
            heads[code] = AreaHead(
                area: code,
                head: Position(rawValue: row.unsigned(1)),
                pruned: Position(rawValue: row.unsigned(2)),
                digest: try row.digest(3)
            )
        }
        return heads.values.sorted { $0.area < $1.area }
    }

    func add(_ change: AreaDigest, to area: AreaCode) throws {
        if digests[area] == nil {
            let row = try rows(
                "SELECT digest, records FROM area WHERE code = $1 \(locking)",
                .text(area.rawValue)
            ).first
            digests[area] = try row?.digest(0) ?? .empty
        }
        try set((digests[area] ?? .empty) + change, of: area)
    }

    func set(_ digest: AreaDigest, of area: AreaCode) throws {
        digests[area] = digest
        queue(
            "UPDATE area SET digest = $2, records = $3 WHERE code = $1",
            .text(area.rawValue),
            .bytes(digest.sum.bytes),
            .int(digest.records)
        )
    }

    func readings(of area: AreaCode) throws -> [DeviceID: Position] {
        let found = try rows(
            "SELECT device, position FROM reading WHERE area = $1",
            .text(area.rawValue)
        )
        let pairs = found.compactMap { row in
            row.device(0).map { ($0, Position(rawValue: row.unsigned(1))) }
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    func note(readings: [Bookmark], of device: DeviceID) throws {
        guard !readings.isEmpty else { return }
        let latest = Dictionary(readings.map { ($0.area, $0.position) }) { _, last in last }
            .sorted { $0.key < $1.key }
        // A bookmark of an area that has no feed says nothing; one that says nothing new is not written
        // again.
        queue(
            """
            INSERT INTO reading (area, device, position)
            SELECT a.code, d.id, new.position
            FROM unnest($1, $2) AS new (area, position)
            JOIN area a ON a.code = new.area JOIN device d ON d.id = $3
            ON CONFLICT (area, device) DO UPDATE SET position = excluded.position
            WHERE reading.position <> excluded.position
            """,
            .texts(latest.map(\.key.rawValue)),
            .ints(latest.map { $0.value.rawValue.signed }),
            .device(device)
        )
    }

    func prune(_ area: AreaCode, upTo position: Position, goneBefore time: Int64) throws -> Int {
        let bounds: [Parameter] = [
            .text(area.rawValue), .int(position.rawValue.signed), .int(time),
        ]
        let select = """
            SELECT position, record, departed FROM feed
            WHERE area = $1 AND position <= $2 AND gone_at < $3 ORDER BY position
            """
        // The records first, then the area, as everybody does; what has moved since is not there any more.
        let tombstones = try ask([Statement(select, bounds)])[0]
            .compactMap { $0.bool(2) ? nil : $0.record(1) }
        // Those with an open conflict stay in sight of whoever can settle it [F-03].
        var kept = try records(tombstones).filter { $0.value.openConflicts == 0 }
        _ = try rows("SELECT head FROM area WHERE code = $1 FOR UPDATE", .text(area.rawValue))
        let found = try ask([Statement(select, bounds)])[0].map { row in
            (position: row.int(0) ?? 0, record: row.record(1), isDeparture: row.bool(2))
        }
        let gone = found.filter { entry in
            entry.isDeparture || entry.record.map { held.contains($0) && kept[$0] != nil } ?? false
        }
        guard let last = gone.last else { return 0 }
        for id in gone.filter({ !$0.isDeparture }).compactMap(\.record) {
            // A tombstone that left the feed stands there no longer.
            kept[id]?.placements.removeAll { $0.area == area }
        }
        try save(kept.values.map { RecordWrite(record: $0) })
        queue(
            "DELETE FROM feed WHERE area = $1 AND position = ANY ($2)",
            .text(area.rawValue),
            .ints(gone.map(\.position))
        )
        queue(
            "UPDATE area SET pruned = greatest(pruned, $2) WHERE code = $1",
            .text(area.rawValue),
            .int(last.position)
        )
        return gone.count
    }

    func feed(
        of area: AreaCode,
        after position: Position,
        _ visit: (FeedEntry) throws -> Bool
    ) throws {
        if isWriting {
            _ = try rows("SELECT head FROM area WHERE code = $1 FOR UPDATE", .text(area.rawValue))
        }
        var last = position.rawValue.signed
        // A reader that is nearly up to date takes little; one that begins takes much.
        var limit = 100
        while true {
            let found = try rows(
                """
                SELECT f.position, f.departed, f.record, r.type, r.revision, r.deleted, r.clock,
                    r.open_conflicts, r.body, r.redirect, r.erased
                FROM feed f LEFT JOIN record r ON r.id = f.record AND NOT f.departed
                WHERE f.area = $1 AND f.position > $2 ORDER BY f.position LIMIT $3
                """,
                .text(area.rawValue),
                .int(last),
                .int(limit)
            )
            for row in found.map({ $0 }) {
                guard let entry = FeedEntry(row: row) else { throw PostgresFailure.damaged }
                guard try visit(entry) else { return }
                last = entry.position.rawValue.signed
            }
            guard found.count == limit else { return }
            limit = min(2 * limit, 1000)
        }
    }

    func departures(of id: RecordID) throws -> [AreaCode] {
        try hold([id])
        return try rows("SELECT area FROM feed WHERE departed AND record = $1", .record(id))
            .compactMap { AreaCode($0.text(0)) }
    }
}

extension Row {
    /// A digest's sum, and in the next column its number of records.
    fileprivate func digest(_ column: Int) throws -> AreaDigest {
        guard
            let digest = AreaDigest(bytes: bytes(column), records: Int(int(column + 1) ?? 0))
        else { throw PostgresFailure.damaged }
        return digest
    }
}

extension FeedEntry {
    fileprivate init?(row: Row) {
        let position = Position(rawValue: row.unsigned(0))
        guard let id = row.record(2) else { return nil }
        if row.bool(1) {
            self.init(position: position, content: .departure(id))
            return
        }
        guard row.int(3) != nil else { return nil }
        var copy = RecordCopy(
            id: id,
            type: UInt32(row.unsigned(3)),
            revision: Revision(rawValue: row.unsigned(4)),
            message: row.bytes(8),
            isDeleted: row.bool(5) || row.record(9) != nil,
            clock: row.int(6) ?? 0
        )
        copy.redirect = row.record(9)
        copy.isErased = row.bool(10)
        self.init(position: position, content: .record(copy, openConflicts: Int(row.int(7) ?? 0)))
    }
}
