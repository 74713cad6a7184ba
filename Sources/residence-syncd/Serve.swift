internal import ArgumentParser
internal import CoreMetrics
internal import Foundation
internal import Hummingbird
internal import Logging
internal import ServerHTTP
internal import StoreSQLite
internal import SyncProtocol
internal import SyncServer
internal import SyncTrust
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

    @Flag(
        help: ArgumentHelp(
            say(
                "不加密：同网络上的任何人都能读到姓名、证件号码和令牌。仅当前面有代理负责 TLS 时使用",
                "Without TLS: anyone on the way reads names, document numbers and tokens. Only behind a proxy that adds it."
            )
        )
    )
    var plainHTTP = false

    @Option(
        help: ArgumentHelp(
            say(
                "过渡期另开不加密的监听：以 http 登记的设备在此得知 https 地址后改用之",
                "Serve without TLS there, too, for a while: devices that were enrolled over http hear of the https address and follow."
            ),
            valueName: "HOST:PORT"
        )
    )
    var alsoHTTP: String?

    @Flag(
        help: ArgumentHelp(
            say(
                "接受新的证书密钥：固定了旧密钥的设备将无法连接，须重新登记",
                "Take another key: devices that pin the old one cannot connect any more, and enrol anew."
            )
        )
    )
    var newKey = false

    func run() async throws {
        try await options.run {
            let (host, port) = try Self.address(listen)
            let beside = try alsoHTTP.map { try Self.address($0, of: "--also-http") }
            let settings = try ServeSettings(at: config, in: options.folder)
            var lock: DataFolderLock?
            // Any number of daemons may serve a PostgreSQL; the folder holds the certificate at most.
            if case .folder(let folder) = try options.place(settings) {
                lock = try DataFolderLock(folder: folder)
            }
            defer { lock?.release() }
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
            let certificate = try certificate(settings, host)
            guard beside == nil || certificate != nil else { throw SyncError.nothingBeside }
            let (made, store) = try await options.service(settings)
            var service = made
            let metrics = PrometheusMetrics()
            MetricsSystem.bootstrap(metrics)
            var logger = Logger(label: "residence-syncd") {
                StreamLogHandler.standardError(label: $0)
            }
            logger.logLevel = level
            let publicURL = publicURL ?? ProcessInfo.processInfo.environment["RESIDENCE_URL"]
            let scheme = certificate == nil ? "http" : "https"
            let pin = settings.tls?.pin == false ? "" : try certificate?.pin ?? ""
            try await keep(pin, settings, in: store)
            service.servedPin = pin.isEmpty ? nil : pin
            var application = try SyncApplication.application(
                for: service,
                host: host,
                port: port,
                certificate: certificate,
                traffic: settings.limits ?? TrafficLimits(),
                metrics: metrics,
                logger: logger
            ) { [service, logger] port in
                let address = "\(scheme)://\(host):\(port)"
                try? await store.write {
                    try $0.set(Array((publicURL ?? address).utf8), for: .publicURL)
                }
                // Nobody can follow to every address of a machine.
                let isNamed = publicURL != nil || !["0.0.0.0", "::"].contains(host)
                do {
                    try await Self.announce(
                        pin,
                        under: scheme,
                        at: isNamed ? publicURL ?? address : "",
                        by: service,
                        store
                    )
                } catch {
                    logger.error("devices are not told by which keys the server is met: \(error)")
                }
                Console.out(say("服务已启动：\(address)", "listening on \(address)"))
            }
            application.addServices(
                Housekeeping(
                    service: service,
                    logger: logger,
                    accessDays: settings.access?.keepDays
                )
            )
            if let (host, port) = beside {
                application.addServices(
                    try SyncApplication.plainBeside(
                        service,
                        host: host,
                        port: port,
                        traffic: settings.limits ?? TrafficLimits(),
                        metrics: metrics,
                        logger: logger
                    )
                )
            }
            if let plan = settings.backup {
                guard let store = store as? SQLiteStore else { throw Backup.notHere }
                application.addServices(
                    BackupSchedule(plan: plan, service: service, store: store, logger: logger)
                )
            }
            do {
                try await application.runService()
            } catch {
                await Self.writeBack(store, logger)
                throw Self.refusal(error, [listen] + [alsoHTTP].compactMap(\.self))
            }
            await Self.writeBack(store, logger)
        }
    }

    /// Writes the log back into the embedded database: the process may end before its last connection is closed, and
    /// who copies the one file of a server at rest should find all of it there.
    private static func writeBack(_ store: any Store, _ logger: Logger) async {
        guard let store = store as? SQLiteStore else { return }
        do {
            try await store.scrub()
        } catch {
            logger.warning("residence.sqlite-wal was not written back: it belongs to the database")
        }
    }

    /// The certificate to serve with; none on the machine's own address, or where it is asked for.
    private func certificate(_ settings: ServeSettings, _ host: String) throws -> CertificateFiles?
    {
        if plainHTTP { return nil }
        if let place = CertificatePlace.found(settings, in: options.folder) {
            return try CertificateFiles(
                certificate: place.certificate,
                key: place.key,
                isPinned: settings.tls?.pin ?? true
            )
        }
        guard ["127.0.0.1", "::1", "localhost"].contains(host) else {
            throw SyncError(
                "certificate_missing",
                "没有证书，不在 \(host) 上提供未加密的服务 There is no certificate, and nothing is served in the clear on \(host)",
                hint:
                    "先运行 residence-syncd certificate make --host 服务器名；前面有代理时用 --plain-http。 Make one, or use --plain-http behind a proxy that adds TLS.",
                subject: "--listen"
            )
        }
        return nil
    }

    /// Keeps what devices pin, and the key itself where it is our own.
    private func keep(_ pin: String, _ settings: ServeSettings, in store: any Store) async throws {
        let known = try await store.read { try $0.setting(.tlsPin) } ?? []
        guard newKey || pin.isEmpty || known.isEmpty || known == Array(pin.utf8) else {
            throw SyncError(
                "pin_changed",
                "证书的密钥不是设备固定的那个 The certificate's key is not the one that devices pin",
                hint:
                    "恢复原来的密钥文件（certificate make 会沿用数据库中保存的）；确要更换时用 --new-key。 Put the old key back (`certificate make` takes the one that the database keeps), or use --new-key.",
                subject: options.folder.path
            )
        }
        let own = CertificatePlace.inside(options.folder).key
        let key = settings.tls == nil ? FileManager.default.contents(atPath: own) : nil
        try await store.write { transaction in
            // In the clear for now: what devices pin stays.
            if !pin.isEmpty { try transaction.set(Array(pin.utf8), for: .tlsPin) }
            // Behind a proxy, or with an authority's certificate, devices pin nothing of ours.
            if plainHTTP || settings.tls?.pin == false { try transaction.set([], for: .tlsPin) }
            if let key { try transaction.set(Array(key), for: .tlsKey) }
        }
    }

    // > [A-15] Which keys devices pin from now on, the server announces.

    /// Announces the key that is served, the next one where one was made, and the address where it is under TLS.
    private static func announce(
        _ pin: String,
        under scheme: String,
        at address: String,
        by service: SyncService,
        _ store: any Store
    ) async throws {
        let isSecure = address.hasPrefix("https://")
        guard scheme == "https" || isSecure else { return }
        let next = try await store.read { try $0.setting(.tlsNextKey) } ?? []
        let key = String(decoding: next, as: UTF8.self)
        // Where nobody pins the key that is served, the next one is nobody's either.
        var pins = pin.isEmpty ? [] : [pin]
        if !pins.isEmpty, !next.isEmpty {
            pins += [try ServerCertificate.pin(ofKey: key)].filter { $0 != pin }
        }
        try await service.announce(
            pins: pins,
            address: isSecure ? address : ""
        )
    }

    private var level: Logger.Level {
        Logger.Level(rawValue: ProcessInfo.processInfo.environment["LOG_LEVEL"] ?? "") ?? .info
    }

    private static func address(
        _ text: String,
        of option: String = "--listen"
    ) throws -> (host: String, port: Int) {
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else {
            throw SyncError(
                "address_malformed",
                "监听地址无法理解 \(text) is not an address to listen on",
                hint: "HOST:PORT, for example 0.0.0.0:7800; port 0 takes a free one.",
                subject: option
            )
        }
        let host = String(text[..<colon])
        return (host.isEmpty ? "127.0.0.1" : host, port)
    }

    /// The system does not say on which of its addresses the process could not listen.
    private static func refusal(_ error: any Error, _ addresses: [String]) -> any Error {
        let text = "\(error)"
        guard text.contains("errno: 98") || text.contains("Address already in use") else {
            return error
        }
        let flags = ["--listen", "--also-http"].prefix(addresses.count).joined(separator: " or ")
        let places = addresses.joined(separator: " or ")
        return SyncError(
            "port_in_use",
            "端口已被占用 Another program listens on \(places)",
            hint: "Stop it, or take another port with \(flags) HOST:PORT.",
            subject: addresses.count == 1 ? "--listen" : ""
        )
    }
}

extension SyncError {
    fileprivate static let nothingBeside = SyncError(
        "nothing_beside",
        "没有证书，无从另开不加密的监听 There is no TLS to serve in the clear beside",
        hint:
            "先运行 residence-syncd certificate make；不加密的服务用 --plain-http。 Run residence-syncd certificate make first; to serve in the clear alone, use --plain-http.",
        subject: "--also-http"
    )
}
