internal import GRDB
internal import SQLiteRows
internal import SyncProtocol
internal import SyncServer

extension SQLiteTransaction {
    /// The columns of a stored change, for `StoredChange.init(row:device:)`.
    static let changeColumns = """
        c.sequence, c.record, c.payload, c.hash, c.kind, c.revision, c.code, c.field, c.message,
        c.received_at, c.epoch, c.undo, c.redacted
        """

    func append(_ change: StoredChange, effects: [StoredEffect]) throws -> UInt64 {
        let outcome = change.outcome
        try run(
            """
            INSERT INTO change (device, sequence, record, payload, hash, kind, revision, code, field,
                message, received_at, epoch, undo, redacted)
            VALUES ((SELECT number FROM device WHERE id = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                change.device.bytes, change.sequence.rawValue.signed,
                change.record.map(\.bytes), change.payload, change.hash,
                outcome.kind.rawValue, outcome.revision.rawValue.signed,
                outcome.code.isEmpty ? nil : outcome.code,
                outcome.field == 0 ? nil : outcome.field,
                outcome.message.isEmpty ? nil : outcome.message, change.receivedAt,
                change.epoch.rawValue.signed, change.undo.isEmpty ? nil : change.undo,
                change.isRedacted,
            ]
        )
        let number = database.lastInsertedRowID
        for effect in effects {
            try run(
                "INSERT INTO effect (record, revision, change, undo, via) VALUES (?, ?, ?, ?, ?)",
                [
                    effect.record.bytes, effect.revision.rawValue.signed, number,
                    effect.undo, effect.via.bytes,
                ]
            )
        }
        return UInt64(number)
    }

    func changes(
        of device: DeviceID,
        in range: ClosedRange<SequenceNumber>
    ) throws -> [StoredChange] {
        try rows(
            """
            SELECT \(Self.changeColumns) FROM change c
            WHERE c.device = (SELECT number FROM device WHERE id = ?) AND c.sequence BETWEEN ? AND ?
            ORDER BY c.sequence
            """,
            [
                device.bytes, range.lowerBound.rawValue.signed,
                range.upperBound.rawValue.signed,
            ]
        ).compactMap { StoredChange(row: $0, device: device) }
    }

    func steps(of id: RecordID) throws -> [StoredStep] {
        let found = try rows(
            """
            SELECT \(Self.changeColumns), d.id, c.revision, c.undo, NULL, c.number
            FROM change c JOIN device d ON d.number = c.device WHERE c.record = ?1 AND c.kind <> 5
            UNION ALL
            SELECT \(Self.changeColumns), d.id, e.revision, e.undo, e.via, c.number
            FROM effect e JOIN change c ON c.number = e.change JOIN device d ON d.number = c.device
            WHERE e.record = ?1
            ORDER BY 18
            """,
            [id.bytes]
        )
        return found.compactMap { row in
            guard let device = DeviceID(bytes: row.bytes(13)),
                let change = StoredChange(row: row, device: device)
            else { return nil }
            return StoredStep(
                change: change,
                revision: Revision(rawValue: row.unsigned(14)),
                undo: row.bytes(15),
                via: (row[16] as [UInt8]?).flatMap { RecordID(bytes: $0) }
            )
        }
    }

    func quarantinedCreations(among ids: some Collection<RecordID>) throws -> Set<RecordID> {
        let found = try ids.filter { id in
            let payloads = try rows(
                """
                SELECT payload FROM change WHERE record = ?1 AND kind = 5
                    AND code IS NOT 'waits_for_creation'
                    AND NOT EXISTS (SELECT 1 FROM record WHERE id = ?1)
                    AND NOT EXISTS (SELECT 1 FROM settlement WHERE change = change.number)
                """,
                [id.bytes]
            )
            return payloads.contains { row in
                (try? Change(payload: row.bytes(0), epoch: .none))?.isCreation ?? false
            }
        }
        return Set(found)
    }

    func redactHistory(of id: RecordID, _ redacted: ([UInt8]) -> [UInt8]) throws {
        let found = try rows(
            "SELECT number, payload FROM change WHERE record = ?",
            [id.bytes]
        )
        for row in found {
            try run(
                """
                UPDATE change SET payload = ?, undo = ?, message = NULL, redacted = 1 WHERE number = ?
                """,
                [redacted(row.bytes(1)), Self.forgotten, row.unsigned(0).signed]
            )
        }
        try run("UPDATE effect SET undo = ?2 WHERE record = ?1", [id.bytes, Self.forgotten])
        try run(
            """
            UPDATE settlement SET reason = '' WHERE change IN (SELECT number FROM change WHERE record = ?)
            """,
            [id.bytes]
        )
        for row in try rows(
            "SELECT record, min(change) FROM effect WHERE via = ? GROUP BY record",
            [id.bytes]
        ) {
            try forgetBefore(of: row.bytes(0), from: row[1])
        }
    }

    /// Forgets what was before each change of a record from one on: what it had taken in from another
    /// stands there, too.
    private func forgetBefore(of record: [UInt8], from first: Int64) throws {
        try run(
            "UPDATE change SET undo = ?3 WHERE record = ?1 AND number >= ?2 AND undo IS NOT NULL",
            [record, first, Self.forgotten]
        )
        try run(
            "UPDATE effect SET undo = ?3 WHERE record = ?1 AND change >= ?2",
            [record, first, Self.forgotten]
        )
    }

    private static let forgotten = Undo.forgotten
}

extension StoredChange {
    init?(row: Row, device: DeviceID) {
        let sequence = SequenceNumber(rawValue: row.unsigned(0))
        guard let kind = Outcome.Kind(rawValue: row[4]) else { return nil }
        var outcome = Outcome(
            sequence: sequence,
            kind: kind,
            revision: Revision(rawValue: row.unsigned(5))
        )
        outcome.code = row[6] ?? ""
        outcome.field = row[7] ?? 0
        outcome.message = row[8] ?? ""
        self.init(
            device: device,
            sequence: sequence,
            record: (row[1] as [UInt8]?).flatMap { RecordID(bytes: $0) },
            payload: row.bytes(2),
            hash: row.bytes(3),
            outcome: outcome,
            receivedAt: row[9],
            epoch: Epoch(rawValue: row.unsigned(10))
        )
        undo = row.bytes(11)
        isRedacted = row[12]
    }
}
