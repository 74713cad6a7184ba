internal import ArgumentParser
internal import Foundation
internal import ServerHTTP
internal import StoreSQLite
internal import SyncProtocol
internal import SyncServer
internal import SyncTrust
internal import Terminal

extension CertificateCommand {
    /// Makes the key that will be used next, and has devices told of it.
    struct Next: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("准备下一个密钥并告知设备", "Make the next key, and have devices told of it [A-15]."),
            discussion: say(
                "设备在下次同步时得知，此后新旧密钥都接受。等设备都已得知，再运行 certificate switch。服务不必重启。",
                "Devices hear of it by their next sync and take either key from then on. Once they all have, run certificate switch. The daemon goes on."
            )
        )

        @OptionGroup var options: CommonOptions

        func run() async throws {
            try await options.run {
                let (service, store) = try await options.service()
                let present = try ownPin(options)
                let kept = try await store.read { try $0.setting(.tlsNextKey) } ?? []
                let key =
                    kept.isEmpty
                    ? ServerCertificate.newKey() : String(decoding: kept, as: UTF8.self)
                let next = try ServerCertificate.pin(ofKey: key)
                if kept.isEmpty {
                    try await store.write { try $0.set(Array(key.utf8), for: .tlsNextKey) }
                }
                let known = try await service.announcement()
                try await service.announce(pins: [present, next], address: known?.address ?? "")
                let waiting = try await service.devicesThatHaveNotHeard()
                if options.json {
                    return try Console.out(json: Report(pin: present, next: next, waiting))
                }
                Console.out(say("下一个密钥的指纹：\(next)", "the next key: \(next)"))
                Console.out(
                    say(
                        "\(waiting.count) 台设备尚未得知；下次同步时得知。随后运行 certificate switch。",
                        "\(waiting.count) devices have not heard yet; they do by their next sync. Then run certificate switch."
                    )
                )
            }
        }
    }

    /// Uses the next key.
    struct Switch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("换用下一个密钥", "Use the next key, of which devices were told [A-15]."),
            discussion: say(
                """
                尚有设备不知道新密钥时拒绝，并列出它们；--force 仍然更换，这些设备须用 device re-key 的链接重新连接，数据不丢。
                更换后重启服务。多台服务器共用数据库时，其余各台删除 tls 文件夹后运行 certificate make。
                """,
                """
                Refused where devices have not heard of it, and names them; with --force they are cut off until each is given a link \
                by device re-key: nothing on them is lost. Restart the daemon afterwards. Where several share a database, \
                remove the folder tls of each other one and run certificate make there.
                """
            )
        )

        @OptionGroup var options: CommonOptions
        @OptionGroup var naming: Naming
        @Flag(
            help: ArgumentHelp(
                say("即使有设备尚未得知", "Even where devices have not heard of it: they are cut off.")
            )
        )
        var force = false

        func run() async throws {
            try await options.run {
                let (service, store) = try await options.service()
                let former = try ownPin(options)
                let kept = try await store.read { try $0.setting(.tlsNextKey) } ?? []
                guard !kept.isEmpty else { throw SyncError.noNextKey }
                let waiting = try await service.devicesThatHaveNotHeard()
                guard force || waiting.isEmpty else { throw SyncError.unheard(waiting) }
                let key = String(decoding: kept, as: UTF8.self)
                let pin = try ServerCertificate.pin(ofKey: key)
                let certificate = try naming.certificate(of: key)
                // The database first: cut off behind it, `certificate make` finds the key there.
                try await store.write { transaction in
                    try transaction.set(kept, for: .tlsKey)
                    try transaction.set(Array(pin.utf8), for: .tlsPin)
                }
                let place = CertificatePlace.inside(options.folder)
                try Make.write(key, to: place.key, mode: 0o600)
                try Make.write(certificate, to: place.certificate, mode: 0o644)
                // A daemon that runs goes on with the former key: devices are told that it has gone by the next one.
                try await store.write { try $0.set([], for: .tlsNextKey) }
                if options.json {
                    return try Console.out(json: Report(pin: pin, former: former, waiting))
                }
                Console.out(say("已换用密钥：\(pin)", "in use: \(pin)"))
                Console.out(
                    say("请重启服务，使其生效。", "Restart the daemon: it holds from then on.")
                )
                for device in waiting {
                    Console.out(
                        say(
                            "  \(device.name)：须用 device re-key 的链接重新连接",
                            "  \(device.name): needs a link by device re-key"
                        )
                    )
                }
            }
        }
    }

    /// What came of it, as scripts read it.
    fileprivate struct Report: Encodable {
        var pin: String
        var next: String?
        var former: String?
        /// Devices that have not said yet that they know the next key.
        var unheard: [String]

        init(pin: String, next: String? = nil, former: String? = nil, _ waiting: [StoredDevice]) {
            (self.pin, self.next, self.former) = (pin, next, former)
            unheard = waiting.map(\.id.description)
        }
    }
}

/// The pin of the key in the data folder.
///
/// Throws `key_not_ours` where the settings name files, or devices pin nothing.
private func ownPin(_ options: CommonOptions) throws -> String {
    let settings = try ServeSettings(at: nil, in: options.folder)
    guard settings.tls == nil else { throw SyncError.keyNotOurs }
    let place = CertificatePlace.inside(options.folder)
    return try CertificateFiles(certificate: place.certificate, key: place.key).pin
}

extension SyncError {
    fileprivate static let keyNotOurs = SyncError(
        "key_not_ours",
        "证书由设置文件指定 The settings name the certificate's files",
        hint:
            "certificate next 只用于数据文件夹中自制的密钥。 It is for the key that certificate make made in the data folder.",
        subject: "tls"
    )

    fileprivate static let noNextKey = SyncError(
        "next_key_missing",
        "没有准备下一个密钥 There is no next key",
        hint: "先运行 residence-syncd certificate next。 Run residence-syncd certificate next first."
    )

    fileprivate static func unheard(_ waiting: [StoredDevice]) -> SyncError {
        let names = waiting.prefix(5).map(\.name).joined(separator: "，")
        let more = waiting.count > 5 ? " …" : ""
        return SyncError(
            "devices_unheard",
            "\(waiting.count) 台设备尚不知道新密钥 \(waiting.count) devices have not heard of the next key, and would be cut off",
            hint:
                "请它们先同步：\(names)\(more)；或用 --force，之后逐台 device re-key。 Have them sync first: \(names)\(more); or use --force, and device re-key for each.",
            subject: String(waiting.count)
        )
    }
}
