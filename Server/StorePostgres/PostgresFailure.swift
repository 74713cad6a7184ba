internal import SyncProtocol

/// What PostgreSQL, or the way to it, refused.
struct PostgresFailure: Error {
    /// The SQLSTATE; empty where the connection itself failed.
    var state: String
    /// In the database's own words, without the statement and its values.
    var message: String
    /// Whether the connection is gone, or of no use any more.
    var isLost = false
    /// Whether it came when the transaction was to be committed: nobody knows whether it was.
    var isAmbiguous = false

    /// Whether the last statement of the round trip was not looked at: the connection was gone before anything
    /// was sent, or the database ended it at an earlier statement.
    var isCertain = false

    init(state: String, message: String, isLost: Bool = false) {
        self.state = state
        isCertain = ["25006", "25P03", "57P05"].contains(state)
        self.message = message
        self.isLost = isLost || Self.ends.contains(state) || state.hasPrefix("08")
    }

    /// What a row says that is none of ours.
    static let damaged = PostgresFailure(state: "XX001", message: "a row does not parse")

    /// Another server, a shutdown, or statements that were prepared for other tables: all are over with the
    /// connection.
    private static let ends: Set<String> = [
        "25006", "57P01", "57P02", "57P03", "57P05", "25P03", "26000", "0A000",
    ]

    /// Whether the transaction met another one, and may be done again from its beginning.
    ///
    /// Two that make the same record, setting or device at once meet in a unique index: done again, the second
    /// finds what the first one made.
    var isMeeting: Bool { ["40001", "40P01", "23505"].contains(state) }

    var error: SyncError {
        switch state {
        case _ where isAmbiguous:
            SyncError(
                "database_unavailable",
                "The database went away while it committed: what was asked may be done or not",
                hint: "Ask again: what was done is not done twice."
            )
        case "53100":
            SyncError(
                "disk_full",
                "The database's disk is full; nothing was changed",
                hint: "Make room; the service goes on by itself."
            )
        case "40001", "40P01", "23505", "55P03", "57014", "53300":
            SyncError(
                "database_busy",
                "The database is busy: \(words)",
                hint: "Try again in a moment."
            )
        case "XX001", "XX002":
            SyncError(
                "database_unreadable",
                "The database is damaged: \(words)",
                hint: "Restore it by the database's own backup."
            )
        default:
            SyncError(
                "database_unavailable",
                "The database refused: \(words)",
                hint: "Check that it runs, and the address and role in the settings."
            )
        }
    }

    private var words: String {
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        return state.isEmpty ? line : "\(line) (\(state))"
    }
}
