internal import ArgumentParser
internal import CoreMetrics
internal import Foundation
internal import Hummingbird
internal import Logging
internal import ServerHTTP
internal import StoreSQLite
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd serve`: runs the service until it is told to stop.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("运行同步服务", "Run the sync service."),
        discussion: say(
            "收到 SIGTERM 或 SIGINT 后完成已开始的请求再退出。",
            "On SIGTERM or SIGINT it finishes what it has begun, then ends."
        )
    )

    @OptionGroup var options: CommonOptions

    @Option(help: ArgumentHelp(say("监听地址", "Where to listen."), valueName: "HOST:PORT"))
    var listen: String =
        ProcessInfo.processInfo.environment["RESIDENCE_LISTEN"] ?? "127.0.0.1:7800"

    @Option(
        help: ArgumentHelp(
            say("设备所用的地址", "The address that devices use, where it is another one."),
            valueName: "URL"
        )
    )
    var publicURL: String?

    @Option(
        help: ArgumentHelp(
            say(
                "设置文件，缺省为数据文件夹中的 config.json",
                "The settings; config.json in the data folder by default."
            ),
            valueName: "FILE"
        )
    )
    var config: String?

    func run() async throws {
        try await options.run {
            let (host, port) = try Self.address(listen)
            let lock = try DataFolderLock(folder: options.folder)
            defer { lock.release() }
            let settings = try ServeSettings(at: config, in: options.folder)
            guard
                !FileManager.default.fileExists(atPath: Restoring.workshop(in: options.folder).path)
            else {
                throw SyncError(
                    "restore_unfinished",
                    "恢复没有做完 A restore of \(options.folder.path) was cut off",
                    hint: "再次运行 residence-syncd restore。 Run residence-syncd restore again.",
                    subject: options.folder.path
                )
            }
            let (service, store) = try await options.service()
            let metrics = PrometheusMetrics()
            MetricsSystem.bootstrap(metrics)
            var logger = Logger(label: "residence-syncd") {
                StreamLogHandler.standardError(label: $0)
            }
            logger.logLevel = level
            let publicURL = publicURL ?? ProcessInfo.processInfo.environment["RESIDENCE_URL"]
            var application = SyncApplication.application(
                for: service,
                host: host,
                port: port,
                metrics: metrics,
                logger: logger
            ) { port in
                let address = "http://\(host):\(port)"
                try? await store.write {
                    try $0.set(Array((publicURL ?? address).utf8), for: .publicURL)
                }
                Console.out(say("服务已启动：\(address)", "listening on \(address)"))
            }
            application.addServices(Housekeeping(service: service, logger: logger))
            if let plan = settings.backup {
                application.addServices(
                    BackupSchedule(plan: plan, service: service, store: store, logger: logger)
                )
            }
            do {
                try await application.runService()
            } catch {
                throw Self.refusal(error, listen)
            }
        }
    }

    private var level: Logger.Level {
        Logger.Level(rawValue: ProcessInfo.processInfo.environment["LOG_LEVEL"] ?? "") ?? .info
    }

    private static func address(_ text: String) throws -> (host: String, port: Int) {
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else {
            throw SyncError(
                "address_malformed",
                "监听地址无法理解 \(text) is not an address to listen on",
                hint: "HOST:PORT, for example 0.0.0.0:7800; port 0 takes a free one.",
                subject: "--listen"
            )
        }
        let host = String(text[..<colon])
        return (host.isEmpty ? "127.0.0.1" : host, port)
    }

    private static func refusal(_ error: any Error, _ address: String) -> any Error {
        let text = "\(error)"
        guard text.contains("errno: 98") || text.contains("Address already in use") else {
            return error
        }
        return SyncError(
            "port_in_use",
            "端口已被占用 Another program listens on \(address)",
            hint: "Stop it, or take another port with --listen HOST:PORT.",
            subject: "--listen"
        )
    }
}
