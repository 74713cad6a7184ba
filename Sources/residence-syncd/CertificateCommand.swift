internal import ArgumentParser
internal import Foundation
internal import ServerHTTP
internal import StoreSQLite
internal import SyncProtocol
internal import SyncServer
internal import SyncTrust
internal import Terminal

/// Where the certificate and its key are, if there are any.
struct CertificatePlace {
    let certificate: String
    let key: String

    /// Those that the settings name, or those in the data folder; `nil` where there are none.
    static func found(_ settings: ServeSettings, in folder: URL) -> CertificatePlace? {
        if let tls = settings.tls {
            return CertificatePlace(certificate: tls.certificate, key: tls.key)
        }
        let own = inside(folder)
        return FileManager.default.fileExists(atPath: own.certificate) ? own : nil
    }

    /// Those in the data folder, whether they are there or not.
    static func inside(_ folder: URL) -> CertificatePlace {
        let tls = folder.appendingPathComponent("tls")
        return CertificatePlace(
            certificate: tls.appendingPathComponent("certificate.pem").path,
            key: tls.appendingPathComponent("key.pem").path
        )
    }
}

/// `residence-syncd certificate …`: the certificate that devices pin.
struct CertificateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificate",
        abstract: say("TLS 证书", "The certificate for TLS, and what devices pin of it [A-10]."),
        discussion: say(
            """
            make 生成密钥与自签证书；设备由登记链接得知并固定该密钥，无需证书机构，时钟不准也能连接。
            renew 用同一密钥换新证书：设备不受影响，服务不必重启。
            next、switch 更换密钥：先让设备得知下一个密钥，再换用。
            使用机构签发的证书：在 config.json 写 {"tls": {"certificate": "…", "key": "…"}}。
            """,
            """
            make makes a key and a certificate that it signs itself: devices learn the key from their link and pin it, so \
            no authority is needed and a wrong clock does not matter.
            renew makes a new certificate for the same key: devices notice nothing, and the daemon reads it by itself.
            next and switch change the key: devices hear of the next one before it is used.
            With an authority's certificate: {"tls": {"certificate": "…", "key": "…"}} in config.json.
            """
        ),
        subcommands: [Make.self, Renew.self, Next.self, Switch.self, Show.self]
    )

    /// Makes a key and a certificate.
    struct Make: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("生成密钥和证书", "Make a key and a certificate.")
        )

        @OptionGroup var options: CommonOptions
        @OptionGroup var naming: Naming

        @Flag(
            help: ArgumentHelp(
                say(
                    "另生成密钥，不沿用数据库中保存的（如旧密钥已泄露）",
                    "Another key than the one that the database keeps, where that is known to others."
                )
            )
        )
        var newKey = false

        func run() async throws {
            try await options.run {
                let place = CertificatePlace.inside(options.folder)
                guard !FileManager.default.fileExists(atPath: place.key) else {
                    throw SyncError(
                        "key_exists",
                        "密钥已存在 There is a key already: \(place.key)",
                        hint:
                            "设备固定的就是它。换新证书用 certificate renew。 Devices pin it; `certificate renew` makes a new certificate for it.",
                        subject: place.key
                    )
                }
                let kept = newKey ? nil : try await Self.keptKey(in: options)
                let key = kept ?? ServerCertificate.newKey()
                try Self.write(key, to: place.key, mode: 0o600)
                try Self.write(try naming.certificate(of: key), to: place.certificate, mode: 0o644)
                try CertificateCommand.show(place, options)
            }
        }

        /// The key that the database keeps: after a restore it is still the one that devices pin.
        private static func keptKey(in options: CommonOptions) async throws -> String? {
            let file = options.folder.appendingPathComponent("residence.sqlite")
            if case .folder = try options.place() {
                guard FileManager.default.fileExists(atPath: file.path) else { return nil }
            }
            let (_, store) = try await options.service()
            return try await store.read { try $0.setting(.tlsKey) }
                .map { String(decoding: $0, as: UTF8.self) }
        }

        /// Whole or not at all; the key is never readable by others.
        static func write(_ text: String, to path: String, mode: Int) throws {
            let file = URL(fileURLWithPath: path)
            do {
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(),
                    withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700]
                )
                let new = file.appendingPathExtension("new")
                try? FileManager.default.removeItem(at: new)
                guard
                    FileManager.default.createFile(
                        atPath: new.path,
                        contents: Data(text.utf8),
                        attributes: [.posixPermissions: mode]
                    ), rename(new.path, file.path) == 0
                else { throw CocoaError(.fileWriteUnknown) }
            } catch {
                throw SyncError(
                    "file_unwritable",
                    "文件无法写入 \(path) cannot be written",
                    hint: "请核对权限与剩余空间。 Check the folder's permissions and the room left.",
                    subject: path
                )
            }
        }
    }

    /// Makes a new certificate for the same key.
    struct Renew: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("用同一密钥换新证书", "Make a new certificate for the same key.")
        )

        @OptionGroup var options: CommonOptions
        @OptionGroup var naming: Naming

        func run() async throws {
            try await options.run {
                let place = CertificatePlace.inside(options.folder)
                guard let key = FileManager.default.contents(atPath: place.key) else {
                    throw SyncError(
                        "key_missing",
                        "没有密钥 There is no key: \(place.key)",
                        hint:
                            "certificate make 生成；机构签发的证书由机构换新。 `certificate make` makes one; an authority renews its own.",
                        subject: place.key
                    )
                }
                let certificate = try naming.certificate(of: String(decoding: key, as: UTF8.self))
                try Make.write(certificate, to: place.certificate, mode: 0o644)
                try CertificateCommand.show(place, options)
            }
        }
    }

    /// Tells what devices pin.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("查看设备固定的指纹", "Tell what devices pin.")
        )

        @OptionGroup var options: CommonOptions

        func run() async throws {
            try await options.run {
                let settings = try ServeSettings(at: nil, in: options.folder)
                guard let place = CertificatePlace.found(settings, in: options.folder) else {
                    throw SyncError(
                        "certificate_missing",
                        "没有证书 There is no certificate",
                        hint: "residence-syncd certificate make --host 服务器名",
                        subject: options.folder.path
                    )
                }
                try CertificateCommand.show(place, options)
            }
        }
    }

    /// What the certificate says.
    struct Naming: ParsableArguments {
        @Option(
            name: .customLong("host"),
            parsing: .singleValue,
            help: ArgumentHelp(
                say(
                    "服务器名或 IPv4 地址，可多次给出",
                    "A name or IPv4 address of the server; may be repeated."
                ),
                valueName: "HOST"
            )
        )
        var hosts: [String] = ["localhost", "127.0.0.1"]

        @Option(help: ArgumentHelp(say("有效天数", "For how many days it holds."), valueName: "DAYS"))
        var days = 825

        func certificate(of key: String) throws -> String {
            let now = Double(SystemClock.milliseconds()) / 1000
            return try ServerCertificate.selfSigned(
                by: key,
                for: hosts,
                from: Date(timeIntervalSince1970: now - 86_400),
                until: Date(timeIntervalSince1970: now + Double(max(1, days)) * 86_400)
            )
        }
    }

    private static func show(_ place: CertificatePlace, _ options: CommonOptions) throws {
        let files = try CertificateFiles(certificate: place.certificate, key: place.key)
        let pin = try files.pin
        if options.json {
            return try Console.out(json: ["certificate": place.certificate, "pin": pin])
        }
        Console.out(say("证书：\(place.certificate)", "certificate: \(place.certificate)"))
        Console.out(say("设备固定的密钥指纹：\(pin)", "devices pin: \(pin)"))
    }
}
