internal import Foundation
internal import ServerHTTP
internal import StorePostgres
internal import SyncProtocol

/// What the daemon's settings file says, in JSON: `{"backup": {"folder": …, "at": "02:30", "keep": 14}}`.
struct ServeSettings: Decodable {
    /// When to make backups, where, and how many to keep.
    struct BackupPlan: Decodable, Hashable {
        /// Where they are kept.
        var folder: String
        /// The time of the day, HH:MM in the machine's time zone; 02:30 by default.
        var at: String?
        /// Instead of once a day at a time: every so many hours.
        var everyHours: Double?
        /// How many are kept; 14 by default.
        var keep: Int?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case folder, at, keep
            case everyHours = "every_hours"
        }

        /// Minutes after midnight; `nil` where the time is not written as HH:MM.
        var minute: Int? {
            guard let time = (at ?? "02:30").wholeMatch(of: /([0-9]{2}):([0-9]{2})/),
                let hour = Int(time.1), let past = Int(time.2), hour < 24, past < 60
            else { return nil }
            return hour * 60 + past
        }
    }

    /// The files of a certificate for TLS, and of its key.
    struct TLSFiles: Decodable, Hashable {
        /// PEM, the server's own first.
        var certificate: String
        /// PEM.
        var key: String
        /// Whether devices pin the key; `true` by default.
        ///
        /// Without, the authorities that their systems know vouch for the server, by their clocks: for keys that
        /// change with each certificate.
        var pin: Bool?

        enum CodingKeys: String, CodingKey, CaseIterable { case certificate, key, pin }
    }

    /// How long it is kept who read what.
    struct AccessPlan: Decodable, Hashable {
        /// In days, at least 180 (《网络安全法》第二十一条 asks for six months); for ever by default.
        var keepDays: Int?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case keepDays = "keep_days"
        }
    }

    /// How long a daemon waits for its database, in seconds; those that are missing are the usual ones.
    struct DatabasePatience: Decodable, Hashable {
        /// For a database that is away, or for a free connection; 30.
        var patience: Int?
        /// For one statement; 60.
        var statement: Int?
        /// For another's rows; 10.
        var lock: Int?
        /// For a transaction that stands still; 60.
        var idle: Int?
        /// For any word while something is asked: 15 more than for a statement.
        var silence: Int?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case patience, statement, lock, idle, silence
        }

        /// The numbers that are given, by their names.
        var given: [(name: String, seconds: Int?)] {
            [
                ("patience", patience), ("statement", statement), ("lock", lock), ("idle", idle),
                ("silence", silence),
            ]
        }

        func apply(to settings: inout PostgresSettings) {
            settings.patience = patience ?? settings.patience
            settings.statementTimeout = statement ?? settings.statementTimeout
            settings.lockTimeout = lock ?? settings.lockTimeout
            settings.idleTimeout = idle ?? settings.idleTimeout
            settings.silence = silence ?? settings.statementTimeout + 15
        }
    }

    /// How much of the server one device or one address may take; the usual limits by default.
    var limits: TrafficLimits?
    var access: AccessPlan?
    var backup: BackupPlan?
    var tls: TLSFiles?
    /// A database, `postgres://…`, instead of the embedded one in the data folder.
    var store: String?
    /// How many connections to it are held at most; 8 by default.
    var connections: Int?
    var database: DatabasePatience?
    /// For how many days a device shows what it holds without an answer of the server; for ever by default.
    var leaseDays: UInt32?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case limits, access, backup, tls, store, connections, database
        case leaseDays = "lease_days"
    }

    /// The settings of a file, or of `config.json` in the data folder, if that is there.
    ///
    /// Throws `config_missing`, `config_unreadable`, and `config_malformed`, which names the setting and what to write.
    init(at path: String?, in folder: URL) throws {
        let file =
            path.map { URL(fileURLWithPath: $0) } ?? folder.appendingPathComponent("config.json")
        guard FileManager.default.fileExists(atPath: file.path) else {
            guard path == nil else {
                throw SyncError(
                    "config_missing",
                    "没有设置文件 There is no settings file \(file.path)",
                    hint: "请核对 --config。 Check --config.",
                    subject: file.path
                )
            }
            return
        }
        self = try SettingsFile(file: file).read()
    }

    /// 《网络安全法》第二十一条: logs are kept for six months at least.
    static let leastAccessDays = 180
}
