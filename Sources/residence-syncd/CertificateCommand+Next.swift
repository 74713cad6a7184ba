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
                "设备同步时得知，此后新旧密钥都接受，并在再下一次同步时报告。等设备都已报告，再运行 certificate switch。服务不必重启。",
                "Devices hear of it by a sync, take either key from then on, and say so by the sync after. Once they all have, run certificate switch. The daemon goes on."
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
                let known = try await service.announcement()
                guard next != present else { throw SyncError.switchUnfinished }
                // As long as a daemon serves the key before this one, no device may drop that.
                let announced = known?.pins.first ?? present
                guard announced == present else { throw SyncError.daemonNotRestarted }
                if kept.isEmpty {
                    try await store.write { try $0.set(Array(key.utf8), for: .tlsNextKey) }
                }
                try await service.announce(pins: [present, next], address: known?.address ?? "")
                let waiting = try await service.devicesThatHaveNotHeard()
                if options.json {
                    return try Console.out(json: Report(pin: present, next: next, waiting))
                }
                Console.out(say("下一个密钥的指纹：\(next)", "the next key: \(next)"))
                Console.out(
                    say(
                        "\(waiting.count) 台设备尚未报告得知：同步一次得知，再同步一次报告。随后运行 certificate switch。",
                        "\(waiting.count) devices have not said yet that they know: each hears of it by a sync and says so by the one after. Then run certificate switch."
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
                尚有设备没有报告得知新密钥时拒绝，并列出它们；--force 仍然更换，这些设备须用 device re-key 的链接重新连接，数据不丢。
                已撤销而尚未得知撤销的设备另行列出：强行更换后，它们永远不会被清除，也送不回所存的采集。
                中断后可再次运行。更换后重启服务。多台服务器共用数据库时，其余各台删除 tls 文件夹后运行 certificate make。
                """,
                """
                Refused where devices have not said that they heard of it, and names them; with --force they are cut off until each is \
                given a link by device re-key: nothing on them is lost. Those that were revoked and do not know it yet are named \
                apart: cut off, they will never be erased nor deliver what they hold. Cut off itself, it may be run again. Restart the daemon afterwards. Where several share a database, \
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
                let present = try ownPin(options)
                let kept = try await store.read { try $0.setting(.tlsNextKey) } ?? []
                guard !kept.isEmpty else { throw SyncError.noNextKey }
                let key = String(decoding: kept, as: UTF8.self)
                let pin = try ServerCertificate.pin(ofKey: key)
                let announced = try await service.announcement()?.pins ?? []
                let waiting = try await service.devicesThatHaveNotHeard()
                // One that was cut off behind the key is finished.
                if present != pin {
                    guard announced.contains(pin) else { throw SyncError.nextUnannounced }
                    guard force || waiting.isEmpty else { throw SyncError.unheard(waiting) }
                }
                let former = present == pin ? announced.first { $0 != pin } : present
                let certificate = try naming.certificate(of: key)
                try await use(key, pin, certificate, in: store)
                if options.json {
                    return try Console.out(json: Report(pin: pin, former: former, waiting))
                }
                Console.out(say("已换用密钥：\(pin)", "in use: \(pin)"))
                Console.out(
                    say("请重启服务，使其生效。", "Restart the daemon: it holds from then on.")
                )
                waiting.forEach { Console.out(Self.fate(of: $0)) }
            }
        }

        /// Puts the key into the database and into the data folder.
        private func use(
            _ key: String,
            _ pin: String,
            _ certificate: String,
            in store: any Store
        ) async throws {
            // The database first: cut off behind it, `certificate make` finds the key there.
            try await store.write { transaction in
                try transaction.set(Array(key.utf8), for: .tlsKey)
                try transaction.set(Array(pin.utf8), for: .tlsPin)
            }
            let place = CertificatePlace.inside(options.folder)
            try Make.write(key, to: place.key, mode: 0o600)
            try Make.write(certificate, to: place.certificate, mode: 0o644)
            // A daemon that runs goes on with the former key: devices are told that it has gone by the next one.
            try await store.write { try $0.set([], for: .tlsNextKey) }
        }

        /// What becomes of a device that is cut off.
        private static func fate(of device: StoredDevice) -> String {
            device.revoked == nil
                ? say(
                    "  \(device.name)：须用 device re-key 的链接重新连接",
                    "  \(device.name): needs a link by device re-key"
                )
                : say(
                    "  \(device.name)：已撤销，再也不会被清除，也送不回所存的采集",
                    "  \(device.name): revoked, will never be erased nor deliver what it holds"
                )
        }
    }

    /// What came of it, as scripts read it.
    fileprivate struct Report: Encodable {
        var pin: String
        var next: String?
        var former: String?
        /// Devices that have not said yet that they know the next key.
        var unheard: [String]
        /// Those of them that were revoked and have not heard of that either.
        var revoked: [String]

        init(pin: String, next: String? = nil, former: String? = nil, _ waiting: [StoredDevice]) {
            (self.pin, self.next, self.former) = (pin, next, former)
            unheard = waiting.map(\.id.description)
            revoked = waiting.filter { $0.revoked != nil }.map(\.id.description)
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
    // By the key alone: the certificate may still be another one's, where a switch was cut off.
    if let key = FileManager.default.contents(atPath: place.key),
        let pin = try? ServerCertificate.pin(ofKey: String(decoding: key, as: UTF8.self))
    {
        return pin
    }
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

    fileprivate static let switchUnfinished = SyncError(
        "switch_unfinished",
        "上次换用密钥没有做完 The last switch was cut off: its key is in the data folder already",
        hint:
            "再次运行 residence-syncd certificate switch。 Run residence-syncd certificate switch again."
    )

    fileprivate static let daemonNotRestarted = SyncError(
        "daemon_not_restarted",
        "公告的现用密钥不是数据文件夹中的 The key that is announced as the present one is not that of the data folder",
        hint:
            "换用密钥之后先重启服务；多台服务器时，在此删除 tls 文件夹后运行 certificate make。 Restart the daemon after a switch; where several share a database, remove the folder tls here and run certificate make."
    )

    fileprivate static let nextUnannounced = SyncError(
        "next_key_unannounced",
        "下一个密钥没有公告，没有设备知道它 The next key is not announced: no device knows it",
        hint: "再次运行 residence-syncd certificate next。 Run residence-syncd certificate next again."
    )

    fileprivate static func unheard(_ waiting: [StoredDevice]) -> SyncError {
        let (used, revoked) = (
            waiting.filter { $0.revoked == nil }, waiting.filter { $0.revoked != nil }
        )
        var (zh, en) = ("", "")
        if !used.isEmpty {
            zh += "请它们先同步，得知一次、报告一次：\(named(used))；或用 --force，之后逐台 device re-key。"
            en +=
                "Have them sync first, once to hear and once to say so; or use --force, and device re-key for each. "
        }
        if !revoked.isEmpty {
            zh += "已撤销而尚未得知的：\(named(revoked))；用 --force 则再也不会被清除，也送不回所存的采集。"
            en +=
                "Those that were revoked and not told yet will, with --force, never be erased nor deliver what they hold. "
        }
        let all = [("in-use", used), ("revoked", revoked)].filter { !$0.1.isEmpty }
        // Without blanks: behind a Chinese name one would look like the end of the Chinese half.
        en += all.map { "\($0):\(named($1).replacing(" ", with: "\u{A0}"))" }.joined(separator: ";")
        return SyncError(
            "devices_unheard",
            "\(waiting.count) 台设备尚不知道新密钥 \(waiting.count) devices have not heard of the next key, and would be cut off",
            hint: say(zh, en),
            subject: String(waiting.count)
        )
    }

    private static func named(_ devices: [StoredDevice]) -> String {
        devices.prefix(5).map(\.name).joined(separator: "，") + (devices.count > 5 ? " …" : "")
    }
}
