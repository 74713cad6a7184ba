internal import Foundation
internal import GRDB
internal import SQLiteRows
internal import SyncClient
internal import SyncProtocol

extension LocalSQLiteTransaction {
    static let recordColumns = """
        id, type, epoch, revision, deleted, clock, acknowledged, visible, pending, returned,
        (SELECT group_concat(area) FROM placement WHERE placement.record = record.id),
        acknowledged_redirect, redirect, erased
        """

    func record(_ id: RecordID) throws -> LocalRecord? {
        try row("SELECT \(Self.recordColumns) FROM record WHERE id = ?", [id.bytes])
            .map(local(_:))
    }

    func records(withPrefix digits: String) throws -> [LocalRecord] {
        try rows(
            "SELECT \(Self.recordColumns) FROM record WHERE lower(hex(id)) LIKE ? LIMIT 2",
            [digits + "%"]
        ).map(local(_:))
    }

    func records(
        ofType type: UInt32,
        in area: AreaCode?,
        offset: Int,
        limit: Int
    ) throws -> [LocalRecord] {
        guard key == nil else {
            return try sealedRecords(ofType: type, in: area, offset: offset, limit: limit)
        }
        return try rows(
            """
            SELECT \(Self.recordColumns) FROM record
            WHERE type = ? AND visible IS NOT NULL AND areas LIKE ?
            ORDER BY title, id LIMIT ? OFFSET ?
            """,
            [type, area.map { "% \($0.rawValue)%" } ?? "%", limit, offset]
        ).map(local(_:))
    }

    func search(_ words: [String], limit: Int) throws -> [LocalRecord] {
        guard key == nil else { return try sealedSearch(words, limit: limit) }
        let conditions = words.map { _ in "searchable LIKE ? ESCAPE '\\'" }
        let patterns = words.map { word in
            "%"
                + word.replacing("\\", with: "\\\\").replacing("%", with: "\\%")
                .replacing("_", with: "\\_") + "%"
        }
        return try rows(
            """
            SELECT \(Self.recordColumns) FROM record
            WHERE visible IS NOT NULL AND \(conditions.joined(separator: " AND "))
            ORDER BY type, title, id LIMIT ?
            """,
            StatementArguments(patterns) + [limit]
        ).map(local(_:))
    }

