internal import Foundation
internal import ServerHTTP
internal import StorePostgres
internal import SyncProtocol
internal import Terminal

/// What the daemon's settings file says, in JSON: `{"backup": {"folder": …, "at": "02:30", "keep": 14}}`.
struct ServeSettings: Decodable {
    /// When to make backups, where, and how many to keep.
    struct BackupPlan: Decodable, Hashable {
        /// Where they are kept.
        var folder: String
        /// The time of the day, HH:MM in the machine's time zone; 02:30 by default.
        var at: String?
        /// Instead of once a day: every so many hours.
        var everyHours: Double?
        /// How many are kept; 14 by default.
        var keep: Int?

        enum CodingKeys: String, CodingKey {
            case folder, at, keep
            case everyHours = "every_hours"
        }

        /// Minutes after midnight.
        var minute: Int? {
            let parts = (at ?? "02:30").split(separator: ":").compactMap { Int($0) }
            guard parts.count == 2, (0..<24).contains(parts[0]), (0..<60).contains(parts[1]) else {
                return nil
            }
            return parts[0] * 60 + parts[1]
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
    }

    /// How long it is kept who read what.
    struct AccessPlan: Decodable, Hashable {
        /// In days, at least 180 (《网络安全法》第二十一条 asks for six months); for ever by default.
        var keepDays: Int?

        enum CodingKeys: String, CodingKey {
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

        fileprivate var all: [Int] {
            [patience, statement, lock, idle, silence].compactMap(\.self)
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

    enum CodingKeys: String, CodingKey {
        case limits, access, backup, tls, store, connections, database
        case leaseDays = "lease_days"
    }

    /// The settings of a file, or of `config.json` in the data folder, if that is there.
    ///
    /// Throws `config_missing` and `config_malformed`, which names the line's trouble.
    init(at path: String?, in folder: URL) throws {
        let file =
            path.map { URL(fileURLWithPath: $0) } ?? folder.appendingPathComponent("config.json")
        guard FileManager.default.fileExists(atPath: file.path) else {
            guard path == nil else {
                throw SyncError(
                    "config_missing",
                    "没有设置文件 \(file.path) There is no settings file",
                    hint: "请核对 --config。 Check --config.",
                    subject: file.path
                )
            }
            return
        }
        do {
            self = try JSONDecoder().decode(ServeSettings.self, from: Data(contentsOf: file))
        } catch {
            throw Self.malformed(file, "\(error)")
        }
        if let limits, !limits.isSound {
            throw Self.malformed(file, "limits: every number is above 0")
        }
        if let days = access?.keepDays, days < Self.leastAccessDays {
            throw Self.malformed(file, "access.keep_days is below \(Self.leastAccessDays)")
        }
        if let connections, !(2...1000).contains(connections) {
            throw Self.malformed(file, "connections is not between 2 and 1000")
        }
        if let database, !database.all.allSatisfy((1...3_600).contains) {
            throw Self.malformed(file, "database: every number is between 1 and 3600")
        }
        if let leaseDays, !(1...3_650).contains(leaseDays) {
            throw Self.malformed(file, "lease_days is not between 1 and 3650")
        }
        guard let plan = backup else { return }
        if let store, !store.isEmpty {
            throw Self.malformed(file, "backup is for the embedded database, not for PostgreSQL")
        }
        if plan.minute == nil { throw Self.malformed(file, "backup.at is not HH:MM") }
        if let hours = plan.everyHours, !(0.01...1000).contains(hours) {
            throw Self.malformed(file, "backup.every_hours is not between 0.01 and 1000")
        }
        if let keep = plan.keep, keep < 1 { throw Self.malformed(file, "backup.keep is below 1") }
    }

    /// 《网络安全法》第二十一条: logs are kept for six months at least.
    static let leastAccessDays = 180

    private static func malformed(_ file: URL, _ reason: String) -> SyncError {
        SyncError(
            "config_malformed",
            "设置文件无法理解 \(file.path): \(reason)",
            hint: #"{"backup": {"folder": "/var/backups/residence", "at": "02:30", "keep": 14}}"#,
            subject: file.path
        )
    }
}
