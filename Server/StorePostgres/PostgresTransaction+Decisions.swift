internal import SyncProtocol
internal import SyncServer

extension PostgresTransaction {
    // MARK: - Conflicts

    func save(_ conflict: ConflictEntry) throws -> UInt64 {
        guard conflict.id == 0 else {
            queue(
                "UPDATE conflict SET open = $2, impact = $3, body = $4 WHERE number = $1",
                .int(Int64(clamping: conflict.id)),
                .bool(conflict.isOpen),
                .int(Int64(conflict.impact)),
                .bytes(conflict.encoded)
            )
            return conflict.id
        }
        let given = try change(
            """
            INSERT INTO conflict (record, device, open, impact, via, body)
            VALUES ($1, $2, $3, $4, $5, $6) RETURNING number
            """,
            .record(conflict.record),
            .device(conflict.conflict.proposed.device),
            .bool(conflict.isOpen),
            .int(Int64(conflict.impact)),
            .record(conflict.via),
            .bytes(conflict.encoded)
        )
        return given.first?.unsigned(0) ?? 0
    }

    func conflicts(of id: RecordID, openOnly: Bool) throws -> [ConflictEntry] {
        try hold([id])
        return try rows(
            """
            SELECT number, body FROM conflict WHERE record = $1 AND (open OR NOT $2) ORDER BY number
            """,
            .record(id),
            .bool(openOnly)
        ).compactMap(ConflictEntry.init(row:))
    }

    func conflicts(about id: RecordID) throws -> [ConflictEntry] {
        try hold([id])
        return try rows(
            "SELECT number, body FROM conflict WHERE record = $1 OR via = $1 ORDER BY number",
            .record(id)
        ).compactMap(ConflictEntry.init(row:))
    }

    // Two who decide it at once: the second one sees it closed.
    func conflict(_ id: UInt64) throws -> ConflictEntry? {
        try rows(
            "SELECT number, body FROM conflict WHERE number = $1 \(locking)",
            .int(Int64(clamping: id))
        ).first.flatMap(ConflictEntry.init(row:))
    }

    // > [C-05] Open conflicts are listed by what they would change, then by age.
    func openConflicts(after rank: ConflictRank?, limit: Int) throws -> [ConflictEntry] {
        let behind = rank == nil ? "" : "AND (impact < $2 OR (impact = $2 AND number > $3))"
        return try rows(
            """
            SELECT number, body FROM conflict WHERE open \(behind)
            ORDER BY impact DESC, number LIMIT $1
            """,
            .int(limit),
            .int(rank.map { Int64($0.impact) }),
            .int(rank.map { Int64(clamping: $0.id) })
        ).compactMap(ConflictEntry.init(row:))
    }

    func oldestOpenConflict() throws -> ConflictEntry? {
        // By the index of those that are open: there are few beside those that are closed.
        try rows(
            """
            SELECT number, body FROM conflict
            WHERE number = (SELECT min(number) FROM conflict WHERE open)
            """
        ).first.flatMap(ConflictEntry.init(row:))
    }

    // MARK: - Quarantine

    private static let returnedColumns = """
        \(changeColumns), s.number, s.kind, s.author, s.reason, s.settled_at
        FROM change c LEFT JOIN settlement s ON s.change = c.number
        """

    func returned(_ id: UInt64) throws -> ReturnedChange? {
        try rows(
            "SELECT \(Self.returnedColumns) WHERE c.number = $1 AND c.kind = 5",
            .int(Int64(clamping: id))
        ).first.flatMap(ReturnedChange.init(row:))
    }

    func returned(_ sequence: SequenceNumber, of device: DeviceID) throws -> ReturnedChange? {
        try rows(
            "SELECT \(Self.returnedColumns) WHERE c.device = $1 AND c.sequence = $2 AND c.kind = 5",
            .device(device),
            .int(Int64(clamping: sequence.rawValue))
        ).first.flatMap(ReturnedChange.init(row:))
    }

    func returned(of device: DeviceID, to record: RecordID) throws -> [ReturnedChange] {
        try hold([record])
        // Asked for every change: nearly always there is none.
        if isWriting, !withReturned.contains(record) { return [] }
        return try rows(
            """
            SELECT \(Self.returnedColumns)
            WHERE c.record = $1 AND c.kind = 5 AND c.device = $2 AND s.number IS NULL
            ORDER BY c.number
            """,
            .record(record),
            .device(device)
        ).compactMap(ReturnedChange.init(row:))
    }

    func returned(
        after id: UInt64,
        unsettledOnly: Bool,
        limit: Int
    ) throws -> [ReturnedChange] {
        try rows(
            """
            SELECT \(Self.returnedColumns)
            WHERE c.kind = 5 AND c.number > $1 AND (s.number IS NULL OR NOT $2)
            ORDER BY c.number LIMIT $3
            """,
            .int(Int64(clamping: id)),
            .bool(unsettledOnly),
            .int(limit)
        ).compactMap(ReturnedChange.init(row:))
    }

    // A device reads its settlements from a number on: they are numbered while its row is held, so that none
    // comes to light below one that was read. Two for one change meet in the index.
    func settle(_ id: UInt64, by settlement: Settlement) throws {
        sendTogether()
        let number = Parameter.int(Int64(clamping: id))
        let author = try rows(
            """
            SELECT d.id FROM device d
            WHERE d.id = (SELECT c.device FROM change c WHERE c.number = $1) FOR UPDATE
            """,
            number
        ).first
        if let device = author.flatMap({ DeviceID(bytes: $0.bytes(0)) }) {
            gathered.settled(for: device)
        }
        queue(
            """
            INSERT INTO settlement (change, device, sequence, kind, author, reason, settled_at)
            SELECT number, device, sequence, $2, $3, $4, $5 FROM change WHERE number = $1
            """,
            number,
            .int(Int64(settlement.kind.rawValue)),
            .text(settlement.by),
            .text(settlement.reason),
            .int(settlement.settledAt)
        )
    }

    func settlements(of device: DeviceID, after number: UInt64) throws -> [Settlement] {
        try rows(
            """
            SELECT number, kind, author, reason, settled_at, sequence FROM settlement
            WHERE device = $1 AND number > $2 ORDER BY number LIMIT 500
            """,
            .device(device),
            .int(Int64(clamping: number))
        ).compactMap { row in
            Settlement(row: row, sequence: SequenceNumber(rawValue: row.unsigned(5)), at: 0)
        }
    }
}

extension ConflictEntry {
    fileprivate init?(row: Row) {
        self.init(row.bytes(1))
        // The message's own number is the row's: it had none when it was first kept.
        id = row.unsigned(0)
    }
}

extension ReturnedChange {
    fileprivate init?(row: Row) {
        guard let change = StoredChange(row: row) else { return nil }
        self.init(
            id: row.unsigned(14),
            change: change,
            settlement: Settlement(row: row, sequence: change.sequence, at: 15)
        )
    }
}

extension Settlement {
    /// A settlement whose columns begin at one; `nil` where there is no number.
    fileprivate init?(row: Row, sequence: SequenceNumber, at first: Int) {
        guard row.int(first) != nil,
            let kind = Kind(rawValue: .init(truncatingIfNeeded: row.unsigned(first + 1)))
        else { return nil }
        self.init(
            number: row.unsigned(first),
            sequence: sequence,
            kind: kind,
            by: row.text(first + 2),
            reason: row.text(first + 3),
            settledAt: row.int(first + 4) ?? 0
        )
    }
}
