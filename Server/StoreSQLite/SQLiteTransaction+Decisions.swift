internal import GRDB
internal import SQLiteRows
internal import SyncProtocol
internal import SyncServer

extension SQLiteTransaction {
    // MARK: - Conflicts

    func save(_ conflict: ConflictEntry) throws -> UInt64 {
        guard conflict.id == 0 else {
            try run(
                "UPDATE conflict SET open = ?, impact = ?, body = ? WHERE number = ?",
                [conflict.isOpen, conflict.impact, conflict.encoded, conflict.id.signed]
            )
            return conflict.id
        }
        try run(
            "INSERT INTO conflict (record, device, open, impact, via, body) VALUES (?, ?, ?, ?, ?, ?)",
            [
                conflict.record.bytes, conflict.conflict.proposed.device.bytes,
                conflict.isOpen, conflict.impact, conflict.via.map(\.bytes),
                conflict.encoded,
            ]
        )
        return UInt64(database.lastInsertedRowID)
    }

    func conflicts(of id: RecordID, openOnly: Bool) throws -> [ConflictEntry] {
        try rows(
            """
            SELECT number, body FROM conflict WHERE record = ? AND (open OR NOT ?) ORDER BY number
            """,
            [id.bytes, openOnly]
        ).compactMap(ConflictEntry.init(row:))
    }

    func conflicts(about id: RecordID) throws -> [ConflictEntry] {
        try rows(
            "SELECT number, body FROM conflict WHERE record = ?1 OR via = ?1 ORDER BY number",
            [id.bytes]
        ).compactMap(ConflictEntry.init(row:))
    }

    func conflict(_ id: UInt64) throws -> ConflictEntry? {
        try row(
            "SELECT number, body FROM conflict WHERE number = ?",
            [Int64(clamping: id)]
        ).flatMap(ConflictEntry.init(row:))
    }

    // > [C-05] Open conflicts are listed by what they would change, then by age.
    func openConflicts(after rank: ConflictRank?, limit: Int) throws -> [ConflictEntry] {
        // One weight after the other: each is then found where its index has it, and nothing before it is passed.
        let alike = try rank.map { rank in
            try rows(
                """
                SELECT number, body FROM conflict WHERE open AND impact = ? AND number > ?
                ORDER BY number LIMIT ?
                """,
                [rank.impact, Int64(clamping: rank.id), limit]
            ).compactMap(ConflictEntry.init(row:))
        }
        let lighter = try rows(
            """
            SELECT number, body FROM conflict WHERE open AND impact < ?
            ORDER BY impact DESC, number LIMIT ?
            """,
            [rank.map { Int64($0.impact) } ?? Int64.max, limit - (alike?.count ?? 0)]
        ).compactMap(ConflictEntry.init(row:))
        return (alike ?? []) + lighter
    }

    func oldestOpenConflict() throws -> ConflictEntry? {
        // By the index of those that are open: there are few beside those that are closed.
        try row(
            """
            SELECT number, body FROM conflict
            WHERE number = (SELECT min(number) FROM conflict WHERE open)
            """
        ).flatMap(ConflictEntry.init(row:))
    }

    // MARK: - Quarantine

    private static let returnedColumns = """
        \(changeColumns), d.id, c.number, s.number, s.kind, s.author, s.reason, s.settled_at
        FROM change c JOIN device d ON d.number = c.device
        LEFT JOIN settlement s ON s.change = c.number
        """

    func returned(_ id: UInt64) throws -> ReturnedChange? {
        try row(
            "SELECT \(Self.returnedColumns) WHERE c.number = ? AND c.kind = 5",
            [Int64(clamping: id)]
        ).flatMap(ReturnedChange.init(row:))
    }

    func returned(_ sequence: SequenceNumber, of device: DeviceID) throws -> ReturnedChange? {
        try row(
            "SELECT \(Self.returnedColumns) WHERE d.id = ? AND c.sequence = ? AND c.kind = 5",
            [device.bytes, Int64(clamping: sequence.rawValue)]
        ).flatMap(ReturnedChange.init(row:))
    }

    func returned(of device: DeviceID, to record: RecordID) throws -> [ReturnedChange] {
        // Asked for every change: nearly always there is none, which a small index tells.
        let any = try row("SELECT 1 FROM change WHERE record = ? AND kind = 5", [record.bytes])
        guard any != nil else { return [] }
        return try rows(
            """
            SELECT \(Self.returnedColumns)
            WHERE c.record = ? AND c.kind = 5 AND d.id = ? AND s.number IS NULL ORDER BY c.number
            """,
            [record.bytes, device.bytes]
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
            WHERE c.kind = 5 AND c.number > ? AND (s.number IS NULL OR NOT ?)
            ORDER BY c.number LIMIT ?
            """,
            [Int64(clamping: id), unsettledOnly, limit]
        ).compactMap(ReturnedChange.init(row:))
    }

    func settle(_ id: UInt64, by settlement: Settlement) throws {
        try run(
            """
            INSERT INTO settlement (change, device, sequence, kind, author, reason, settled_at)
            SELECT number, device, sequence, ?2, ?3, ?4, ?5 FROM change WHERE number = ?1
            """,
            [
                Int64(clamping: id), settlement.kind.rawValue, settlement.by, settlement.reason,
                settlement.settledAt,
            ]
        )
        let author = try row(
            "SELECT id FROM device WHERE number = (SELECT device FROM change WHERE number = ?)",
            [Int64(clamping: id)]
        )
        if let device = author.flatMap({ DeviceID(bytes: $0.bytes(0)) }) {
            gathered.settled(for: device)
        }
    }

    func settlements(of device: DeviceID, after number: UInt64) throws -> [Settlement] {
        try rows(
            """
            SELECT number, sequence, kind, author, reason, settled_at FROM settlement
            WHERE device = (SELECT number FROM device WHERE id = ?) AND number > ?
            ORDER BY number LIMIT 500
            """,
            [device.bytes, Int64(clamping: number)]
        ).compactMap { row in
            Settlement(row: row, sequence: SequenceNumber(rawValue: row.unsigned(1)), at: 0, 2)
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
        guard let device = DeviceID(bytes: row.bytes(13)),
            let change = StoredChange(row: row, device: device)
        else { return nil }
        self.init(
            id: row.unsigned(14),
            change: change,
            settlement: Settlement(row: row, sequence: change.sequence, at: 15, 16)
        )
    }
}

extension Settlement {
    /// A settlement whose number stands in one column and the rest from another one on; `nil` where
    /// there is no number.
    fileprivate init?(row: Row, sequence: SequenceNumber, at number: Int, _ rest: Int) {
        guard row[number] as Int64? != nil, let kind = Kind(rawValue: row[rest]) else { return nil }
        self.init(
            number: row.unsigned(number),
            sequence: sequence,
            kind: kind,
            by: row[rest + 1],
            reason: row[rest + 2],
            settledAt: row[rest + 3]
        )
    }
}
