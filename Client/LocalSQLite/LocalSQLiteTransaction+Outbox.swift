internal import GRDB
internal import SQLiteRows
internal import SyncClient
internal import SyncProtocol

extension LocalSQLiteTransaction {
    private static let columns =
        "sequence, record, payload, chain, kind, revision, code, field, message, overtaken,"
        + " former_epoch, former_revision, former_kind"

    func append(_ entry: OutboxEntry) throws {
        try run(
            """
            INSERT INTO outbox (sequence, record, payload, chain, overlaid) VALUES (?, ?, ?, ?, 1)
            """,
            [
                Int64(entry.sequence.rawValue), entry.record.bytes,
                try kept(entry.payload, "outbox.payload/\(entry.sequence.rawValue)"),
                entry.chain,
            ]
        )
    }

    func overlay(of id: RecordID) throws -> [OutboxEntry] {
        try entries("WHERE record = ? AND overlaid ORDER BY sequence", [id.bytes])
    }

    func unanswered(limit: Int) throws -> [OutboxEntry] {
        try entries("WHERE kind IS NULL ORDER BY sequence LIMIT ?", [limit])
    }

    func change(_ sequence: SequenceNumber) throws -> OutboxEntry? {
        try entries("WHERE sequence = ?", [Int64(clamping: sequence.rawValue)]).first
    }

    func lastChange() throws -> OutboxEntry? {
        try entries("ORDER BY sequence DESC LIMIT 1", []).first
    }

    func lastForgotten() throws -> SequenceNumber {
        let last = try row("SELECT max(sequence) FROM outbox WHERE length(payload) = 0")
        return SequenceNumber(rawValue: last?.unsigned(0) ?? 0)
    }

    func returned() throws -> [OutboxEntry] {
        try entries("WHERE kind = 5 AND overlaid ORDER BY sequence", [])
    }

    func unansweredCount() throws -> Int {
        try row("SELECT count(*) FROM outbox WHERE kind IS NULL")?[0] ?? 0
    }

    func answer(_ outcome: Outcome, in epoch: Epoch) throws {
        try run(
            """
            UPDATE outbox SET epoch = ?, kind = ?, revision = ?, code = ?, field = ?, message = ?
            WHERE sequence = ? AND kind IS NULL
            """,
            [
                Int64(clamping: epoch.rawValue), outcome.kind.rawValue,
                Int64(clamping: outcome.revision.rawValue), outcome.code,
                outcome.field,
                try kept(outcome.message, "outbox.message/\(outcome.sequence.rawValue)"),
                Int64(clamping: outcome.sequence.rawValue),
            ]
        )
    }

    func reopen(after sequence: SequenceNumber, answeredIn epoch: Epoch) throws -> [RecordID] {
        let condition = "sequence > ? AND kind IS NOT NULL AND length(payload) > 0"
        let number = Int64(clamping: sequence.rawValue)
        let found = try rows("SELECT DISTINCT record FROM outbox WHERE \(condition)", [number])
        // What was returned, and is settled, stays off its record.
        try run(
            """
            UPDATE outbox SET former_epoch = coalesce(epoch, ?),
                former_revision = CASE kind WHEN 5 THEN 0 ELSE revision END, former_kind = kind,
                overlaid = CASE kind WHEN 5 THEN overlaid ELSE 1 END,
                epoch = NULL, kind = NULL, revision = NULL, code = NULL, field = NULL,
                message = NULL, overtaken = ''
            WHERE \(condition)
            """,
            [Int64(clamping: epoch.rawValue), number]
        )
        return found.compactMap { RecordID(bytes: $0.bytes(0)) }
    }

    func trim(upTo sequence: SequenceNumber) throws {
        try run(
            """
            UPDATE outbox SET payload = x'', message = NULL
            WHERE sequence <= ? AND kind IS NOT NULL AND NOT overlaid AND length(payload) > 0
            """,
            [Int64(clamping: sequence.rawValue)]
        )
    }

    func settle(_ id: RecordID, at revision: Revision) throws {
        try run(
            """
            UPDATE outbox SET overlaid = 0
            WHERE record = ? AND overlaid AND kind <> 5 AND revision <= ?
            """,
            [id.bytes, Int64(clamping: revision.rawValue)]
        )
    }

    func settleReturned(_ sequence: SequenceNumber) throws {
        try run(
            "UPDATE outbox SET overlaid = 0 WHERE sequence = ? AND kind = 5",
            [Int64(clamping: sequence.rawValue)]
        )
    }

    func note(overtaken fields: [UInt32], of sequence: SequenceNumber) throws {
        try run(
            "UPDATE outbox SET overtaken = ? WHERE sequence = ?",
            [
                fields.map { String($0) }.joined(separator: ","),
                Int64(clamping: sequence.rawValue),
            ]
        )
    }

    func redactAnswered(of id: RecordID, withReturned: Bool) throws {
        try run(
            """
            UPDATE outbox SET payload = x'', message = NULL
            WHERE record = ? AND kind IS NOT NULL AND (kind <> 5 OR ?)
            """,
            [id.bytes, withReturned]
        )
    }

    private func entries(
        _ condition: String,
        _ arguments: StatementArguments
    ) throws -> [OutboxEntry] {
        try rows("SELECT \(Self.columns) FROM outbox \(condition)", arguments)
            .compactMap { row in
                guard var entry = OutboxEntry(row: row) else { return nil }
                let number = entry.sequence.rawValue
                entry.payload = try told(entry.payload, "outbox.payload/\(number)")
                if let message = entry.outcome?.message {
                    entry.outcome?.message = try told(message, "outbox.message/\(number)")
                }
                return entry
            }
    }
}

extension OutboxEntry {
    fileprivate init?(row: Row) {
        guard let id = RecordID(bytes: row.bytes(1)) else { return nil }
        let sequence = SequenceNumber(rawValue: row.unsigned(0))
        self.init(sequence: sequence, record: id, payload: row.bytes(2), chain: row.bytes(3))
        if let kind = (row[4] as Int?).flatMap(Outcome.Kind.init) {
            var outcome = Outcome(
                sequence: sequence,
                kind: kind,
                revision: Revision(rawValue: row.unsigned(5))
            )
            outcome.code = row[6] ?? ""
            outcome.field = row[7] ?? 0
            outcome.message = row[8] ?? ""
            self.outcome = outcome
        }
        overtaken = (row[9] as String).split(separator: ",").compactMap { UInt32($0) }
        former = (row[10] as Int64?).map { epoch in
            Change.Former(
                place: Base(
                    epoch: Epoch(rawValue: UInt64(clamping: epoch)),
                    revision: Revision(rawValue: row.unsigned(11))
                ),
                wasContested: (2...3).contains((row[12] as Int?) ?? 0)
            )
        }
    }
}
