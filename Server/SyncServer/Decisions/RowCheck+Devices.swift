internal import Foundation
internal import SyncProtocol
internal import SyncTrust

extension RowCheck {
    mutating func check(devices rows: [CheckedRow]) throws {
        let used = try Set(find(.enrolment, "used_by", rows.map { $0["id"] }).map { $0["used_by"] })
        for row in rows {
            report.note(unreadable: row, unreadableParts(ofDevice: row))
            // > [N-03] A device's id is the first 16 bytes of the SHA-256 of its public key.
            let key = PublicKey(bytes: row.bytes("public_key"))
            if key == nil || key?.deviceID != row.device("id") {
                report.note("device_id_differs", at: row.place)
            }
            if mustHaveEnrolled(row), !used.contains(row["id"]) {
                report.note("enrolment_missing", at: row.place)
            }
        }
    }

    private func unreadableParts(ofDevice row: CheckedRow) -> [String] {
        var parts: [String] = []
        if !row.says([Grant].self, in: "grants") { parts.append("grants") }
        if !row.says([Hole].self, in: "holes") { parts.append("holes") }
        let mayBeEmpty: [(String, Bool)] = [
            ("claimed", row.says(Grant.self, in: "claimed")),
            ("revoked", row.says(StoredDevice.Revoked.self, in: "revoked")),
            ("succession", row.says(Succession.self, in: "succession")),
        ]
        parts += mayBeEmpty.filter { !$0.1 && !row.isEmpty($0.0) }.map(\.0)
        if row.bytes("chain").count != 32 { parts.append("chain") }
        return parts
    }

    /// Whether a device can only have come by a code: what came back after a restore has a later first grant, or
    /// goes on from another.
    private func mustHaveEnrolled(_ row: CheckedRow) -> Bool {
        guard row.device("id") != server, row.isEmpty("succession"),
            let grants = row.read([Grant].self, in: "grants")
        else { return false }
        return grants.first?.number == 1
    }

    mutating func check(enrolments rows: [CheckedRow]) throws {
        let known = try Set(find(.device, "id", rows.map { $0["used_by"] }).map { $0["id"] })
        for row in rows {
            var parts: [String] = []
            if !row.says([AreaCode].self, in: "areas") { parts.append("areas") }
            if !row.isEmpty("scope"), !row.says(GrantScope.self, in: "scope") {
                parts.append("scope")
            }
            if Role(rawValue: row.text("role") ?? "") == nil { parts.append("role") }
            report.note(unreadable: row, parts)
            if !row.isEmpty("used_by"), !known.contains(row["used_by"]) {
                report.note("device_missing", at: row.place)
            }
        }
    }

    /// Without the epoch and the keys nobody can serve, or look; the rest has to be readable where it is there.
    mutating func check(settings rows: [CheckedRow]) {
        for row in rows {
            guard let setting = row.text("key").flatMap(Setting.init(rawValue:)) else { continue }
            if !isReadable(setting, row) { report.note(unreadable: row, ["value"]) }
        }
    }

    private func isReadable(_ setting: Setting, _ row: CheckedRow) -> Bool {
        switch setting {
        case .epochLog: (try? reader.epochs()) != nil
        case .areaMap: (try? reader.areaMap()) != nil
        case .handovers: (try? reader.handovers()) != nil
        case .replacements, .rekeys:
            (try? JSONDecoder().decode([String: String].self, from: Data(row.bytes("value"))))
                != nil
        case .announcement: Announcement(row.bytes("value")) != nil
        default: true
        }
    }
}

extension CheckedRow {
    /// What a column says in JSON; `nil` where it does not parse.
    fileprivate func read<Value: Decodable>(_ type: Value.Type, in name: String) -> Value? {
        text(name).flatMap { try? JSONDecoder().decode(type, from: Data($0.utf8)) }
    }

    fileprivate func says<Value: Decodable>(_ type: Value.Type, in name: String) -> Bool {
        read(type, in: name) != nil
    }
}
