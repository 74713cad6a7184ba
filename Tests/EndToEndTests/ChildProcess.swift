import Foundation

/// A program as a process of its own.
///
/// Foundation's `Process` is not used: its start reads 256 bytes for each name in `/proc/self/fd`, beyond the
/// end of the listing where that is full, which killed the tests when they had 1,300 files open.
final class ChildProcess {
    /// Where a program writes to.
    enum Stream {
        case nowhere
        case file(FileHandle)
        case pipe(Pipe)

        fileprivate var descriptor: Int32? {
            switch self {
            case .nowhere: nil
            case .file(let file): file.fileDescriptor
            case .pipe(let pipe): pipe.fileHandleForWriting.fileDescriptor
            }
        }
    }

    /// How a program ended: by itself with a status, or by a signal.
    enum Ending: Equatable {
        case exit(Int32)
        case signal(Int32)
    }

    let executable: String
    let arguments: [String]
    var environment: [String: String]
    var standardOutput = Stream.nowhere
    var standardError = Stream.nowhere
    private(set) var processIdentifier: pid_t = 0
    private(set) var ending: Ending?

    init(_ executable: String, _ arguments: [String], environment: [String: String] = [:]) {
        (self.executable, self.arguments, self.environment) = (executable, arguments, environment)
    }

    /// The status that it ended with, or the number of the signal that ended it.
    var terminationStatus: Int32 {
        switch ending {
        case .exit(let status), .signal(let status): status
        case nil: -1
        }
    }

    func run() throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        for (number, stream) in [(Int32(1), standardOutput), (2, standardError)] {
            if let descriptor = stream.descriptor {
                posix_spawn_file_actions_adddup2(&actions, descriptor, number)
            } else {
                posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_WRONLY, 0)
            }
        }

        let words = ([executable] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { (words + variables).forEach { free($0) } }
        let error = posix_spawn(&processIdentifier, executable, &actions, nil, words, variables)
        guard error == 0 else { throw POSIXError(POSIXErrorCode(rawValue: error) ?? .ENOEXEC) }
        // The end of a pipe is seen only when nobody else can write to it.
        for case .pipe(let pipe) in [standardOutput, standardError] {
            try pipe.fileHandleForWriting.close()
        }
    }

    func kill(_ signal: Int32 = SIGKILL) {
        guard processIdentifier > 0, ending == nil else { return }
        _ = Foundation.kill(processIdentifier, signal)
    }

    func waitUntilExit() {
        guard processIdentifier > 0, ending == nil else { return }
        var status: Int32 = 0
        while waitpid(processIdentifier, &status, 0) < 0 { guard errno == EINTR else { return } }
        let signal = status & 0x7f
        ending = signal == 0 ? .exit(status >> 8 & 0xff) : .signal(signal)
    }
}
