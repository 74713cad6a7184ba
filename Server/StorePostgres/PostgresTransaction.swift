internal import SyncProtocol
internal import SyncServer

/// One transaction.
///
/// What gives nothing back is not sent before something is asked, or before the end: a batch is a handful of
/// round trips, and areas' heads, which are taken last, are held for one of them.
final class PostgresTransaction: StoreTransaction {
    private let connection: Connection
    /// Whether it may write: then it locks what it reads.
    let isWriting: Bool
    private var hasBegun = false
    private var hasWritten = false
    /// Why it came to nothing.
    private var failure: PostgresFailure?
    private var queued: [Statement] = []
    let gathered = NewsGatherer()

    // What this transaction knows of what it has locked.

    /// Records that it holds, and those that it found missing: what it makes of these must be new.
    var held: Set<RecordID> = []
    var missing: Set<RecordID> = []
    var missingSettings: Set<Setting> = []
    var missingDevices: Set<DeviceID> = []
    var heldDevices: Set<DeviceID> = []
    /// Who refers to records that it holds, as long as it has changed nothing about that.
    var referrersKnown: [RecordID: [Reference]] = [:]
    /// Of the records that it holds, those to which a returned change was made.
    var withReturned: Set<RecordID> = []
    /// What stands in the areas whose heads it holds.
    var digests: [AreaCode: AreaDigest] = [:]

    // What waits to be sent together.

    var changes: [NumberedChange] = []
    var effects: [NumberedEffect] = []
    var moves: [FeedMove] = []
    /// Numbers for changes that are still to come, and how many are likely to.
    var numbers: [Int64] = []
    var expected = 1

    private init(_ connection: Connection, isWriting: Bool) {
        self.connection = connection
        self.isWriting = isWriting
    }

    /// Runs a closure in a transaction, and commits what it did; what it throws leaves nothing behind.
    static func run<R>(
        on connection: Connection,
        isWriting: Bool,
        _ body: (PostgresTransaction) throws -> R
    ) throws -> R {
        let transaction = PostgresTransaction(connection, isWriting: isWriting)
        do {
            let result = try body(transaction)
            try transaction.commit()
            return result
        } catch {
            transaction.rollBack()
            throw error
        }
    }

    private func commit() throws {
        if let failure { throw failure }
        guard hasBegun || !queued.isEmpty || !changes.isEmpty || !moves.isEmpty else { return }
        sendTogether()
        if hasWritten { keepPlaces() }
        queued.append(Statement("COMMIT"))
        do {
            _ = try send()
        } catch var failure as PostgresFailure {
            // The answer to a commit is the only one that matters twice.
            failure.isAmbiguous = failure.isLost && hasWritten && !failure.isCertain
            throw failure
        }
        hasBegun = false
        guard hasWritten, connection.mayBeUnreplicated else { return }
        var failure = PostgresFailure(state: "01000", message: "the standby has not confirmed")
        failure.isAmbiguous = true
        throw failure
    }

    /// Sees to it that what was found missing, and not made, was missing until the end: whoever makes it at the
    /// same time meets this row in the index.
    private func keepPlaces() {
        guard !missing.isEmpty else { return }
        let ids = missing.sorted()
        queued.append(
            Statement(
                """
                INSERT INTO record (id, type, revision, deleted, clock, open_conflicts, body, stamps,
                    placements, erased)
                SELECT id, 0, 0, false, 0, 0, '', '', '', false FROM unnest($1) AS new (id) ORDER BY id
                """,
                [.records(ids)]
            )
        )
    }

    /// Undoes what was done; a statement that failed has seen to that already.
    private func rollBack() {
        guard hasBegun else { return }
        // Where that fails, the connection is dropped, and the database rolls back by itself.
        do {
            _ = try connection.run([Statement("ROLLBACK")])
        } catch {
            connection.close()
        }
    }

    // MARK: - Statements

