internal import Foundation
internal import GRDB

/// The database's versions.
///
/// Each is only ever added to the end; none is edited once released.
enum LocalMigrations {
    static var all: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { try $0.execute(sql: first) }
        migrator.registerMigration("2") { try $0.execute(sql: second) }
        migrator.registerMigration("3") { try $0.execute(sql: third) }
        migrator.registerMigration("4") { try $0.execute(sql: fourth) }
        migrator.registerMigration("5") { try $0.execute(sql: fifth) }
        migrator.registerMigration("6") { try $0.execute(sql: sixth) }
        migrator.registerMigration("7") { database in
            try database.execute(sql: seventh)
            try partKeptOutbox(in: database)
        }
        return migrator
    }

    private static let first = """
        CREATE TABLE profile (one INTEGER PRIMARY KEY CHECK (one = 1), json TEXT NOT NULL) STRICT;

        -- The key with which an enrolment was begun.
        CREATE TABLE enrolment (one INTEGER PRIMARY KEY CHECK (one = 1), seed BLOB NOT NULL) STRICT;

        CREATE TABLE record (
            number INTEGER PRIMARY KEY,
            id BLOB NOT NULL UNIQUE,
            type INTEGER NOT NULL,
            -- What the server last said; no epoch where it has said nothing.
            epoch INTEGER,
            revision INTEGER,
            deleted INTEGER,
            clock INTEGER,
            acknowledged BLOB,
            -- What the person sees; nothing where it is deleted.
            visible BLOB,
            title TEXT NOT NULL,
            searchable TEXT NOT NULL,
            -- Every area of the record, as ` 330921101 330921102 `, for lists by area.
            areas TEXT NOT NULL,
            pending INTEGER NOT NULL,
            returned INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX record_listed ON record (type, title) WHERE visible IS NOT NULL;

        CREATE TABLE placement (
            area TEXT NOT NULL,
            record BLOB NOT NULL,
            PRIMARY KEY (area, record)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX placement_record ON placement (record);

        -- Never thrown away before the server has answered.
        CREATE TABLE outbox (
            sequence INTEGER PRIMARY KEY,
            record BLOB NOT NULL,
            payload BLOB NOT NULL,
            chain BLOB NOT NULL,
            kind INTEGER,
            revision INTEGER,
            code TEXT,
            field INTEGER,
            message TEXT,
            -- Whether it still lies over the record.
            overlaid INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX outbox_overlaid ON outbox (record) WHERE overlaid;
        CREATE INDEX outbox_waiting ON outbox (sequence) WHERE kind IS NULL;
        CREATE INDEX outbox_returned ON outbox (sequence) WHERE kind = 5 AND overlaid;

        CREATE TABLE bookmark (
            area TEXT PRIMARY KEY,
            position INTEGER NOT NULL,
            floor INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE conflict (record BLOB NOT NULL, body BLOB NOT NULL) STRICT;
        CREATE INDEX conflict_record ON conflict (record);

        CREATE TABLE imported (hash BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
        """

    private static let seventh = """
        -- The unsent changes of a device that was revoked, under seal, as they are delivered.
        CREATE TABLE kept_part (
            number INTEGER PRIMARY KEY,
            changes INTEGER NOT NULL,
            sealed BLOB NOT NULL,
            -- Whether the server has signed for it; it is kept until it has for all.
            delivered INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        """

    /// What a revoked device keeps from before is its one part.
    private static func partKeptOutbox(in database: Database) throws {
        struct Kept: Decodable {
            var sealed: [UInt8]
            var changes: Int
        }
        guard let json = try String.fetchOne(database, sql: "SELECT json FROM kept_outbox") else {
            return
        }
        let kept = try JSONDecoder().decode(Kept.self, from: Data(json.utf8))
        guard kept.changes > 0 else { return }
        try database.execute(
            sql: "INSERT INTO kept_part (number, changes, sealed) VALUES (1, ?, ?)",
            arguments: [kept.changes, Data(kept.sealed)]
        )
    }

    private static let sixth = """
        -- Whether a token of the server stands for it.
        ALTER TABLE bookmark ADD COLUMN shown INTEGER NOT NULL DEFAULT 0;
        """

    private static let fifth = """
        -- The key under which what is personal is sealed, itself under a secret; and how often that was tried.
        CREATE TABLE vault (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            json TEXT NOT NULL,
            failures INTEGER NOT NULL DEFAULT 0,
            failed_at INTEGER NOT NULL DEFAULT 0,
            must_recount INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        """

    private static let fourth = """
        -- What is left of a device that was revoked.
        CREATE TABLE kept_outbox (one INTEGER PRIMARY KEY CHECK (one = 1), json TEXT NOT NULL) STRICT;
        """

    private static let third = """
        -- The epoch of the answer, and where the change stood in an epoch that a restore ended.
        ALTER TABLE outbox ADD COLUMN epoch INTEGER;
        ALTER TABLE outbox ADD COLUMN former_epoch INTEGER;
        ALTER TABLE outbox ADD COLUMN former_revision INTEGER;
        ALTER TABLE outbox ADD COLUMN former_kind INTEGER;

        -- What a placement counts for, and whether the record itself is kept here. Rows from before have
        -- no mark yet: they are counted at the next sync.
        ALTER TABLE placement ADD COLUMN mark BLOB;
        ALTER TABLE placement ADD COLUMN kept INTEGER NOT NULL DEFAULT 1;

        -- The sum of an area's marks.
        CREATE TABLE digest (
            area TEXT PRIMARY KEY,
            sum BLOB NOT NULL,
            records INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- Copies of an earlier epoch that the server has not given again.
        CREATE TABLE salvage (
            record BLOB PRIMARY KEY,
            type INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            body BLOB NOT NULL,
            deleted INTEGER NOT NULL,
            erased INTEGER NOT NULL,
            clock INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- What was counted in no way yet is counted from the rows.
        UPDATE profile SET json = json_set(json, '$.mustRecount', json('true'));
        """

    private static let second = """
        -- The record that this one was found to be: by the server, and by what lies over it.
        ALTER TABLE record ADD COLUMN acknowledged_redirect BLOB;
        ALTER TABLE record ADD COLUMN redirect BLOB;
        ALTER TABLE record ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX record_redirect ON record (redirect) WHERE redirect IS NOT NULL;

        -- Of a returned change, the numbers of the fields that a later one says.
        ALTER TABLE outbox ADD COLUMN overtaken TEXT NOT NULL DEFAULT '';

        -- What people decided about returned changes.
        CREATE TABLE settlement (
            number INTEGER PRIMARY KEY,
            sequence INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            author TEXT NOT NULL,
            reason TEXT NOT NULL,
            settled_at INTEGER NOT NULL
        ) STRICT;

        -- The server's last receipt of each epoch.
        CREATE TABLE receipt (
            epoch INTEGER PRIMARY KEY,
            sequence INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;

        -- What stood in an area when it began to be read anew, and was not placed there again yet.
        CREATE TABLE sweep (
            area TEXT NOT NULL,
            record BLOB NOT NULL,
            PRIMARY KEY (area, record)
        ) STRICT, WITHOUT ROWID;
        """
}
