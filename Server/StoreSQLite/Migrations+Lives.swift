extension Migrations {
    /// What a device's life needs: what waits on it, whether it is suspended, and how it ended, in JSON.
    static let fourth = """
        ALTER TABLE device ADD COLUMN pending INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE device ADD COLUMN suspended_at INTEGER;
        ALTER TABLE device ADD COLUMN revoked TEXT;
        """

    /// Whose chain a device goes on from, in JSON.
    static let sixth = """
        ALTER TABLE device ADD COLUMN succession TEXT;
        """

    /// How far a holder of very many areas has read.
    static let seventh = """
        ALTER TABLE device ADD COLUMN vector BLOB;
        """

    /// What of the records an expected device will see, in JSON.
    static let eighth = """
        ALTER TABLE enrolment ADD COLUMN scope TEXT;
        """

    /// The last announcement that a device has.
    static let ninth = """
        ALTER TABLE device ADD COLUMN announced INTEGER NOT NULL DEFAULT 0;
        """

    /// What was returned, by its number: whoever lists it does not go through all that was ever accepted.
    static let tenth = """
        CREATE INDEX change_returned ON change (number) WHERE kind = 5;
        """

    /// Who read what.
    static let fifth = """
        CREATE TABLE access (
            number INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            content BLOB NOT NULL,
            records BLOB NOT NULL,
            chain BLOB NOT NULL
        ) STRICT;
        """
}
