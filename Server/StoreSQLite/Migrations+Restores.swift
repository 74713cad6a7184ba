internal import GRDB
internal import SQLiteRows
internal import SyncProtocol
internal import SyncServer

extension Migrations {
    /// What a restore needs: what a backup has of each device, what nobody has any more, who waits to be
    /// confirmed; and digests of areas.
    static let third = """
        ALTER TABLE device ADD COLUMN backed_up INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE device ADD COLUMN holes TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE device ADD COLUMN claimed TEXT;
        ALTER TABLE device ADD COLUMN last_epoch INTEGER NOT NULL DEFAULT 0;

        ALTER TABLE area ADD COLUMN digest BLOB;
        ALTER TABLE area ADD COLUMN records INTEGER NOT NULL DEFAULT 0;
        """

    /// Adds up what stands in each area.
    static func countAreas(in database: GRDB.Database) throws {
        let transaction = SQLiteTransaction(database)
        for row in try transaction.rows("SELECT code FROM area") {
            guard let area = AreaCode(row[0] as String) else { continue }
            try transaction.set(try transaction.recount(area), of: area)
        }
    }
}
