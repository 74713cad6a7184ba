internal import ArgumentParser
internal import Foundation
internal import StorePostgres
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
            Settings come from flags, then from the environment: RESIDENCE_DATA, RESIDENCE_STORE, \
            RESIDENCE_LISTEN, RESIDENCE_URL, LOG_LEVEL.
            Exit codes: 0 done, 1 refused or failed (the error says why), 64 wrong usage.
            """,
        version: "0.1.0",
        subcommands: [
            Serve.self, DeviceCommand.self, AreaCommand.self, Status.self, Show.self,
            ConflictsCommand.self,
            QuarantineCommand.self, History.self, Duplicates.self, AuditCommand.self,
            AccessCommand.self, Erase.self,
            Backup.self, Import.self, Restore.self, Recovery.self, Check.self,
            CertificateCommand.self, Migrate.self, DatabaseCommand.self, Copy.self,
        ]
    )
}

/// Where a deployment's data are.
enum StorePlace {
    /// In the embedded database of a folder.
    case folder(URL)
    /// In PostgreSQL.
    case database(PostgresSettings)
}

/// The options of every command.
struct CommonOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp(say("数据文件夹", "The data folder."), valueName: "DIR"))
    var data: String = ProcessInfo.processInfo.environment["RESIDENCE_DATA"] ?? "residence-data"

    @Flag(name: .long, help: ArgumentHelp(say("以 JSON 输出", "Print JSON.")))
    var json = false

    @Option(name: .long, help: ArgumentHelp(say("语言：zh 或 en", "The language: zh or en.")))
    var lang: Language?

    @Option(
        name: .long,
        help: ArgumentHelp(
            say(
                "数据库：postgres://…；缺省用数据文件夹中的内嵌数据库",
                "A database, postgres://…; the embedded one in the data folder by default."
            ),
            valueName: "URL"
        )
    )
    var store: String?

    var folder: URL { URL(fileURLWithPath: data) }

    /// Throws `data_missing` where the folder holds no database: a command that only looks makes none.
    func mustExist() throws {
        guard case .folder = try place() else { return }
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

    /// Where the data are: what the flag says, or the environment, or the settings in the data folder.
    func place(_ settings: ServeSettings? = nil) throws -> StorePlace {
        let settings = try settings ?? ServeSettings(at: nil, in: folder)
        let given =
            store ?? ProcessInfo.processInfo.environment["RESIDENCE_STORE"] ?? settings.store
        guard let given, !given.isEmpty else { return .folder(folder) }
        guard PostgresSettings.isAddress(given) else {
            throw SyncError(
                "store_malformed",
                "无法识别的数据库 This is no database that the service knows",
                hint:
                    "postgres://HOST1,HOST2/DATABASE；省略则用内嵌数据库。 Leave it out for the embedded one.",
                subject: "store"
            )
        }
        var database = try PostgresSettings(address: given)
        if let connections = settings.connections { database.connections = connections }
        settings.database?.apply(to: &database)
        return .database(database)
    }

    /// The service on its data, whether or not a daemon runs beside this process.
    func service(
        _ settings: ServeSettings? = nil
    ) async throws -> (service: SyncService, store: any Store) {
        let store: any Store
        switch try place(settings) {
        case .folder(let folder):
            try await SQLiteStore.refuseEmpty(in: folder)
            store = try SQLiteStore(folder: folder)
        case .database(let settings): store = PostgresStore(settings)
        }
        let identity = try await ServerIdentity.kept(in: store, at: SystemClock.milliseconds())
        var service = SyncService(store: store, identity: identity)
        let said = try settings ?? ServeSettings(at: nil, in: folder)
        service.leaseDays = said.leaseDays ?? 0
        return (service, store)
    }

    /// Throws `store_is_postgres` where the data are not in the data folder, with what to do instead.
    func mustBeEmbedded(otherwise hint: String) throws {
        guard case .database = try place() else { return }
        throw SyncError(
            "store_is_postgres",
            "数据在 PostgreSQL 中 The data are in PostgreSQL, not in the data folder",
            hint: hint,
            subject: "--store"
        )
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
