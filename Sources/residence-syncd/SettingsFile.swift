internal import Foundation
internal import ServerHTTP
internal import SyncProtocol

/// A settings file, which is read strictly: what is not understood is told, never passed over.
///
/// A slip of the pen in `backup` would otherwise mean that there are no backups, and nobody would know.
struct SettingsFile {
    let file: URL

    /// The settings.
    ///
    /// Throws `config_unreadable`, and `config_malformed`, which names the file, the setting and what to write.
    func read() throws -> ServeSettings {
        let data: Data
        do {
            data = try Data(contentsOf: file)
        } catch {
            throw SyncError(
                "config_unreadable",
                "无法读取设置文件 The settings file cannot be read: \(file.path)",
                hint: "请检查文件权限。 Check who may read it.",
                subject: file.path
            )
        }
        try checkNames(in: data)
        let settings: ServeSettings
        do {
            settings = try JSONDecoder().decode(ServeSettings.self, from: data)
        } catch let error as DecodingError {
            throw malformed(error, in: data)
        }
        if let limits = settings.limits, !limits.isSound { throw unsoundLimit(in: data) }
        try check(settings)
        return settings
    }

    // MARK: - Names

    /// The settings that there are: those of the file itself under no name, those of a section under its own.
    private static let names: [String: [String]] = [
        "": ServeSettings.CodingKeys.allCases.map(\.rawValue),
        "backup": ServeSettings.BackupPlan.CodingKeys.allCases.map(\.rawValue),
        "tls": ServeSettings.TLSFiles.CodingKeys.allCases.map(\.rawValue),
        "access": ServeSettings.AccessPlan.CodingKeys.allCases.map(\.rawValue),
        "database": ServeSettings.DatabasePatience.CodingKeys.allCases.map(\.rawValue),
        // Those of `TrafficLimits`, whose own list the server keeps to itself.
        "limits": [
            "device_burst", "device_per_second", "device_at_once", "address_burst",
            "address_per_second", "address_connections", "at_once", "long_reads_at_once",
            "streams", "connections", "body_grace_seconds", "body_bytes_per_second",
            "header_bytes", "proxies",
        ],
    ]

    /// Throws where a name is none of ours.
    private func checkNames(in data: Data) throws {
        let content: Any
        do {
            content = try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
        } catch {
            let place = (error as NSError).userInfo["NSDebugDescription"] as? String
            throw malformed("不是合法的 JSON 文件", "this is not JSON (\(place ?? "cut off"))", of: "")
        }
        guard let settings = content as? [String: Any] else {
            throw malformed("须是一个 JSON 对象", "this is not a JSON object", of: "")
        }
        try checkNames(of: settings, in: "")
        for (section, inner) in settings.sorted(by: { $0.key < $1.key }) {
            if let inner = inner as? [String: Any] { try checkNames(of: inner, in: section) }
        }
    }

    private func checkNames(of settings: [String: Any], in section: String) throws {
        guard let known = Self.names[section] else { return }
        guard let stray = settings.keys.sorted().first(where: { !known.contains($0) }) else {
            return
        }
        let list = known.sorted().joined(separator: ", ")
        throw SyncError(
            "config_malformed",
            "设置文件 \(file.path) 中的 \(path(section, stray)) 不是已有的设置 There is no such setting, in \(file.path): \(path(section, stray))",
            hint: "可写的设置：\(list) 等 What may be written: \(list)",
            subject: file.path
        )
    }

    private func path(_ section: String, _ name: String) -> String {
        section.isEmpty ? name : "\(section).\(name)"
    }

    // MARK: - Values

    private func check(_ settings: ServeSettings) throws {
        let (least, most) = (ServeSettings.leastAccessDays, 100_000)
        if let days = settings.access?.keepDays, !(least...most).contains(days) {
            throw malformed(
                "须在 \(least) 与 \(most) 天之间",
                "is not between \(least) and \(most)",
                of: "access.keep_days"
            )
        }
        if let connections = settings.connections, !(2...1000).contains(connections) {
            throw malformed("须在 2 与 1000 之间", "is not between 2 and 1000", of: "connections")
        }
        for (name, seconds) in settings.database?.given ?? [] {
            guard let seconds, !(1...3_600).contains(seconds) else { continue }
            throw malformed(
                "须在 1 与 3600 秒之间",
                "is not between 1 and 3600",
                of: "database.\(name)"
            )
        }
        if let days = settings.leaseDays, !(1...3_650).contains(days) {
            throw malformed("须在 1 与 3650 天之间", "is not between 1 and 3650", of: "lease_days")
        }
        if let tls = settings.tls {
            for (name, text) in [("certificate", tls.certificate), ("key", tls.key)] {
                try mustSay(text, "tls.\(name)")
            }
        }
        guard let plan = settings.backup else { return }
        if let store = settings.store, !store.isEmpty {
            throw malformed(
                "只用于内嵌数据库，不用于 PostgreSQL 数据库",
                "is for the embedded database, not for PostgreSQL",
                of: "backup"
            )
        }
        try check(plan)
    }

