internal import Foundation
internal import Synchronization

/// A shell that keeps servers for the tests: it carries out orders, and clears everything away when nobody
/// wants it any more, also by the end of this process, however that comes.
final class Keeper: Sendable {
    /// What could not be done.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Where everything is that it keeps.
    let folder: URL
    /// The shell reads from the other end until that is closed.
    private let lifeline: FileHandle
    private let ordering = Mutex(())

    /// The programs of the newest PostgreSQL that is installed.
    static let programs: URL? = {
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

    /// Runs a script that starts what is kept and defines `order` and `end`; returns when that is started.
    ///
    /// The script finds `$programs`, `$folder`, its arguments from `$3` on, and `mine`, by which programs are run as a
    /// user who may run PostgreSQL: it does not run as root.
    init(_ script: String, _ arguments: [String] = []) throws {
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
        let process = try Self.spawn(
            "/bin/sh",
            [
                "-c", Self.before + script + Self.after, "keeper", programs.path, folder.path,
            ] + arguments,
            input: input.fileHandleForReading,
            output: output.fileHandleForWriting
        )
        guard process > 0 else { throw Failure(description: "no shell") }
        try output.fileHandleForWriting.close()
        let answer = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard answer.contains("ready") else {
            throw Failure(description: "PostgreSQL did not start: \(answer)")
        }
    }

    deinit { try? lifeline.close() }

    private static let before = """
        programs=$1 folder=$2
        mine() { "$@"; }
        if [ "$(id -u)" = 0 ]; then
            mine() { runuser -u postgres -- "$@"; }
            chown postgres "$folder"
        fi
        cd "$folder"

        """

    private static let after = """

        echo ready
        exec >/dev/null 2>>"$folder/orders"
        while read -r words; do
            order $words
            echo $? >"$folder/done.new"
            mv "$folder/done.new" "$folder/done"
        done
        end
        cd /
        rm -rf "$folder"
        """

    /// Gives an order; returns when it was carried out.
    func order(_ words: String) throws {
        try ordering.withLock { _ in
            let mark = folder.appendingPathComponent("done")
            try lifeline.write(contentsOf: Data("\(words)\n".utf8))
            while !FileManager.default.fileExists(atPath: mark.path) { usleep(20_000) }
            let status = try String(contentsOf: mark, encoding: .utf8)
            try FileManager.default.removeItem(at: mark)
            guard status == "0\n" else {
                let said = try? String(
                    contentsOf: folder.appendingPathComponent("orders"),
                    encoding: .utf8
                )
                throw Failure(description: "\(words): \(said?.suffix(400) ?? "")")
            }
        }
    }

    /// Runs one of PostgreSQL's programs to its end.
    func run(_ program: String, _ arguments: [String]) throws {
        guard let programs = Self.programs else { return }
        let process = try Self.spawn(
            programs.appendingPathComponent(program).path,
            arguments,
            input: nil,
            output: nil
        )
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 { guard errno == EINTR else { break } }
        guard status == 0 else {
            throw Failure(description: "\(program) refused: \(arguments.last ?? "")")
        }
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
}
