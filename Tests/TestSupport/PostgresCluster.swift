public import Foundation

/// A PostgreSQL of the tests' own: in a folder of its own, on a Unix socket only, gone when they end.
public final class PostgresCluster: Sendable {
    /// What could not be done.
    public struct Failure: Error, CustomStringConvertible {
        /// What happened.
        public let description: String
    }

    /// Where its socket and its data are.
    public let folder: URL
    /// Open as long as the cluster is wanted: its keeper reads from the other end until that is closed, also
    /// by the end of this process, however it comes.
    private let lifeline: FileHandle

    /// The programs of the newest PostgreSQL that is installed.
    private static let programs: URL? = {
        let versions = URL(fileURLWithPath: "/usr/lib/postgresql")
        let found = try? FileManager.default.contentsOfDirectory(
            at: versions,
            includingPropertiesForKeys: nil
        )
        return (found ?? []).map { $0.appendingPathComponent("bin") }
            .filter {
                FileManager.default.isExecutableFile(
                    atPath: $0.appendingPathComponent("initdb").path
                )
            }
            .max { $0.path.compare($1.path, options: .numeric) == .orderedAscending }
    }()

    /// Whether there is a PostgreSQL to start.
    public static var isInstalled: Bool { programs != nil }

    private static let all = Result { try PostgresCluster() }

    /// The one that the tests of this process share.
    public static func shared() throws -> PostgresCluster { try all.get() }

    /// Makes one and waits until it answers.
    public init() throws {
        guard let programs = Self.programs else {
            throw Failure(description: "no PostgreSQL is installed: make deps-postgres")
        }
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("pg-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let (input, output) = (Pipe(), Pipe())
        lifeline = input.fileHandleForWriting
        // Other programs that the tests start must not hold it open.
        _ = fcntl(lifeline.fileDescriptor, F_SETFD, FD_CLOEXEC)
        try Self.start(
            ["-c", Self.keeper, "keeper", programs.path, folder.path],
            input: input.fileHandleForReading,
            output: output.fileHandleForWriting
        )
        try output.fileHandleForWriting.close()
        let answer = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard answer.contains("ready") else {
            throw Failure(description: "PostgreSQL did not start: \(answer)")
        }
    }

    deinit { try? lifeline.close() }

    /// Starts it, keeps it until nobody wants it any more, and clears it away.
    ///
    /// It is restarted where that is asked for. PostgreSQL does not run as root.
    private static let keeper = """
        programs=$1 folder=$2
        mine() { "$@"; }
        if [ "$(id -u)" = 0 ]; then
            mine() { runuser -u postgres -- "$@"; }
            chown postgres "$folder"
        fi
        cd "$folder"
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
        echo ready
        exec >/dev/null 2>&1
        while read -r word; do
            case $word in
                stop) mine "$programs/pg_ctl" -D "$folder/data" -m immediate -w stop ;;
                start) mine "$programs/pg_ctl" -D "$folder/data" -l "$folder/data/log" -w start ;;
            esac
            : >"$folder/$word.done"
        done
        mine "$programs/pg_ctl" -D "$folder/data" -m immediate -w stop
        cd /
        rm -rf "$folder"
        """

    private static func start(
        _ arguments: [String],
        input: FileHandle?,
        output: FileHandle
    ) throws {
        let process = try spawn("/bin/sh", arguments, input: input, output: output)
        guard process > 0 else { throw Failure(description: "no shell") }
    }

    private static func spawn(
        _ program: String,
        _ arguments: [String],
        input: FileHandle?,
        output: FileHandle?
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input.fileDescriptor, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        if let output {
            posix_spawn_file_actions_adddup2(&actions, output.fileDescriptor, 1)
        } else {
            posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        let words = ([program] + arguments).map { strdup($0) } + [nil]
        let variables =
            ProcessInfo.processInfo.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var process: pid_t = 0
        let error = posix_spawn(&process, program, &actions, nil, words, variables)
        guard error == 0 else { throw POSIXError(POSIXErrorCode(rawValue: error) ?? .ENOEXEC) }
        return process
    }

    /// Kills the server as a power cut would, or starts it again.
    ///
    /// Returns when that is done.
    public func order(_ word: String) throws {
        let mark = folder.appendingPathComponent("\(word).done").path
        try lifeline.write(contentsOf: Data("\(word)\n".utf8))
        while !FileManager.default.fileExists(atPath: mark) { usleep(20_000) }
        try FileManager.default.removeItem(atPath: mark)
    }

    /// Runs a script of SQL.
    public func run(_ script: String) throws {
        guard let programs = Self.programs else { return }
        let process = try Self.spawn(
            programs.appendingPathComponent("psql").path,
            [
                "-q", "-X", "-h", folder.path, "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-c",
                script,
            ],
            input: nil,
            output: nil
        )
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 { guard errno == EINTR else { break } }
        guard status == 0 else { throw Failure(description: "psql refused: \(script)") }
    }

    /// The address of a schema, made where it is not there yet.
    public func schema(of name: String) throws -> String {
        let schema = name.lowercased().filter { $0.isLetter || $0.isNumber || $0 == "_" }
        try run("CREATE SCHEMA IF NOT EXISTS \"\(schema)\"")
        return "postgres:///postgres?host=\(folder.path)&user=postgres"
            + "&options=-csearch_path%3D\(schema)"
    }
}
