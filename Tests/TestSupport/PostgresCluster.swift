public import Foundation

/// A PostgreSQL of the tests' own: in a folder of its own, on a Unix socket only, gone when they end.
public final class PostgresCluster: Sendable {
    /// Where its socket and its data are.
    public let folder: URL
    private let keeper: Keeper

    /// Whether there is a PostgreSQL to start.
    public static var isInstalled: Bool { Keeper.programs != nil }

    private static let all = Result { try PostgresCluster() }

    /// The one that the tests of this process share.
    public static func shared() throws -> PostgresCluster { try all.get() }

    /// Makes one and waits until it answers.
    public init() throws {
        keeper = try Keeper(Self.script)
        folder = keeper.folder
    }

    /// Starts it, keeps it until nobody wants it any more, and clears it away.
    ///
    /// It is restarted where that is asked for. PostgreSQL does not run as root.
    private static let script = """
        mine "$programs/initdb" -D "$folder/data" -A trust -U postgres -E UTF8 --locale=C -N \
            >"$folder/made" 2>&1 || { tail -3 "$folder/made"; exit 1; }
        cat >>"$folder/data/postgresql.conf" <<EOF
        listen_addresses = ''
        unix_socket_directories = '$folder'
        max_connections = 400
        fsync = off
        deadlock_timeout = 50ms
        EOF
        mine "$programs/pg_ctl" -D "$folder/data" -l "$folder/data/log" -w start >/dev/null 2>&1 \
            || { tail -3 "$folder/data/log"; exit 1; }
        order() {
            case $1 in
                stop) mine "$programs/pg_ctl" -D "$folder/data" -m immediate -w stop ;;
                start) mine "$programs/pg_ctl" -D "$folder/data" -l "$folder/data/log" -w start ;;
            esac
        }
        end() { order stop; }
        """

    /// Kills the server as a power cut would (`stop`), or starts it again (`start`).
    ///
    /// Returns when that is done.
    public func order(_ words: String) throws { try keeper.order(words) }

    /// Runs a script of SQL.
    public func run(_ script: String) throws {
        try keeper.run(
            "psql",
            [
                "-q", "-X", "-h", folder.path, "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-c",
                script,
            ]
        )
    }

    /// Writes a schema into a file, as an operator's backup does.
    public func dump(_ schema: String, to file: String) throws {
        try keeper.run(
            "pg_dump",
            ["-h", folder.path, "-U", "postgres", "-n", schema, "-f", file, "postgres"]
        )
    }

    /// Puts back what such a file holds.
    public func restore(_ schema: String, from file: String) throws {
        try run("DROP SCHEMA \(schema) CASCADE")
        try keeper.run(
            "psql",
            ["-q", "-X", "-h", folder.path, "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-f", file]
        )
    }

    /// The address of a schema, made where it is not there yet.
    public func schema(of name: String) throws -> String {
        let schema = name.lowercased().filter { $0.isLetter || $0.isNumber || $0 == "_" }
        try run("CREATE SCHEMA IF NOT EXISTS \"\(schema)\"")
        return "postgres:///postgres?host=\(folder.path)&user=postgres"
            + "&options=-csearch_path%3D\(schema)"
    }
}
