internal import SyncProtocol
internal import SyncServer

/// A change that waits to be sent, under the number that it will have.
struct NumberedChange {
    let number: Int64
    let change: StoredChange
}

/// An effect that waits to be sent, with the number of its change.
struct NumberedEffect {
    let change: Int64
    let effect: StoredEffect
}

extension PostgresTransaction {
    /// The columns of a stored change, for `StoredChange.init(row:)`.
    static let changeColumns = """
        c.sequence, c.record, c.payload, c.hash, c.kind, c.revision, c.code, c.field, c.message,
        c.received_at, c.epoch, c.undo, c.redacted, c.device, c.number
        """

    func append(_ change: StoredChange, effects: [StoredEffect]) throws -> UInt64 {
        let number = try nextNumber()
        changes.append(NumberedChange(number: number, change: change))
        self.effects += effects.map { NumberedEffect(change: number, effect: $0) }
        if change.outcome.kind == .quarantined, let record = change.record {
            withReturned.insert(record)
        }
        return UInt64(number)
    }

    private func nextNumber() throws -> Int64 {
        expected -= 1
        if numbers.isEmpty {
            numbers = try ask([Self.numbering(min(max(expected, 1), 16))])[0].compactMap {
                $0.int(0)
            }
        }
        guard !numbers.isEmpty else { throw PostgresFailure.damaged }
        return numbers.removeFirst()
    }

    /// Queues what is sent as one statement for each kind.
    func sendTogether() {
        sendChanges()
        sendMoves()
    }

    private func sendChanges() {
        guard !changes.isEmpty else { return }
        let all = changes.map(\.change)
        queue(
            """
            INSERT INTO change (number, device, sequence, record, payload, hash, kind, revision, code,
                field, message, received_at, epoch, undo, redacted)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            """,
            .ints(changes.map(\.number)),
            .devices(all.map(\.device)),
            .ints(all.map { $0.sequence.rawValue.signed }),
            .records(all.map(\.record)),
            .byteses(all.map(\.payload)),
            .byteses(all.map(\.hash)),
            .ints(all.map { Int64($0.outcome.kind.rawValue) }),
            .ints(all.map { $0.outcome.revision.rawValue.signed }),
            .texts(all.map { $0.outcome.code.isEmpty ? nil : $0.outcome.code }),
            .ints(all.map { $0.outcome.field == 0 ? nil : Int64($0.outcome.field) }),
            .texts(all.map { $0.outcome.message.isEmpty ? nil : $0.outcome.message }),
            .ints(all.map(\.receivedAt)),
            .ints(all.map { $0.epoch.rawValue.signed }),
            .byteses(all.map { $0.undo.isEmpty ? nil : $0.undo }),
            .bools(all.map(\.isRedacted))
        )
        changes = []
        guard !effects.isEmpty else { return }
        queue(
            """
            INSERT INTO effect (record, revision, change, undo, via)
            SELECT * FROM unnest($1, $2, $3, $4, $5)
            """,
            .records(effects.map(\.effect.record)),
            .ints(effects.map { $0.effect.revision.rawValue.signed }),
            .ints(effects.map(\.change)),
            .byteses(effects.map(\.effect.undo)),
            .records(effects.map(\.effect.via))
        )
        effects = []
    }

    func changes(
        of device: DeviceID,
        in range: ClosedRange<SequenceNumber>
    ) throws -> [StoredChange] {
        try rows(
            """
            SELECT \(Self.changeColumns) FROM change c
            WHERE c.device = $1 AND c.sequence BETWEEN $2 AND $3 ORDER BY c.sequence
            """,
            .device(device),
            .int(Int64(clamping: range.lowerBound.rawValue)),
            .int(Int64(clamping: range.upperBound.rawValue))
        ).compactMap(StoredChange.init(row:))
    }

