internal import CPQ
internal import Foundation
internal import SyncProtocol

/// One connection to the database.
///
/// It belongs to the thread that made it, and blocks that thread; it is made when it is first needed.
final class Connection {
    private let settings: PostgresSettings
    private var handle: OpaquePointer?
    /// The names of the statements that are prepared, by their text.
    private var prepared: [String: String] = [:]
    private let warnings = Warnings()

    init(_ settings: PostgresSettings) { self.settings = settings }

    deinit { close() }

    /// Drops the connection; the next statement makes another one.
    func close() {
        if let handle { PQfinish(handle) }
        handle = nil
        prepared = [:]
    }

    /// Runs statements in one round trip, in order; what comes behind one that fails is not run.
    ///
    /// Each is prepared the first time. Throws the first failure.
    func run(_ statements: [Statement]) throws -> [Rows] {
        let connection = try open()
        guard !hasHungUp else { throw unsent() }
        warnings.states = []
        var new: [String: String] = [:]
        /// What results are awaited, in order: `true` for a statement's own.
        var awaited: [Bool] = []
        for statement in statements {
            var name = prepared[statement.sql] ?? new[statement.sql]
            if name == nil {
                let given = "s\(prepared.count + new.count)"
                try sent(
                    PQsendPrepare(
                        connection,
                        given,
                        statement.sql,
                        Int32(statement.types.count),
                        statement.types
                    )
                )
                new[statement.sql] = given
                awaited.append(false)
                name = given
            }
            try sent(send(statement, name ?? "", on: connection))
            awaited.append(true)
        }
        try sent(PQpipelineSync(connection))
        let results = try results(awaited, on: connection)
        prepared.merge(new) { mine, _ in mine }
        return results
    }

    private func send(_ statement: Statement, _ name: String, on connection: OpaquePointer) -> Int32
    {
        statement.bytes.withUnsafeBytes { bytes in
            // A value of no bytes is no NULL: it needs an address all the same.
            withUnsafeBytes(of: 0 as UInt8) { nothing in
                var offset = 0
                let values = statement.lengths.map { length -> UnsafePointer<CChar>? in
                    guard length >= 0 else { return nil }
                    let start =
                        length == 0 ? nothing.baseAddress : bytes.baseAddress.map { $0 + offset }
                    offset += Int(length)
                    return start?.assumingMemoryBound(to: CChar.self)
                }
                let formats = [Int32](repeating: 1, count: values.count)
                return PQsendQueryPrepared(
                    connection,
                    name,
                    Int32(values.count),
                    values,
                    statement.lengths,
                    formats,
                    1
                )
            }
        }
    }

    private func results(_ awaited: [Bool], on connection: OpaquePointer) throws -> [Rows] {
        var results: [Rows] = []
        var failure: PostgresFailure?
        for (index, isOwn) in awaited.enumerated() {
            var last: Rows?
            while let result = try next(on: connection) {
                let rows = Rows(result)
                last = rows
                switch rows.status {
                case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_PIPELINE_ABORTED: break
                default:
                    failure = failure ?? rows.failure
                    // What the database itself says here comes instead of a result: the last was not looked at.
                    if index < awaited.count - 1, failure?.state.isEmpty == false {
                        failure?.isCertain = true
                    }
                }
                if PQstatus(connection) == CONNECTION_BAD { break }
            }
            guard PQstatus(connection) != CONNECTION_BAD else { throw lost(failure) }
            if isOwn, let last { results.append(last) }
        }
        // What ends the round trip.
        while let result = try next(on: connection) {
            if Rows(result).status == PGRES_PIPELINE_SYNC { break }
        }
        guard PQstatus(connection) != CONNECTION_BAD else { throw lost(failure) }
        if let failure {
            if failure.isLost { close() } else { startAgain() }
            throw failure
        }
        return results
    }

    /// The next result, once it is there.
    ///
    /// A database that hangs, or a network that swallows everything, says nothing for longer than any
    /// statement may take: the connection counts as lost then, and nobody waits for ever.
    private func next(
        on connection: OpaquePointer,
        within seconds: Int? = nil
    ) throws -> OpaquePointer? {
        let end = ContinuousClock.now + .seconds(seconds ?? settings.silence)
        while PQisBusy(connection) == 1 {
            let left = (end - .now) / .milliseconds(1)
            guard left > 0 else {
                throw lost(PostgresFailure(state: "", message: "the database does not answer"))
            }
            var socket = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
            poll(&socket, 1, Int32(min(left + 1, 1e9)))
            guard PQconsumeInput(connection) == 1 else { throw lost(nil) }
        }
        return PQgetResult(connection)
    }

    /// Whether the last commit gave up waiting for a synchronous standby, as somebody may tell it to
    /// (`pg_cancel_backend`): the database says that it is done, with a warning that a fail-over may lose it.
    var mayBeUnreplicated: Bool { warnings.states.contains("01000") }

    /// Undoes what an open transaction did, and prepares everything anew: what was sent behind a statement that
    /// failed was never prepared, and nobody knows which.
    private func startAgain() {
        guard let handle else { return }
        PQexitPipelineMode(handle)
        if let result = PQexec(handle, "ROLLBACK; DEALLOCATE ALL") { PQclear(result) }
        prepared = [:]
        guard PQstatus(handle) == CONNECTION_OK, PQenterPipelineMode(handle) == 1 else {
            close()
            return
        }
    }