    private func check(_ plan: ServeSettings.BackupPlan) throws {
        try mustSay(plan.folder, "backup.folder")
        if plan.at != nil, plan.everyHours != nil {
            throw malformed(
                "不能与 backup.at 同时写，请只留一项",
                "and backup.at are both there: leave one of them out",
                of: "backup.every_hours"
            )
        }
        if plan.minute == nil {
            throw malformed("须写成 HH:MM 的形式", "is not HH:MM", of: "backup.at")
        }
        if let hours = plan.everyHours, !(0.01...1000).contains(hours) {
            throw malformed(
                "须在 0.01 与 1000 小时之间",
                "is not between 0.01 and 1000",
                of: "backup.every_hours"
            )
        }
        if let keep = plan.keep, keep < 1 {
            throw malformed("不得少于 1 份", "is below 1", of: "backup.keep")
        }
    }

    private func mustSay(_ text: String, _ name: String) throws {
        guard text.allSatisfy(\.isWhitespace) else { return }
        throw malformed("不能是空的", "is empty", of: name)
    }

    /// Which of the limits would let nobody in: the one that does so by itself.
    private func unsoundLimit(in data: Data) -> SyncError {
        let content = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
        let given = content?["limits"] as? [String: Any] ?? [:]
        let offender = given.keys.sorted().first { name in
            let alone = given.filter { $0.key == name }
            guard let data = try? JSONSerialization.data(withJSONObject: alone),
                let limits = try? JSONDecoder().decode(TrafficLimits.self, from: data)
            else { return false }
            return !limits.isSound
        }
        return malformed(
            "的数太小，谁也进不来",
            "is too small a number: it lets nobody in",
            of: path("limits", offender ?? "*")
        )
    }

    /// The setting with a number that does not fit: the one that, were it 1, would let the file be understood.
    private func unfit(in data: Data) -> String {
        let content = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
        let settings = content ?? [:]
        func isUnderstood(_ settings: [String: Any]) -> Bool {
            guard let data = try? JSONSerialization.data(withJSONObject: settings) else {
                return false
            }
            return (try? JSONDecoder().decode(ServeSettings.self, from: data)) != nil
        }
        for (section, value) in settings.sorted(by: { $0.key < $1.key }) {
            var tried = settings
            guard let inner = value as? [String: Any] else {
                tried[section] = 1
                if isUnderstood(tried) { return section }
                continue
            }
            for name in inner.keys.sorted() {
                tried[section] = inner.merging([name: 1]) { _, new in new }
                if isUnderstood(tried) { return path(section, name) }
            }
        }
        return ""
    }

    // MARK: - Words

    /// What a decoder did not find, or not as it should be.
    private func malformed(_ error: DecodingError, in data: Data) -> SyncError {
        func name(_ path: [any CodingKey]) -> String {
            path.map(\.stringValue).joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context):
            return malformed("没有写", "is missing", of: name(context.codingPath + [key]))
        case .valueNotFound(_, let context):
            return malformed("没有写", "is missing", of: name(context.codingPath))
        case .typeMismatch(_, let context):
            return malformed("的值不对", "has a value of the wrong kind", of: name(context.codingPath))
        case .dataCorrupted(let context):
            // A decoder does not say of which setting a number is too large, negative or no whole one.
            let path = context.codingPath
            return malformed(
                "的数不对",
                "is not a number that may stand here",
                of: path.isEmpty ? unfit(in: data) : name(path)
            )
        @unknown default:
            return malformed("无法理解", "this is not understood", of: "")
        }
    }

    private func malformed(_ zh: String, _ en: String, of name: String) -> SyncError {
        let (chinese, english) = name.isEmpty ? ("", "") : (" 中的 \(name)", "\(name) ")
        return SyncError(
            "config_malformed",
            // The file's name ends the English half: there it may be in Chinese, and cuts nothing off.
            "设置文件 \(file.path)\(chinese) \(zh) \(english)\(en), in \(file.path)",
            hint: Self.example(of: name),
            subject: file.path
        )
    }

    /// What to write: the setting as it might stand in the file.
    private static func example(of name: String) -> String {
        switch String(name.prefix { $0 != "." }) {
        case "backup" where name.hasSuffix("every_hours"):
            #"{"backup": {"folder": "/var/backups/residence", "every_hours": 6, "keep": 14}}"#
        case "tls":
            #"{"tls": {"certificate": "/etc/residence/server.pem", "key": "/etc/residence/server.key"}}"#
        case "access": #"{"access": {"keep_days": 365}}"#
        case "database": #"{"database": {"patience": 30, "statement": 60, "lock": 10}}"#
        case "limits": #"{"limits": {"device_burst": 400, "device_per_second": 50}}"#
        case "store": #"{"store": "postgres://HOST1,HOST2/DATABASE"}"#
        case "connections": #"{"connections": 8}"#
        case "lease_days": #"{"lease_days": 30}"#
        default:
            #"{"backup": {"folder": "/var/backups/residence", "at": "02:30", "keep": 14}}"#
        }
    }
}
