internal import Foundation
internal import GRDB
internal import SQLiteRows
internal import SyncProtocol
internal import SyncServer

extension SQLiteTransaction {
    private static let recordColumns =
        "id, type, revision, deleted, open_conflicts, body, stamps, placements, redirect, own, erased"
    // What every change runs is put together once.
    private static let recordOfID = "SELECT \(recordColumns) FROM record WHERE id = ?"

    func records(_ ids: some Collection<RecordID>) throws -> [RecordID: StoredRecord] {
        var found: [RecordID: StoredRecord] = [:]
        for id in ids {
            found[id] = try row(Self.recordOfID, [id.bytes]).map(StoredRecord.init(row:))
        }
        return found
    }

    func records(ofType type: UInt32?, after id: RecordID?, limit: Int) throws -> [StoredRecord] {
        try rows(
            """
            SELECT \(Self.recordColumns) FROM record
            WHERE id > ? AND (? IS NULL OR type = ?) ORDER BY id LIMIT ?
            """,
            [id?.bytes ?? [], type, type, limit]
        ).map(StoredRecord.init(row:))
    }

    func ids(
        ofType type: UInt32?,
        under areas: [AreaCode],
        after id: RecordID?
    ) throws -> [RecordID] {
        // From the feeds to the records, never the other way.
        let found = try areas.flatMap { area in
            try rows(
                """
                SELECT r.id FROM area a CROSS JOIN feed f ON f.area = a.number
                    CROSS JOIN record r ON r.number = f.record
                WHERE a.code >= ?1 AND a.code < ?2 AND r.id > ?3 AND (?4 IS NULL OR r.type = ?4)
                    AND NOT r.deleted AND r.redirect IS NULL
                """,
                [area.rawValue, area.rawValue + ":", id?.bytes ?? [], type]
            ).compactMap { RecordID(bytes: $0.bytes(0)) }
        }
        return Set(found).sorted()
    }

    func save(_ writes: [RecordWrite]) throws {
        for write in writes {
            let state = write.record.state
            try run(
                """
                INSERT INTO record (id, type, revision, deleted, clock, open_conflicts, body, stamps,
                    placements, redirect, own, erased)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET
                    revision = excluded.revision, deleted = excluded.deleted, clock = excluded.clock,
                    open_conflicts = excluded.open_conflicts, body = excluded.body,
                    stamps = excluded.stamps, placements = excluded.placements,
                    redirect = excluded.redirect, own = excluded.own, erased = excluded.erased
                """,
                [
                    state.id.bytes, state.type, state.revision.rawValue.signed,
                    state.isDeleted, state.stamps.clock, write.record.openConflicts,
                    state.fields.bytes, state.stamps.encoded,
                    write.record.placements.text, state.redirect.map(\.bytes),
                    write.record.own.map(\.encoded), state.isErased,
                ]
            )
            for reference in write.removed {
                try run(
                    "DELETE FROM reference WHERE target = ? AND source = ? AND field = ?",
                    reference.arguments
                )
            }
            for reference in write.added {
                try run(
                    "INSERT OR IGNORE INTO reference (target, source, field) VALUES (?, ?, ?)",
                    reference.arguments
                )
            }
        }
    }

    func redirects(to id: RecordID) throws -> [RecordID] {
        try rows("SELECT id FROM record WHERE redirect = ? ORDER BY id", [id.bytes])
            .compactMap { RecordID(bytes: $0.bytes(0)) }
    }

    func followers(of id: RecordID) throws -> [Reference] {
        try rows(
            "SELECT source, field FROM follower WHERE former = ? ORDER BY source, field",
            [id.bytes]
        ).compactMap { row in
            RecordID(bytes: row.bytes(0)).map { Reference(target: id, source: $0, field: row[1]) }
        }
    }

    func note(follower: Reference) throws {
        try run(
            "INSERT OR IGNORE INTO follower (former, source, field) VALUES (?, ?, ?)",
            follower.arguments
        )
    }

    func forgetFollowers(of id: RecordID) throws {
        try run("DELETE FROM follower WHERE former = ?", [id.bytes])
    }

    func referrers(of ids: some Collection<RecordID>) throws -> [Reference] {
        try ids.flatMap { target in
            try rows("SELECT source, field FROM reference WHERE target = ?", [target.bytes])
                .compactMap { row in
                    RecordID(bytes: row.bytes(0)).map {
                        Reference(target: target, source: $0, field: row[1])
                    }
                }
        }
    }
}

extension Reference {
    fileprivate var arguments: StatementArguments {
        [target.bytes, source.bytes, field]
    }
}

extension StoredRecord {
    fileprivate init(row: Row) throws {
        do {
            guard let id = RecordID(bytes: row.bytes(0)) else { throw WireError.malformed }
            let type: UInt32 = row[1]
            self.init(
                state: RecordState(
                    id: id,
                    type: type,
                    revision: Revision(rawValue: row.unsigned(2)),
                    isDeleted: row[3],
                    fields: try FieldMap(row.bytes(5)),
                    stamps: try Stamps(encoded: row.bytes(6)),
                    redirect: (row[8] as [UInt8]?).flatMap { RecordID(bytes: $0) },
                    isErased: row[10]
                ),
                placements: [Placement](text: row[7]),
                openConflicts: row[4],
                own: try (row[9] as [UInt8]?).map {
                    try RecordState(encoded: Array($0), id: id, type: type)
                }
            )
        } catch is WireError {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a record does not parse")
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
