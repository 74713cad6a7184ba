internal import Foundation
internal import GRDB
internal import SQLiteRows
internal import SyncClient
internal import SyncProtocol
internal import SyncTrust

/// One transaction on the device.
struct LocalSQLiteTransaction: LocalTransaction, RunsStatements {
    let database: GRDB.Database
    /// Under which what is personal is sealed; `nil` where nothing is.
    let key: DataKey?
    /// Where that key is held.
    private(set) var vault: LocalVault?

    init(_ database: GRDB.Database, _ key: DataKey? = nil) {
        (self.database, self.key) = (database, key)
    }

    init(_ database: GRDB.Database, in vault: LocalVault) {
        (self.database, key, self.vault) = (database, vault.key, vault)
    }

    // MARK: - Who this is

    func profile() throws -> DeviceProfile? {
        guard let json = try row("SELECT json FROM profile")?[0] as String? else { return nil }
        let told = try told(json, "profile.json/1")
        return try (vault ?? LocalVault()).profile(told)
    }

    func save(_ profile: DeviceProfile) throws {
        let json = String(decoding: try JSONEncoder().encode(profile), as: UTF8.self)
        vault?.note(profile, json)
        try run(
            """
            INSERT INTO profile (one, json) VALUES (1, ?)
            ON CONFLICT (one) DO UPDATE SET json = excluded.json
            """,
            [try kept(json, "profile.json/1")]
        )
    }

    /// Has what is held counted from the rows at the next sync.
    func noteRecount() throws {
        guard var profile = try profile() else { return }
        profile.mustRecount = true
        try save(profile)
    }

    func enrolmentSeed() throws -> [UInt8]? {
        try row("SELECT seed FROM enrolment").map { try told($0.bytes(0), "enrolment.seed/1") }
    }

    func save(enrolmentSeed seed: [UInt8]) throws {
        try run(
            "INSERT OR REPLACE INTO enrolment (one, seed) VALUES (1, ?)",
            [try kept(seed, "enrolment.seed/1")]
        )
    }

    // MARK: - Bookmarks

    func bookmarks() throws -> [Bookmark] {
        try bookmarks("SELECT area, position, floor FROM bookmark ORDER BY area")
    }

    func bookmarksToShow() throws -> [Bookmark] {
        try bookmarks("SELECT area, position, floor FROM bookmark WHERE NOT shown ORDER BY area")
    }

    func noteBookmarksShown() throws {
        try run("UPDATE bookmark SET shown = 1 WHERE floor = 0 AND NOT shown")
    }

    private func bookmarks(_ sql: String) throws -> [Bookmark] {
        try rows(sql).compactMap { row in
            AreaCode(row[0] as String).map {
                Bookmark(
                    area: $0,
                    position: Position(rawValue: row.unsigned(1)),
                    floor: Position(rawValue: row.unsigned(2))
                )
            }
        }
    }

    func save(_ bookmark: Bookmark) throws {
        try run(
            """
            INSERT INTO bookmark (area, position, floor) VALUES (?, ?, ?)
            ON CONFLICT (area) DO UPDATE SET position = excluded.position, floor = excluded.floor,
                shown = 0
            """,
            [
                bookmark.area.rawValue, Int64(clamping: bookmark.position.rawValue),
                Int64(clamping: bookmark.floor.rawValue),
            ]
        )
    }

    func forgetBookmarks() throws {
        try run("UPDATE bookmark SET position = 0, floor = 0")
        try run("DELETE FROM sweep")
    }

    func forgetBookmark(of area: AreaCode) throws {
        try run("DELETE FROM bookmark WHERE area = ?", [area.rawValue])
        try run("DELETE FROM sweep WHERE area = ?", [area.rawValue])
    }

    // MARK: - Conflicts

    func conflicts(of id: RecordID) throws -> [[UInt8]] {
        try rows("SELECT body FROM conflict WHERE record = ? ORDER BY rowid", [id.bytes])
            .map { try told($0.bytes(0), Self.place(ofConflictAbout: id.bytes)) }
    }

