internal import ArgumentParser
internal import Foundation
internal import StoreSQLite
internal import SyncProtocol
internal import SyncServer
internal import Terminal

@main
struct Daemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "residence-syncd",
        abstract: say("居住同步服务", "The ResidenceSync daemon and the operator's tools."),
        discussion: """
            Settings come from flags, then from the environment: RESIDENCE_DATA, RESIDENCE_LISTEN, \
            RESIDENCE_URL, LOG_LEVEL.
            Exit codes: 0 done, 1 refused or failed (the error says why), 64 wrong usage.
            """,
        version: "0.1.0",
        subcommands: [
            Serve.self, DeviceCommand.self, Status.self, Show.self, ConflictsCommand.self,
            QuarantineCommand.self, History.self, Duplicates.self, AuditCommand.self,
            AccessCommand.self, Erase.self,
            Backup.self, Import.self, Restore.self, Recovery.self, Check.self,
            CertificateCommand.self,
        ]
    )
}

/// The options of every command.
struct CommonOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp(say("数据文件夹", "The data folder."), valueName: "DIR"))
    var data: String = ProcessInfo.processInfo.environment["RESIDENCE_DATA"] ?? "residence-data"

    @Flag(name: .long, help: ArgumentHelp(say("以 JSON 输出", "Print JSON.")))
    var json = false

    @Option(name: .long, help: ArgumentHelp(say("语言：zh 或 en", "The language: zh or en.")))
    var lang: String?

    var folder: URL { URL(fileURLWithPath: data) }

    /// Throws `data_missing` where the folder holds no database: a command that only looks makes none.
    func mustExist() throws {
        let file = folder.appendingPathComponent("residence.sqlite")
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw SyncError(
                "data_missing",
                "\(folder.path) 中没有数据库 There is no database in \(folder.path)",
                hint: "用 --data 指明数据文件夹。 Name the data folder with --data DIR.",
                subject: "--data"
            )
        }
    }

    /// The service on the data folder, whether or not the daemon runs beside this process.
    func service() async throws -> (service: SyncService, store: SQLiteStore) {
        let store = try SQLiteStore(folder: folder)
        let identity = try await ServerIdentity.kept(in: store, at: SystemClock.milliseconds())
        return (SyncService(store: store, identity: identity), store)
    }

    /// Whoever sits at the server, under the name given, or as the system knows them.
    func somebody(_ name: String? = nil) -> Principal {
        Principal(operatorNamed: name ?? ProcessInfo.processInfo.userName)
    }

    /// Runs a command and turns its error into words and an exit code.
    func run(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as SyncError {
            throw Console.report(error, asJSON: json)
        }
    }
}
