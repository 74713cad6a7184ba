internal import GRDB
internal import SQLiteRows
internal import SyncClient
internal import SyncProtocol

// Where records stand, and what that adds up to [G-01].

extension LocalSQLiteTransaction {
    func place(_ id: RecordID, in area: AreaCode, mark: UInt128?, isKept: Bool) throws {
        let arguments: StatementArguments = [area.rawValue, id.bytes]
        let before = try self.mark(of: id, in: area)
        if before == nil || before != .some(mark) {
            try run(
                """
                INSERT INTO placement (area, record, mark, kept) VALUES (?, ?, ?, ?)
                ON CONFLICT (area, record) DO UPDATE SET mark = excluded.mark, kept = excluded.kept
                """,
                arguments + [mark.map(\.bytes), isKept]
            )
            try count(area, without: before ?? nil, with: mark)
        }
        try run("DELETE FROM sweep WHERE area = ? AND record = ?", arguments)
    }

    func displace(_ id: RecordID, from area: AreaCode) throws {
        guard let before = try mark(of: id, in: area) else { return }
        try run(
            "DELETE FROM placement WHERE area = ? AND record = ?",
            [area.rawValue, id.bytes]
        )
        try count(area, without: before, with: nil)
    }

    func areas(of id: RecordID) throws -> [AreaCode] {
        try rows("SELECT area FROM placement WHERE record = ?", [id.bytes])
            .compactMap { AreaCode($0[0] as String) }
    }

    /// The mark of a placement; `nil` where there is none.
    private func mark(of id: RecordID, in area: AreaCode) throws -> UInt128?? {
        try row(
            "SELECT mark FROM placement WHERE area = ? AND record = ?",
            [area.rawValue, id.bytes]
        ).map { $0.mark(0) }
    }

    private func count(_ area: AreaCode, without old: UInt128?, with new: UInt128?) throws {
        guard old != new else { return }
        var digest = try digest(of: area)
        if let old { digest = digest - AreaDigest(mark: old) }
        if let new { digest = digest + AreaDigest(mark: new) }
        try set(digest, of: area)
    }

    func digest(of area: AreaCode) throws -> AreaDigest {
        try row("SELECT sum, records FROM digest WHERE area = ?", [area.rawValue])
            .flatMap { AreaDigest(bytes: $0.bytes(0), records: $0[1]) } ?? .empty
    }

    func set(_ digest: AreaDigest, of area: AreaCode) throws {
        try run(
            """
            INSERT INTO digest (area, sum, records) VALUES (?, ?, ?)
            ON CONFLICT (area) DO UPDATE SET sum = excluded.sum, records = excluded.records
            """,
            [area.rawValue, digest.sum.bytes, digest.records]
        )
    }

    func digests() throws -> [AreaCode: AreaDigest] {
        let pairs = try rows(
            "SELECT area, sum, records FROM digest WHERE records <> 0 OR sum <> ?",
            [
                UInt128(0).bytes
            ]
        ).compactMap { row -> (AreaCode, AreaDigest)? in
            guard let area = AreaCode(row[0] as String),
                let digest = AreaDigest(bytes: row.bytes(1), records: row[2])
            else { return nil }
            return (area, digest)
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    func marks(in area: AreaCode, endingWith digits: String) throws -> [RecordID: UInt128?] {
        let pairs = try rows(
            "SELECT record, mark FROM placement WHERE area = ? AND lower(hex(record)) LIKE ?",
            [area.rawValue, "%\(digits)"]
        ).compactMap { row in RecordID(bytes: row.bytes(0)).map { ($0, row.mark(1)) } }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    func strays() throws -> [RecordID] {
        try rows(
            """
            SELECT id FROM record WHERE epoch IS NOT NULL AND pending = 0 AND returned = 0
                AND NOT EXISTS (SELECT 1 FROM placement WHERE placement.record = record.id)
            ORDER BY id
            """
        ).compactMap { RecordID(bytes: $0.bytes(0)) }
    }

    func unplaced() throws -> [RecordID] {
        try rows(
            """
            SELECT DISTINCT o.record FROM outbox o JOIN record r ON r.id = o.record
            WHERE o.overlaid AND o.kind IS NOT NULL AND o.kind <> 5 AND r.epoch IS NULL
                AND r.pending = 0 AND r.returned = 0
                AND NOT EXISTS (SELECT 1 FROM placement WHERE placement.record = r.id)
            ORDER BY o.record
            """
        ).compactMap { RecordID(bytes: $0.bytes(0)) }
    }

    func checkFile() throws -> [String] {
        try rows("PRAGMA integrity_check").map { $0[0] as String }.filter { $0 != "ok" }
    }

    // MARK: - Copies of an earlier epoch

    func save(_ salvage: Salvage) throws {
        let copy = salvage.copy
        try run(
            """
            INSERT INTO salvage (record, type, epoch, revision, body, deleted, erased, clock)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (record) DO UPDATE SET epoch = excluded.epoch, revision = excluded.revision,
                body = excluded.body, deleted = excluded.deleted, erased = excluded.erased,
                clock = excluded.clock
            WHERE (excluded.epoch, excluded.revision) > (epoch, revision)
            """,
            [
                salvage.id.bytes, salvage.type, Int64(clamping: copy.base.epoch.rawValue),
                Int64(clamping: copy.base.revision.rawValue),
                try kept(copy.fields.bytes, Self.place(ofSalvaged: salvage.id)),
                copy.isDeleted, copy.isErased, copy.clock,
            ]
        )
    }

    func salvaged() throws -> [Salvage] {
        try rows(
            """
            SELECT record, type, epoch, revision, body, deleted, erased, clock FROM salvage
            ORDER BY record
            """
        ).compactMap { row in
            guard let id = RecordID(bytes: row.bytes(0)),
                let fields = try? FieldMap(told(row.bytes(4), Self.place(ofSalvaged: id)))
            else { return nil }
            var copy = LocalRecord.Acknowledged(
                base: Base(
                    epoch: Epoch(rawValue: row.unsigned(2)),
                    revision: Revision(rawValue: row.unsigned(3))
                ),
                fields: fields,
                isDeleted: row[5],
                clock: row[7]
            )
            copy.isErased = row[6]
            return Salvage(id: id, type: row[1], copy: copy)
        }
    }

    private static func place(ofSalvaged id: RecordID) -> String {
        "salvage.body/\(id.bytes.hexadecimal)"
    }

    func forgetSalvage() throws { try run("DELETE FROM salvage") }
}

extension Row {
    /// A mark; `nil` where there is none.
    func mark(_ index: Int) -> UInt128? {
        (self[index] as [UInt8]?).flatMap { UInt128(bytes: Array($0)) }
    }
}
