internal import CPQ
internal import Foundation
internal import SyncProtocol

/// Where a database is, and how long to wait for it.
public struct PostgresSettings: Sendable {
    /// A libpq connection string: `postgres://host1,host2/residence`, or `host=… dbname=…`.
    public let address: String
    /// How many connections are held at most.
    public var connections = 8
    /// How long a request waits for a database that is away, or for a connection, in seconds.
    ///
    /// A fail-over that is done by then is a pause and not an outage.
    public var patience = 30
    /// How long one statement may take, in seconds.
    public var statementTimeout = 60
    /// How long one waits for another's rows, in seconds.
    public var lockTimeout = 10
    /// How long a transaction may stand still before the database ends it, in seconds.
    public var idleTimeout = 60
    /// How long the database may say nothing while something is asked of it, in seconds: then the connection
    /// counts as lost.
    ///
    /// More than a statement may take, or work that goes on is given up.
    public var silence = 75
    /// The schema that holds the tables, made where it is missing; what the role's `search_path` says by
    /// default.
    public var schema: String?
    /// Whether the tables are made, and brought up to this version, where they are not.
    public var migrates = true

    /// Whether a place names a PostgreSQL database and not a folder.
    public static func isAddress(_ place: String) -> Bool {
        place.hasPrefix("postgres://") || place.hasPrefix("postgresql://")
    }

    /// The settings for a database.
    ///
    /// Throws `store_malformed` where libpq cannot make sense of the address.
    public init(address: String) throws {
        self.address = address
        var words: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(address, &words) else {
            let reason = words.map { String(cString: $0) } ?? ""
            if let words { PQfreemem(words) }
            // libpq's words may quote the address, and that a password.
            let isQuoted = reason.contains("\"")
            throw SyncError(
                "store_malformed",
                "数据库地址无法理解 The database's address cannot be read"
                    + (isQuoted
                        ? "" : ": \(reason.trimmingCharacters(in: .whitespacesAndNewlines))"),
                hint: "postgres://HOST1,HOST2/DATABASE?sslmode=verify-full",
                subject: "store"
            )
        }
        PQconninfoFree(options)
    }

    /// What libpq is told, the later over the earlier: what stands in the address wins over ours.
    var parameters: [(name: String, value: String)] {
        let ours = [
            ("PGTARGETSESSIONATTRS", "target_session_attrs", "read-write"),
            ("PGCONNECT_TIMEOUT", "connect_timeout", "5"),
            ("", "fallback_application_name", "residence-syncd"),
            ("", "client_encoding", "UTF8"),
            ("", "keepalives_idle", "30"),
            ("", "keepalives_interval", "10"),
            ("", "tcp_user_timeout", "30000"),
        ]
        let environment = ProcessInfo.processInfo.environment
        let asked = ours.filter { environment[$0.0] == nil }.map { (name: $0.1, value: $0.2) }
        return asked + [(name: "dbname", value: address)]
    }

    /// Where it is, without a password: for people.
    public var place: String {
        guard let options = PQconninfoParse(address, nil) else { return "PostgreSQL" }
        defer { PQconninfoFree(options) }
        var found: [String: String] = [:]
        var next = options
        while let keyword = next.pointee.keyword {
            if let value = next.pointee.val {
                found[String(cString: keyword)] = String(cString: value)
            }
            next += 1
        }
        return "\(found["host"] ?? "localhost")/\(found["dbname"] ?? "")"
    }
}
