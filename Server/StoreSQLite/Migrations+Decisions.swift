internal import Foundation
internal import GRDB
internal import SQLiteRows
internal import SyncProtocol

extension Migrations {
    /// What people decide: conflicts with a life, settled quarantine, redirects, erasures, history with
    /// what was before, and feeds that tombstones leave.
    static let second = """
        ALTER TABLE enrolment ADD COLUMN role TEXT NOT NULL DEFAULT 'coordinator';

        ALTER TABLE device ADD COLUMN last_grant INTEGER NOT NULL DEFAULT 0;

        -- The record that this one was found to be; what was made on this one itself, where others
        -- point to it.
        ALTER TABLE record ADD COLUMN redirect BLOB;
        ALTER TABLE record ADD COLUMN own BLOB;
        ALTER TABLE record ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX record_redirect ON record (redirect) WHERE redirect IS NOT NULL;

        -- References that were made to follow the redirect of a record.
        CREATE TABLE follower (
            former BLOB NOT NULL,
            source BLOB NOT NULL,
            field INTEGER NOT NULL,
            PRIMARY KEY (former, source, field)
        ) STRICT, WITHOUT ROWID;

        -- What leads the record back to what it was; nothing where the change wrote nothing.
        ALTER TABLE change ADD COLUMN undo BLOB;
        ALTER TABLE change ADD COLUMN redacted INTEGER NOT NULL DEFAULT 0;

        -- What a change did to another record than its own.
        CREATE TABLE effect (
            record BLOB NOT NULL,
            revision INTEGER NOT NULL,
            change INTEGER NOT NULL,
            undo BLOB NOT NULL,
            via BLOB NOT NULL,
            PRIMARY KEY (record, revision, change)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX effect_via ON effect (via);

        ALTER TABLE conflict ADD COLUMN impact INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE conflict ADD COLUMN via BLOB;
        CREATE INDEX conflict_via ON conflict (via) WHERE via IS NOT NULL;
        CREATE INDEX conflict_ranked ON conflict (impact DESC, number) WHERE open;

        -- What was decided about a change in quarantine, in the order of deciding.
        CREATE TABLE settlement (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            change INTEGER NOT NULL UNIQUE,
            device INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            author TEXT NOT NULL,
            reason TEXT NOT NULL,
            settled_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX settlement_device ON settlement (device, number);

        ALTER TABLE area ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE feed ADD COLUMN gone_at INTEGER;
        CREATE INDEX feed_gone ON feed (area, gone_at) WHERE gone_at IS NOT NULL;

        CREATE TABLE reading (
            device INTEGER NOT NULL,
            area INTEGER NOT NULL,
            position INTEGER NOT NULL,
            PRIMARY KEY (area, device)
        ) STRICT, WITHOUT ROWID;
        """

    /// Says of what the first version kept as much as is known of it, and no more.
    ///
    /// What was there before an edit was not kept: only what a creation made has a known before, nothing. A
    /// tombstone or departure counts as gone from now on.
    static func completeHistory(in database: GRDB.Database) throws {
        try database.execute(
            sql: "UPDATE change SET undo = ? WHERE kind NOT IN (4, 5)",
            arguments: [Data(Undo.forgotten)]
        )
        try database.execute(
            sql: """
                UPDATE change SET undo = x'00'
                WHERE number IN (SELECT min(number) FROM change WHERE kind <> 5 GROUP BY record)
                """
        )
        try database.execute(
            sql: """
                UPDATE feed SET gone_at = unixepoch() * 1000
                WHERE record IS NULL OR record IN (SELECT number FROM record WHERE deleted)
                """
        )
    }

    /// Gives conflicts of the first version what they did not name yet: type, epoch and impact.
    static func completeConflicts(in database: GRDB.Database) throws {
        let transaction = SQLiteTransaction(database)
        let epoch = try transaction.row("SELECT value FROM setting WHERE key = 'epoch'")
        let number = epoch?.bytes(0).reduce(0 as UInt64) { $0 << 8 | UInt64($1) } ?? 0
        let rows = try transaction.rows(
            "SELECT c.number, c.body, r.type FROM conflict c JOIN record r ON r.id = c.record"
        )
        for row in rows {
            let type: UInt32 = row[2]
            var body = row.bytes(1)
            body.append(varint: number, as: 13)
            body.append(varint: UInt64(type), as: 17)
            guard var entry = ConflictEntry(body), let known = Schema.current.type(type) else {
                continue
            }
            entry.impact = SchemaRules().impact(of: entry.conflict, as: known)
            try database.execute(
                sql: "UPDATE conflict SET body = ?, impact = ? WHERE number = ?",
                arguments: [Data(entry.encoded), entry.impact, row[0] as Int64]
            )
        }
    }
}
