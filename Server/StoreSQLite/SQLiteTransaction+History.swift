internal import Foundation
internal import GRDB
internal import SyncProtocol
internal import SyncServer

extension SQLiteTransaction {
    func append(_ change: StoredChange) throws {
        let outcome = change.outcome
        try run(
            """
            INSERT INTO change (device, sequence, record, payload, hash, kind, revision, code, field,
                message, received_at, epoch)
            VALUES ((SELECT number FROM device WHERE id = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                Data(change.device.bytes), change.sequence.rawValue.signed,
                change.record.map { Data($0.bytes) }, Data(change.payload), Data(change.hash),
                outcome.kind.rawValue, outcome.revision.rawValue.signed,
                outcome.code.isEmpty ? nil : outcome.code,
                outcome.field == 0 ? nil : outcome.field,
                outcome.message.isEmpty ? nil : outcome.message, change.receivedAt,
                change.epoch.rawValue.signed,
            ]
        )
    }

    func changes(
        of device: DeviceID,
        in range: ClosedRange<SequenceNumber>
    ) throws -> [StoredChange] {
        try rows(
            """
            SELECT sequence, record, payload, hash, kind, revision, code, field, message,
                received_at, epoch
            FROM change
            WHERE device = (SELECT number FROM device WHERE id = ?) AND sequence BETWEEN ? AND ?
            ORDER BY sequence
            """,
            [
                Data(device.bytes), range.lowerBound.rawValue.signed,
                range.upperBound.rawValue.signed,
            ]
        ).compactMap { StoredChange(row: $0, device: device) }
    }

    func quarantinedCreations(among ids: some Collection<RecordID>) throws -> Set<RecordID> {
        let found = try ids.filter { id in
            let payloads = try rows(
                """
                SELECT payload FROM change WHERE record = ?1 AND kind = 5
                    AND NOT EXISTS (SELECT 1 FROM record WHERE id = ?1)
                """,
                [Data(id.bytes)]
            )
            return payloads.contains { row in
                (try? Change(payload: row.bytes(0), epoch: .none))?.isCreation ?? false
            }
        }
        return Set(found)
    }

    func append(
        conflict bytes: [UInt8],
        of id: RecordID,
        device: DeviceID,
        isOpen: Bool
    ) throws {
        try run(
            "INSERT INTO conflict (record, device, open, body) VALUES (?, ?, ?, ?)",
            [Data(id.bytes), Data(device.bytes), isOpen, Data(bytes)]
        )
    }

    func conflicts(of id: RecordID, openOnly: Bool) throws -> [[UInt8]] {
        try rows(
            """
            SELECT number, body FROM conflict WHERE record = ? AND (open OR NOT ?) ORDER BY number
            """,
            [Data(id.bytes), openOnly]
        ).map { row in
            // The message's own id (field 1) is the row's number.
            var bytes = row.bytes(1)
            bytes.append(varint: row.unsigned(0), as: 1)
            return bytes
        }
    }
}

extension StoredChange {
    fileprivate init?(row: Row, device: DeviceID) {
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
            record: (row[1] as Data?).flatMap { RecordID(bytes: $0) },
            payload: row.bytes(2),
            hash: row.bytes(3),
            outcome: outcome,
            receivedAt: row[9],
            epoch: Epoch(rawValue: row.unsigned(10))
        )
    }
}
