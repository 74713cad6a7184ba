internal import SyncProtocol
internal import SyncServer

extension PostgresTransaction {
    private static let recordColumns =
        "id, type, revision, deleted, open_conflicts, body, stamps, placements, redirect, own, erased"

    // Records are locked in the order of their ids. What is asked of each record before it is judged comes in
    // the same round trip.
    func records(_ ids: some Collection<RecordID>) throws -> [RecordID: StoredRecord] {
        guard !ids.isEmpty else { return [:] }
        let sorted = Set(ids).sorted()
        let select = Statement(
            """
            SELECT \(Self.recordColumns) FROM record WHERE id = ANY ($1) ORDER BY id \(locking)
            """,
            [.records(sorted)]
        )
        var found: [RecordID: StoredRecord] = [:]
        guard isWriting else {
            for record in try ask([select])[0].compactMap(StoredRecord.init(row:)) {
                found[record.state.id] = record
            }
            return found
        }
        let answers = try ask(
            [
                select,
                Statement(
                    "SELECT DISTINCT record FROM change WHERE kind = 5 AND record = ANY ($1)",
                    [.records(sorted)]
                ),
                Statement(
                    "SELECT target, source, field FROM reference WHERE target = ANY ($1)",
                    [.records(sorted)]
                ),
            ] + numbering(for: sorted.count)
        )
        for record in try answers[0].compactMap(StoredRecord.init(row:)) {
            found[record.state.id] = record
        }
        let there = Set(answers[0].compactMap { $0.record(0) })
        held.formUnion(sorted)
        missing.formUnion(Set(sorted).subtracting(there))
        withReturned.formUnion(answers[1].compactMap { $0.record(0) })
        for id in sorted { referrersKnown[id] = [] }
        for reference in answers[2].compactMap(Reference.init(row:)) {
            referrersKnown[reference.target, default: []].append(reference)
        }
        if answers.count > 3 { numbers = answers[3].compactMap { $0.int(0) } }
        return found
    }

    /// Numbers for the changes that a whole batch of records foretells.
    ///
    /// Those that were taken before are dropped: a history is in the order of its numbers, and another change
    /// may have been made to these records since.
    private func numbering(for count: Int) -> [Statement] {
        numbers = []
        guard count > 1 else { return [] }
        expected = count
        return [Self.numbering(count)]
    }

    static func numbering(_ count: Int) -> Statement {
        Statement("SELECT nextval('change_number') FROM generate_series(1, $1)", [.int(count)])
    }

    /// Locks records that were not asked for before something is asked that depends on them.
    func hold(_ ids: some Collection<RecordID>) throws {
        guard isWriting else { return }
        let new = ids.filter { !held.contains($0) }
        if !new.isEmpty { _ = try records(new) }
    }

    func records(ofType type: UInt32?, after id: RecordID?, limit: Int) throws -> [StoredRecord] {
        let after = id == nil ? "" : "AND id > $3"
        let ofType = type == nil ? "type <> 0" : "type = $2"
        return try rows(
            """
            SELECT \(Self.recordColumns) FROM record
            WHERE \(ofType) \(after) ORDER BY id LIMIT $1
            """,
            .int(limit),
            .int(type.map { Int64($0) }),
            .record(id)
        ).compactMap(StoredRecord.init(row:))
    }

    func ids(
        ofType type: UInt32?,
        under areas: [AreaCode],
        after id: RecordID?
    ) throws -> [RecordID] {
        let after = id == nil ? "" : "AND r.id > $3"
        let ofType = type == nil ? "" : "AND r.type = $2"
        return try rows(
            """
            SELECT DISTINCT r.id FROM unnest($1) AS wanted (prefix)
            JOIN feed f ON f.area >= wanted.prefix AND f.area < wanted.prefix || ':' AND NOT f.departed
            JOIN record r ON r.id = f.record
            WHERE NOT r.deleted AND r.redirect IS NULL \(ofType) \(after) ORDER BY r.id
            """,
            .texts(areas.map(\.rawValue)),
            .int(type.map { Int64($0) }),
            .record(id)
        ).compactMap { $0.record(0) }
    }

    func save(_ writes: [RecordWrite]) throws {
        guard !writes.isEmpty else { return }
        var latest: [RecordID: StoredRecord] = [:]
        for write in writes { latest[write.record.state.id] = write.record }
        let sorted = latest.values.sorted { $0.state.id < $1.state.id }
        let new = sorted.filter { missing.contains($0.state.id) }
        insert(new, orReplace: false)
        insert(sorted.filter { !missing.contains($0.state.id) }, orReplace: true)
        missing.subtract(latest.keys)

        let removed = writes.flatMap { $0.removed }
        let added = writes.flatMap { $0.added }
        for reference in removed + added { referrersKnown[reference.target] = nil }
        if !removed.isEmpty {
            queue(
                """
                DELETE FROM reference r USING unnest($1, $2, $3) AS gone (target, source, field)
                WHERE r.target = gone.target AND r.source = gone.source AND r.field = gone.field
                """,
                .records(removed.map(\.target)),
                .records(removed.map(\.source)),
                .ints(removed.map { Int64($0.field) })
            )
        }
        if !added.isEmpty {
            queue(
                """
                INSERT INTO reference (target, source, field) SELECT * FROM unnest($1, $2, $3)
                ON CONFLICT DO NOTHING
                """,
                .records(added.map(\.target)),
                .records(added.map(\.source)),
                .ints(added.map { Int64($0.field) })
            )
        }
    }