    /// Adds a statement to what is sent with the next question.
    func queue(_ sql: String, _ parameters: Parameter...) { queue(sql, parameters) }

    func queue(_ sql: String, _ parameters: [Parameter]) {
        hasWritten = true
        queued.append(Statement(sql, parameters))
    }

    /// Sends what is queued, and asks.
    func rows(_ sql: String, _ parameters: Parameter...) throws -> Rows {
        try ask([Statement(sql, parameters)])[0]
    }

    /// Sends what is queued, and asks several questions in the same round trip.
    func ask(_ questions: [Statement]) throws -> [Rows] {
        sendTogether()
        queued += questions
        return Array(try send().suffix(questions.count))
    }

    /// Sends a statement that writes and answers.
    func change(_ sql: String, _ parameters: Parameter...) throws -> Rows {
        hasWritten = true
        return try ask([Statement(sql, parameters)])[0]
    }

    private func send() throws -> [Rows] {
        let statements = hasBegun ? queued : [Statement(begin)] + queued
        queued = []
        if let failure { throw failure }
        do {
            let results = try connection.run(statements)
            hasBegun = true
            return results
        } catch let refused as PostgresFailure {
            // The connection has undone what it did: nothing may follow, whoever catches this.
            (failure, hasBegun) = (refused, false)
            throw refused
        }
    }

    private var begin: String {
        isWriting
            ? "BEGIN ISOLATION LEVEL READ COMMITTED"
            : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    }

    /// What a writer adds to a question, so that nobody changes the answer until it is done.
    var locking: String { isWriting ? "FOR UPDATE" : "" }

    // MARK: - Settings

    // An epoch is shared by all who write in it, and changed only when nobody does.
    func setting(_ key: Setting) throws -> [UInt8]? {
        let sharing = isWriting ? "FOR SHARE" : ""
        let found = try rows(
            "SELECT value FROM setting WHERE key = $1 \(sharing)",
            .text(key.rawValue)
        )
        if isWriting, found.count == 0 { missingSettings.insert(key) }
        return found.first?.bytes(0)
    }

    func set(_ value: [UInt8], for key: Setting) throws {
        gathered.kept(key)
        // What was missing must still be: another daemon may be making its own key at this moment.
        let isNew = missingSettings.remove(key) != nil
        queue(
            "INSERT INTO setting (key, value) VALUES ($1, $2)"
                + (isNew ? "" : " ON CONFLICT (key) DO UPDATE SET value = excluded.value"),
            .text(key.rawValue),
            .bytes(value)
        )
    }

    // MARK: - How much there is

    func counts() throws -> Counts {
        var counts = Counts()
        let found = try ask([
            Statement(
                """
                SELECT type, count(*) FROM record
                WHERE type <> 0 AND NOT deleted AND redirect IS NULL GROUP BY type
                """
            ),
            Statement(
                """
                SELECT (SELECT count(*) FROM record WHERE type <> 0 AND (deleted OR redirect IS NOT NULL)),
                    (SELECT count(*) FROM change),
                    (SELECT count(*) FROM conflict WHERE open),
                    (SELECT count(*) FROM conflict WHERE NOT open),
                    (SELECT count(*) FROM settlement),
                    (SELECT count(*) FROM change WHERE kind = 5),
                    (SELECT count(*) FROM device),
                    (SELECT count(*) FROM area)
                """
            ),
        ])
        for row in found[0].map({ $0 }) {
            counts.records[UInt32(row.unsigned(0))] = Int(row.int(1) ?? 0)
        }
        guard let row = found[1].first else { return counts }
        func count(_ column: Int) -> Int { Int(row.int(column) ?? 0) }
        counts.tombstones = count(0)
        counts.changes = count(1)
        counts.openConflicts = count(2)
        counts.decidedConflicts = count(3)
        counts.settled = count(4)
        counts.quarantined = count(5) - counts.settled
        counts.devices = count(6)
        counts.areas = count(7)
        return counts
    }
}
