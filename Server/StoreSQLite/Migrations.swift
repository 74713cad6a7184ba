internal import GRDB

/// The database's versions.
///
/// Each is only ever added to the end; none is edited once released.
enum Migrations {
    static var all: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { try $0.execute(sql: first) }
        migrator.registerMigration("2") { database in
            try database.execute(sql: second)
            try completeHistory(in: database)
            try completeConflicts(in: database)
        }
        migrator.registerMigration("3") { database in
            try database.execute(sql: third)
            try countAreas(in: database)
        }
        migrator.registerMigration("4") { try $0.execute(sql: fourth) }
        migrator.registerMigration("5") { try $0.execute(sql: fifth) }
        migrator.registerMigration("6") { try $0.execute(sql: sixth) }
        migrator.registerMigration("7") { try $0.execute(sql: seventh) }
        migrator.registerMigration("8") { try $0.execute(sql: eighth) }
        migrator.registerMigration("9") { try $0.execute(sql: ninth) }
        migrator.registerMigration("10") { try $0.execute(sql: tenth) }
        return migrator
    }

    private static let first = """
        CREATE TABLE setting (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;

        CREATE TABLE device (
            number INTEGER PRIMARY KEY,
            id BLOB NOT NULL UNIQUE,
            public_key BLOB NOT NULL,
            name TEXT NOT NULL,
            department TEXT,
            grants TEXT NOT NULL,
            high_water INTEGER NOT NULL,
            chain BLOB NOT NULL,
            enrolled_at INTEGER NOT NULL,
            last_contact INTEGER,
            clock_offset INTEGER NOT NULL,
            software TEXT NOT NULL,
            forked_at INTEGER
        ) STRICT;

        CREATE TABLE enrolment (
            code_hash BLOB PRIMARY KEY,
            name TEXT NOT NULL,
            areas TEXT NOT NULL,
            department TEXT,
            expires_at INTEGER NOT NULL,
            used_by BLOB
        ) STRICT;

        -- A rowid table with a unique index on the id: derived ids are random, and a row is large.
        CREATE TABLE record (
            number INTEGER PRIMARY KEY,
            id BLOB NOT NULL UNIQUE,
            type INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            deleted INTEGER NOT NULL,
            clock INTEGER NOT NULL,
            open_conflicts INTEGER NOT NULL,
            body BLOB NOT NULL,
            stamps BLOB NOT NULL,
            placements TEXT NOT NULL
        ) STRICT;

        CREATE TABLE reference (
            target BLOB NOT NULL,
            source BLOB NOT NULL,
            field INTEGER NOT NULL,
            PRIMARY KEY (target, source, field)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE area (
            number INTEGER PRIMARY KEY,
            code TEXT NOT NULL UNIQUE,
            head INTEGER NOT NULL
        ) STRICT;

        -- What stands at a position: a record's number, or the id of one that left.
        CREATE TABLE feed (
            area INTEGER NOT NULL,
            position INTEGER NOT NULL,
            record INTEGER,
            departed BLOB,
            PRIMARY KEY (area, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX feed_departed ON feed (departed, area) WHERE departed IS NOT NULL;

        -- The history: only ever added to.
        CREATE TABLE change (
            number INTEGER PRIMARY KEY,
            device INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            record BLOB,
            payload BLOB NOT NULL,
            hash BLOB NOT NULL,
            kind INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            code TEXT,
            field INTEGER,
            message TEXT,
            received_at INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            UNIQUE (device, sequence)
        ) STRICT;
        CREATE INDEX change_record ON change (record);
        CREATE INDEX change_quarantined ON change (record) WHERE kind = 5;

        CREATE TABLE conflict (
            number INTEGER PRIMARY KEY,
            record BLOB NOT NULL,
            device BLOB NOT NULL,
            open INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX conflict_record ON conflict (record);
        CREATE INDEX conflict_open ON conflict (record) WHERE open;
        """
}
