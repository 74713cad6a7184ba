internal import ArgumentParser
internal import ClientHTTP
internal import Foundation
internal import LocalSQLite
internal import ResidenceDomain
internal import SyncClient
internal import SyncProtocol
internal import SyncTrust
internal import Terminal

@main
struct Residence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "residence",
        abstract: say("流动人口协管员的采集工具", "The coordinator's tool: capture offline, sync, read back."),
        discussion: say(
            """
            除 enroll、sync 与 history 外，一切操作都不需要网络。--data、--lang、--json 可放在子命令之前或之后。
            退出码：0 完成；1 被拒绝或失败（错误信息说明原因）；3 连不上服务器（不丢数据，稍后再同步）；64 用法不对。
            """,
            """
            Everything but enroll, sync and history works with no network. --data, --lang and --json may stand \
            before or after the subcommand.
            Exit codes: 0 done; 1 refused or failed (the error says why); 3 no server could be reached \
            (nothing is lost, sync later); 64 wrong usage.
            """
        ),
        version: "0.1.0",
        subcommands: [
            Enroll.self, Import.self, Add.self, Edit.self, Delete.self, Show.self, List.self,
            Search.self, Sync.self, Status.self, Token.self, Conflicts.self, Resolve.self,
            Returned.self, Mend.self, History.self, Duplicates.self, Reidentify.self, Split.self,
            Undelete.self, Check.self, OutboxCommand.self,
            PassphraseCommand.self,
        ]
    )

    static func main() async {
        await main(GlobalOptions.behindTheSubcommand(Array(CommandLine.arguments.dropFirst())))
    }
}

/// Options that may stand before the subcommand.
enum GlobalOptions {
    private static let withValue: Set<String> = ["--data", "--lang"]
    private static let flags: Set<String> = ["--json"]

    /// The same command line with the options that stand before the subcommand moved behind it.
    static func behindTheSubcommand(_ arguments: [String]) -> [String] {
        var moved: [String] = []
        var rest = arguments[...]
        while let first = rest.first {
            if withValue.contains(first), rest.count > 1 {
                moved += rest.prefix(2)
                rest = rest.dropFirst(2)
            } else if flags.contains(first)
                || withValue.contains(where: { first.hasPrefix($0 + "=") })
            {
                moved.append(first)
                rest = rest.dropFirst()
            } else {
                break
            }
        }
        guard let subcommand = rest.first else { return Array(arguments) }
        // A subcommand may have some of its own: the options go to the end, but before what is no option.
        let tail = rest.dropFirst()
        let end = tail.firstIndex(of: "--") ?? tail.endIndex
        return [subcommand] + tail[..<end] + moved + tail[end...]
    }
}

/// The options of every command.
struct CommonOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            say("数据文件夹（缺省 ~/.residence）", "The data folder (~/.residence)."),
            valueName: "DIR"
        )
    )
    var data: String?

    @Flag(name: .long, help: ArgumentHelp(say("以 JSON 输出", "Print JSON.")))
    var json = false

    @Option(name: .long, help: ArgumentHelp(say("语言：zh 或 en", "The language: zh or en.")))
    var lang: Language?

    private var folder: URL {
        let home = FileManager.default.homeDirectoryForCurrentUser.appendingPathComponent(
            ".residence"
        )
        return data.map { URL(fileURLWithPath: $0) } ?? home
    }

    /// Opens the device's data; where it is sealed, by what the environment gives or somebody types [D-05].
    private func openStore() throws -> LocalSQLiteStore {
        let now = SystemClock.milliseconds()
        let given = try DeviceSecret.given().map { Unlocking($0, now: now) }
        do {
            return try LocalSQLiteStore(folder: folder, unlockedBy: given)
        } catch let error as SyncError where error.code == "device_locked" {
            guard let typed = DeviceSecret.typed(say("口令：", "Passphrase: ")) else { throw error }
            return try LocalSQLiteStore(folder: folder, unlockedBy: Unlocking(typed, now: now))
        }
    }

    /// Runs a command on the device's database itself, and turns its error into words and an exit code.
    func runOnStore(_ body: (LocalSQLiteStore) async throws -> Void) async throws {
        do {
            try await body(try openStore())
        } catch let error as SyncError {
            throw Console.report(error, asJSON: json)
        }
    }

    /// Runs a command on the device's data, and turns its error into words and an exit code.
    func run(
        attempts: Int = Limits().attempts,
        _ body: (ResidenceClient) async throws -> Void
    ) async throws {
        try await run(attempts: attempts) { client, _ in try await body(client) }
    }

    /// The same, with the database itself.
    func run(
        attempts: Int = Limits().attempts,
        _ body: (ResidenceClient, LocalSQLiteStore) async throws -> Void
    ) async throws {
        do {
            var limits = Limits()
            limits.attempts = max(1, attempts)
            let transport = HTTPTransport(dictionary: folder.appending(path: "dictionary"))
            let store = try openStore()
            var environment = ClientEnvironment.system(now: { SystemClock.milliseconds() })
            environment.uptime = { SystemClock.uptime() }
            let client = ResidenceClient(
                store: store,
                transport: transport,
                rules: ResidenceRules(),
                environment: environment,
                limits: limits
            )
            let result = await Result { try await body(client, store) }
            try? await transport.close()
            try result.get()
        } catch let error as SyncError {
            throw Console.report(error, asJSON: json)
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