    func steps(of id: RecordID) throws -> [StoredStep] {
        try hold([id])
        return try rows(
            """
            SELECT \(Self.changeColumns), c.revision, c.undo, NULL::uuid AS via
            FROM change c WHERE c.record = $1 AND c.kind <> 5
            UNION ALL
            SELECT \(Self.changeColumns), e.revision, e.undo, e.via
            FROM effect e JOIN change c ON c.number = e.change WHERE e.record = $1
            ORDER BY number
            """,
            .record(id)
        ).compactMap { row in
            guard let change = StoredChange(row: row) else { return nil }
            return StoredStep(
                change: change,
                revision: Revision(rawValue: row.unsigned(15)),
                undo: row.bytes(16),
                via: row.record(17)
            )
        }
    }

    func quarantinedCreations(among ids: some Collection<RecordID>) throws -> Set<RecordID> {
        try hold(ids)
        let asked = isWriting ? ids.filter { withReturned.contains($0) } : Array(ids)
        guard !asked.isEmpty else { return [] }
        let found = try rows(
            """
            SELECT c.record, c.payload FROM change c
            WHERE c.record = ANY ($1) AND c.kind = 5
                AND c.code IS DISTINCT FROM 'waits_for_creation'
                AND NOT EXISTS (SELECT 1 FROM record r WHERE r.id = c.record AND r.type <> 0)
                AND NOT EXISTS (SELECT 1 FROM settlement s WHERE s.change = c.number)
            """,
            .records(asked)
        )
        return Set(
            found.compactMap { row in
                let change = try? Change(payload: row.bytes(1), epoch: .none)
                return change?.isCreation == true ? row.record(0) : nil
            }
        )
    }

    func redactHistory(of id: RecordID, _ redacted: ([UInt8]) -> [UInt8]) throws {
        try hold([id])
        let found = try rows("SELECT number, payload FROM change WHERE record = $1", .record(id))
        let forgotten = Parameter.bytes(Undo.forgotten)
        queue(
            """
            UPDATE change c SET payload = new.payload, undo = $3, message = NULL, redacted = true
            FROM unnest($1, $2) AS new (number, payload) WHERE c.number = new.number
            """,
            .ints(found.map { $0.int(0) }),
            .byteses(found.map { redacted($0.bytes(1)) }),
            forgotten
        )
        queue("UPDATE effect SET undo = $2 WHERE record = $1", .record(id), forgotten)
        queue(
            """
            UPDATE settlement SET reason = '' WHERE change IN (SELECT number FROM change WHERE record = $1)
            """,
            .record(id)
        )
        // What had taken in from this record has its past in what was before, from there on.
        queue(
            """
            UPDATE change c SET undo = $2
            FROM (SELECT record, min(change) AS first FROM effect WHERE via = $1 GROUP BY record) e
            WHERE c.record = e.record AND c.number >= e.first AND c.undo IS NOT NULL
            """,
            .record(id),
            forgotten
        )
        queue(
            """
            UPDATE effect f SET undo = $2
            FROM (SELECT record, min(change) AS first FROM effect WHERE via = $1 GROUP BY record) e
            WHERE f.record = e.record AND f.change >= e.first
            """,
            .record(id),
            forgotten
        )
    }
}

extension StoredChange {
    init?(row: Row) {
        let sequence = SequenceNumber(rawValue: row.unsigned(0))
        guard let device = row.device(13),
            let kind = Outcome.Kind(rawValue: .init(truncatingIfNeeded: row.unsigned(4)))
        else { return nil }
        var outcome = Outcome(
            sequence: sequence,
            kind: kind,
            revision: Revision(rawValue: row.unsigned(5))
        )
        outcome.code = row.text(6)
        outcome.field = UInt32(row.unsigned(7))
        outcome.message = row.text(8)
        self.init(
            device: device,
            sequence: sequence,
            record: row.record(1),
            payload: row.bytes(2),
            hash: row.bytes(3),
            outcome: outcome,
            receivedAt: row.int(9) ?? 0,
            epoch: Epoch(rawValue: row.unsigned(10))
        )
        undo = row.bytes(11)
        isRedacted = row.bool(12)
    }
}