    /// Runs statements without values, in one transaction unless they say otherwise.
    ///
    /// For what cannot be prepared: tables, vacuum.
    func execute(_ script: String) throws { try execute(script, within: nil) }

    private func execute(_ script: String, within seconds: Int?) throws {
        let connection = try open()
        PQexitPipelineMode(connection)
        try sent(PQsendQuery(connection, script))
        var last: Rows?
        while let result = try next(on: connection, within: seconds) { last = Rows(result) }
        guard PQstatus(connection) != CONNECTION_BAD else { throw lost(last?.failure) }
        guard PQenterPipelineMode(connection) == 1, let last else { throw lost(nil) }
        guard last.status == PGRES_COMMAND_OK || last.status == PGRES_TUPLES_OK else {
            let failure = last.failure
            if failure.isLost { close() }
            throw failure
        }
    }

    /// The same, for as long as it takes.
    func executeSlowly(_ script: String) throws {
        try execute("SET statement_timeout = 0")
        do {
            try execute(script, within: 30 * 86_400)
            try execute("SET statement_timeout = '\(settings.statementTimeout)s'")
        } catch {
            // The next one sets its limits anew.
            close()
            throw error
        }
    }

    private func sent(_ done: Int32) throws {
        guard done == 1 else { throw lost(nil) }
    }

    /// The same, where nothing of what was to be done has been sent.
    private func unsent() -> PostgresFailure {
        var failure = lost(nil)
        failure.isCertain = true
        return failure
    }

    /// Drops what is left of the connection, and says why.
    private func lost(_ failure: PostgresFailure?) -> PostgresFailure {
        let words = handle.map { String(cString: PQerrorMessage($0)) } ?? ""
        close()
        var lost = failure ?? PostgresFailure(state: "", message: words)
        lost.isLost = true
        return lost
    }

    /// What was said on the channels that this connection listens to, within a time at most.
    ///
    /// Throws where the connection is gone: nobody listens any more then.
    func notifications(within milliseconds: Int32) throws -> [String] {
        guard let handle, PQstatus(handle) == CONNECTION_OK else { throw unsent() }
        var socket = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        poll(&socket, 1, milliseconds)
        guard PQconsumeInput(handle) == 1, PQstatus(handle) == CONNECTION_OK else {
            throw lost(nil)
        }
        var said: [String] = []
        while let notification = PQnotifies(handle) {
            if let words = notification.pointee.extra { said.append(String(cString: words)) }
            PQfreemem(notification)
        }
        return said
    }

    // MARK: - Opening

    private func open() throws -> OpaquePointer {
        if let handle, PQstatus(handle) == CONNECTION_OK { return handle }
        close()
        let words = settings.parameters
        let names = words.map { strdup($0.name) }
        let values = words.map { strdup($0.value) }
        defer { (names + values).forEach { free($0) } }
        let keywords = names.map { UnsafePointer($0) } + [nil]
        let texts = values.map { UnsafePointer($0) } + [nil]
        guard let new = PQconnectdbParams(keywords, texts, 1) else { throw unsent() }
        handle = new
        guard PQstatus(new) == CONNECTION_OK, PQenterPipelineMode(new) == 1 else { throw unsent() }
        PQsetNoticeReceiver(
            new,
            { warnings, notice in
                guard let warnings, let state = PQresultErrorField(notice, Rows.sqlstate) else {
                    return
                }
                Unmanaged<Warnings>.fromOpaque(warnings).takeUnretainedValue().states
                    .append(String(cString: state))
            },
            Unmanaged.passUnretained(warnings).toOpaque()
        )
        do {
            try prepareSession()
        } catch var failure as PostgresFailure {
            close()
            failure.isCertain = true
            throw failure
        } catch {
            close()
            throw error
        }
        return new
    }

    /// Sets the limits within which a session may keep others waiting, and sees to the tables.
    private func prepareSession() throws {
        // What a commit acknowledged has to survive: a database that is told otherwise is overruled for us.
        try execute(
            """
            SET statement_timeout = '\(settings.statementTimeout)s';
            SET lock_timeout = '\(settings.lockTimeout)s';
            SET idle_in_transaction_session_timeout = '\(settings.idleTimeout)s';
            SET client_min_messages = warning;
            SELECT set_config('synchronous_commit', 'on', false)
                WHERE current_setting('synchronous_commit') = 'off';
            """
        )
        if let schema = settings.schema {
            try execute("CREATE SCHEMA IF NOT EXISTS \(schema); SET search_path = \(schema)")
        }
        if settings.migrates { try Migrations.run(on: self) }
    }

    /// Whether the other side has hung up, as far as that is known here: nothing is asked.
    ///
    /// One that has is dropped, so that the next statement is not the one to find out.
    func dropIfClosed() {
        if hasHungUp { close() }
    }

    /// A word of farewell is read first; what comes after it is the end.
    private var hasHungUp: Bool {
        guard let handle else { return false }
        return PQconsumeInput(handle) == 0 || PQconsumeInput(handle) == 0
            || PQstatus(handle) == CONNECTION_BAD
    }
}

/// What the database warned of in the last round trip, by its codes.
private final class Warnings {
    var states: [String] = []
}