    /// Writes records; those that must be new meet in the index whoever made them at the same time.
    private func insert(_ records: [StoredRecord], orReplace: Bool) {
        guard !records.isEmpty else { return }
        queue(
            """
            INSERT INTO record (id, type, revision, deleted, clock, open_conflicts, body, stamps,
                placements, redirect, own, erased)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            """
                + (orReplace
                    ? """

                    ON CONFLICT (id) DO UPDATE SET
                        type = excluded.type, revision = excluded.revision, deleted = excluded.deleted,
                        clock = excluded.clock, open_conflicts = excluded.open_conflicts,
                        body = excluded.body, stamps = excluded.stamps,
                        placements = excluded.placements, redirect = excluded.redirect,
                        own = excluded.own, erased = excluded.erased
                    """ : ""),
            .records(records.map(\.state.id)),
            .ints(records.map { Int64($0.state.type) }),
            .ints(records.map { $0.state.revision.rawValue.signed }),
            .bools(records.map(\.state.isDeleted)),
            .ints(records.map { $0.state.stamps.clock }),
            .ints(records.map { Int64($0.openConflicts) }),
            .byteses(records.map(\.state.fields.bytes)),
            .byteses(records.map(\.state.stamps.encoded)),
            .texts(records.map(\.placements.text)),
            .records(records.map(\.state.redirect)),
            .byteses(records.map { $0.own.map(\.encoded) }),
            .bools(records.map(\.state.isErased))
        )
    }

    func redirects(to id: RecordID) throws -> [RecordID] {
        try hold([id])
        return try rows("SELECT id FROM record WHERE redirect = $1 ORDER BY id", .record(id))
            .compactMap { $0.record(0) }
    }

    func followers(of id: RecordID) throws -> [Reference] {
        try hold([id])
        return try rows(
            "SELECT former, source, field FROM follower WHERE former = $1 ORDER BY source, field",
            .record(id)
        ).compactMap(Reference.init(row:))
    }

    func note(follower: Reference) throws {
        queue(
            """
            INSERT INTO follower (former, source, field) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
            """,
            .record(follower.target),
            .record(follower.source),
            .int(Int64(follower.field))
        )
    }

    func forgetFollowers(of id: RecordID) throws {
        queue("DELETE FROM follower WHERE former = $1", .record(id))
    }

    func referrers(of ids: some Collection<RecordID>) throws -> [Reference] {
        try hold(ids)
        let known = ids.compactMap { referrersKnown[$0] }
        if isWriting, known.count == ids.count { return known.flatMap { $0 } }
        return try rows(
            "SELECT target, source, field FROM reference WHERE target = ANY ($1)",
            .records(Array(ids))
        ).compactMap(Reference.init(row:))
    }
}

extension Reference {
    fileprivate init?(row: Row) {
        guard let target = row.record(0), let source = row.record(1) else { return nil }
        self.init(target: target, source: source, field: UInt32(row.unsigned(2)))
    }
}

extension StoredRecord {
    /// A record; `nil` where somebody only keeps its place.
    fileprivate init?(row: Row) throws {
        let type = UInt32(row.unsigned(1))
        guard type != 0 else { return nil }
        do {
            guard let id = row.record(0) else { throw WireError.malformed }
            self.init(
                state: RecordState(
                    id: id,
                    type: type,
                    revision: Revision(rawValue: row.unsigned(2)),
                    isDeleted: row.bool(3),
                    fields: try FieldMap(row.bytes(5)),
                    stamps: try Stamps(encoded: row.bytes(6)),
                    redirect: row.record(8),
                    isErased: row.bool(10)
                ),
                placements: [Placement](text: row.text(7)),
                openConflicts: Int(row.int(4) ?? 0),
                own: try row.optionalBytes(9).map {
                    try RecordState(encoded: $0, id: id, type: type)
                }
            )
        } catch is WireError {
            throw PostgresFailure.damaged
        }
    }
}

extension [Placement] {
    /// The placements as text: `330921101:15,330921102:3`.
    var text: String {
        map { "\($0.area.rawValue):\($0.position.rawValue)" }.joined(separator: ",")
    }

    init(text: String) {
        self = text.split(separator: ",").compactMap { item in
            let parts = item.split(separator: ":")
            guard parts.count == 2, let area = AreaCode(parts[0]), let position = UInt64(parts[1])
            else { return nil }
            return Placement(area: area, position: Position(rawValue: position))
        }
    }
}