    func counts() throws -> [UInt32: Int] {
        let pairs = try rows(
            "SELECT type, count(*) FROM record WHERE visible IS NOT NULL GROUP BY type"
        ).map { ($0[0] as UInt32, $0[1] as Int) }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    func records(standingIn area: AreaCode) throws -> [LocalRecord] {
        let ids = try rows("SELECT record FROM placement WHERE area = ?", [area.rawValue])
        return try ids.compactMap { try RecordID(bytes: $0.bytes(0)).flatMap(record) }
    }

    func redirects(to id: RecordID) throws -> [LocalRecord] {
        try rows(
            "SELECT \(Self.recordColumns) FROM record WHERE redirect = ? ORDER BY id",
            [id.bytes]
        ).map(local(_:))
    }

    func placedAreas() throws -> [AreaCode] {
        try rows("SELECT DISTINCT area FROM placement").compactMap { AreaCode($0[0] as String) }
    }

    static let insertion = """
        INSERT INTO record (id, type, epoch, revision, deleted, clock, acknowledged, visible, title,
            searchable, areas, pending, returned, acknowledged_redirect, redirect, erased)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    func save(_ record: LocalRecord) throws {
        try run(
            """
            \(Self.insertion)
            ON CONFLICT (id) DO UPDATE SET
                epoch = excluded.epoch, revision = excluded.revision, deleted = excluded.deleted,
                clock = excluded.clock, acknowledged = excluded.acknowledged,
                visible = excluded.visible, title = excluded.title,
                searchable = excluded.searchable, areas = excluded.areas,
                pending = excluded.pending, returned = excluded.returned,
                acknowledged_redirect = excluded.acknowledged_redirect,
                redirect = excluded.redirect, erased = excluded.erased
            """,
            columns(of: record)
        )
    }

    /// What `insertion` takes.
    func columns(of record: LocalRecord) throws -> StatementArguments {
        let type = Schema.current.type(record.type)
        let acknowledged = record.acknowledged
        let listing = listing(of: record, type)
        return [
            record.id.bytes, record.type,
            acknowledged.map { Int64(clamping: $0.base.epoch.rawValue) },
            acknowledged.map { Int64(clamping: $0.base.revision.rawValue) },
            acknowledged?.isDeleted,
            acknowledged?.clock,
            try acknowledged.map {
                try kept($0.fields.bytes, Self.place("acknowledged", record.id))
            },
            try record.visible.map { try kept($0.bytes, Self.place("visible", record.id)) },
            listing[0], listing[1], listing[2], record.pending, record.returned,
            acknowledged?.redirect.map(\.bytes),
            record.redirect.map(\.bytes), acknowledged?.isErased ?? false,
        ]
    }

    /// What a record is listed under: its title, the words by which it is found, and its areas.
    func listing(of record: LocalRecord, _ type: RecordType?) -> [String] {
        let areas = listedAreas(record, type)
        guard key == nil else { return ["", "", areas] }
        let words = type.map { SearchText.searchable(record.visible ?? FieldMap(), as: $0) }
        return [title(of: record), words ?? "", areas]
    }

    /// Where the record is listed: where it stands, and where its own fields say that it will.
    private func listedAreas(_ record: LocalRecord, _ type: RecordType?) -> String {
        let own = (type?.placing ?? []).filter { $0.format == .area }
            .flatMap { record.visible?.texts(of: $0.number) ?? [] }
        return Set(record.areas.map(\.rawValue) + own).sorted().map { " \($0)" }.joined() + " "
    }

    func beginSweep(of area: AreaCode) throws {
        try run("DELETE FROM sweep WHERE area = ?", [area.rawValue])
        try run(
            "INSERT INTO sweep (area, record) SELECT area, record FROM placement WHERE area = ?",
            [area.rawValue]
        )
    }

    func endSweep(of area: AreaCode) throws -> [RecordID] {
        let left = try rows("SELECT record FROM sweep WHERE area = ?", [area.rawValue])
        if !left.isEmpty { try run("DELETE FROM sweep WHERE area = ?", [area.rawValue]) }
        return left.compactMap { RecordID(bytes: $0.bytes(0)) }
    }

    func erase(_ id: RecordID) throws {
        for area in try areas(of: id) { try displace(id, from: area) }
        let id = id.bytes
        try run("DELETE FROM record WHERE id = ?", [id])
        try run("DELETE FROM conflict WHERE record = ?", [id])
        try run("DELETE FROM sweep WHERE record = ?", [id])
        try run("UPDATE outbox SET overlaid = 0 WHERE record = ? AND kind IS NOT NULL", [id])
    }

    func records(before epoch: Epoch) throws -> [LocalRecord] {
        try rows(
            "SELECT \(Self.recordColumns) FROM record WHERE epoch < ? ORDER BY id",
            [Int64(clamping: epoch.rawValue)]
        ).map(local(_:))
    }

    func local(_ row: Row) throws -> LocalRecord {
        guard let id = RecordID(bytes: row.bytes(0)), let type = UInt32(exactly: row[1] as Int64)
        else { throw Self.damaged }
        var record = LocalRecord(id: id, type: type)
        do {
            if let epoch = row[2] as Int64? {
                record.acknowledged = LocalRecord.Acknowledged(
                    base: Base(
                        epoch: Epoch(rawValue: UInt64(clamping: epoch)),
                        revision: Revision(rawValue: row.unsigned(3))
                    ),
                    fields: try FieldMap(
                        told(row.bytes(6), Self.place("acknowledged", id))
                    ),
                    isDeleted: row[4] ?? false,
                    clock: row[5] ?? 0,
                    redirect: (row[11] as [UInt8]?).flatMap { RecordID(bytes: $0) }
                )
                record.acknowledged?.isErased = row[13]
            }
            record.visible = try (row[7] as [UInt8]?).map {
                try FieldMap(told(Array($0), Self.place("visible", id)))
            }
        } catch {
            throw Self.damaged
        }
        let areas = (row[10] as String?)?.split(separator: ",") ?? []
        record.areas = Set(areas.compactMap { AreaCode($0) })
        record.redirect = (row[12] as [UInt8]?).flatMap { RecordID(bytes: $0) }
        record.pending = row[8]
        record.returned = row[9]
        return record
    }

    static func place(_ column: String, _ id: RecordID) -> String {
        "record.\(column)/\(id.bytes.hexadecimal)"
    }

    func title(of record: LocalRecord) -> String {
        guard let visible = record.visible else { return "" }
        return Schema.current.type(record.type)?.title(of: visible) ?? ""
    }

    private static var damaged: DatabaseError {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a record does not parse")
    }
}