    func conflicts() throws -> [[UInt8]] {
        try rows("SELECT body, record FROM conflict ORDER BY rowid").map {
            try told($0.bytes(0), Self.place(ofConflictAbout: $0.bytes(1)))
        }
    }

    private static func place(ofConflictAbout record: [UInt8]) -> String {
        "conflict.body/\(record.hexadecimal)"
    }

    func conflictCount() throws -> Int { try row("SELECT count(*) FROM conflict")?[0] ?? 0 }

    func set(conflicts: [[UInt8]], of id: RecordID) throws {
        try run("DELETE FROM conflict WHERE record = ?", [id.bytes])
        for conflict in conflicts {
            try run(
                "INSERT INTO conflict (record, body) VALUES (?, ?)",
                [
                    id.bytes, try kept(conflict, Self.place(ofConflictAbout: id.bytes)),
                ]
            )
        }
    }

    // MARK: - Receipts

    func lastReceipt() throws -> SyncReceipt? {
        try row("SELECT body FROM receipt ORDER BY epoch DESC LIMIT 1")
            .flatMap { SyncReceipt($0.bytes(0)) }
    }

    func receipts() throws -> [SyncReceipt] {
        try rows("SELECT body FROM receipt ORDER BY epoch").compactMap { SyncReceipt($0.bytes(0)) }
    }

    func save(_ receipt: SyncReceipt) throws {
        try run(
            """
            INSERT INTO receipt (epoch, sequence, body) VALUES (?, ?, ?)
            ON CONFLICT (epoch) DO UPDATE SET sequence = excluded.sequence, body = excluded.body
                WHERE excluded.sequence >= sequence
            """,
            [
                Int64(clamping: receipt.epoch.rawValue), Int64(clamping: receipt.sequence.rawValue),
                receipt.encoded,
            ]
        )
    }

    func dropReceipts(above sequence: SequenceNumber) throws {
        try run(
            "DELETE FROM receipt WHERE sequence > ?",
            [Int64(clamping: sequence.rawValue)]
        )
    }

    // MARK: - Settlements

    func save(_ settlement: Settlement) throws {
        try run(
            """
            INSERT OR REPLACE INTO settlement (number, sequence, kind, author, reason, settled_at)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                Int64(clamping: settlement.number), Int64(clamping: settlement.sequence.rawValue),
                settlement.kind.rawValue,
                try kept(settlement.by, "settlement.author/\(settlement.number)"),
                try kept(settlement.reason, "settlement.reason/\(settlement.number)"),
                settlement.settledAt,
            ]
        )
    }

    func settlements(limit: Int) throws -> [Settlement] {
        try rows(
            """
            SELECT number, sequence, kind, author, reason, settled_at FROM settlement
            ORDER BY number DESC LIMIT ?
            """,
            [limit]
        ).compactMap { row in
            let number = row.unsigned(0)
            return try Settlement.Kind(rawValue: row[2]).map { kind in
                Settlement(
                    number: number,
                    sequence: SequenceNumber(rawValue: row.unsigned(1)),
                    kind: kind,
                    by: try told(row[3] as String, "settlement.author/\(number)"),
                    reason: try told(row[4] as String, "settlement.reason/\(number)"),
                    settledAt: row[5]
                )
            }
        }
    }

    // MARK: - Imported rows

    func wasImported(_ hash: [UInt8]) throws -> Bool {
        try row("SELECT 1 FROM imported WHERE hash = ?", [importName(hash)]) != nil
    }

    func noteImported(_ hash: [UInt8]) throws {
        try run("INSERT OR IGNORE INTO imported (hash) VALUES (?)", [importName(hash)])
    }
}

/// GRDB has its own, by name.
typealias Row = SQLiteRows.Row
typealias StatementArguments = SQLiteRows.StatementArguments
