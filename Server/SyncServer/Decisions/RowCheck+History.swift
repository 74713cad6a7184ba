internal import SyncProtocol
internal import SyncTrust

extension RowCheck {
    mutating func check(changes rows: [CheckedRow]) throws {
        let records = try Set(find(.record, "id", rows.map { $0["record"] }).map { $0["id"] })
        let epochs = try? Set(reader.epochs().map(\.epoch))
        let contested = rows.filter { $0.kind == .conflicted }.map { $0["record"] }
        let conflicts = try find(.conflict, "record", contested) + find(.conflict, "via", contested)
        let disputed = Set(conflicts.flatMap { [$0["record"], $0["via"]] })
        for row in rows {
            noteFirstKept(row)
            if row.isEmpty("device") { report.note("device_missing", at: row.place) }
            if row.kind == nil { report.note(unreadable: row, ["kind"]) }
            if !Self.isAsItCame(row) { report.note("payload_differs", at: row.place) }
            if !Self.namesItsRecord(row) { report.note("change_record_differs", at: row.place) }
            if epochs?.contains(row.unsigned("epoch")) == false {
                report.note("epoch_unknown", at: row.place)
            }
            guard row.kind != .quarantined else { continue }
            if !records.contains(row["record"]) { report.note("record_unknown", at: row.place) }
            if row.kind == .conflicted, !disputed.contains(row["record"]) {
                report.note("conflict_missing", at: row.place)
            }
        }
    }

    private mutating func noteFirstKept(_ row: CheckedRow) {
        let undo = row.bytes("undo")
        // The first version kept nothing but that a creation found nothing.
        guard undo != Undo.forgotten, undo.first.map({ $0 & 1 != 0 }) == true else { return }
        report.firstKept = report.firstKept ?? row.int("number")
    }

    // > [E-01] Ids, numbers, hashes, the fact and its reason stay.

    /// Whether the payload has its hash; a redacted one says nothing that a redaction leaves out.
    private static func isAsItCame(_ row: CheckedRow) -> Bool {
        let payload = row.bytes("payload")
        guard row.isTrue("redacted") else { return Chain.hash(of: payload) == row.bytes("hash") }
        guard !payload.isEmpty else { return true }
        return (try? Change(payload: payload, epoch: .none))?.redacted.payload == payload
    }

    /// Whether the row names the record that its payload names; an accepted one has to parse.
    private static func namesItsRecord(_ row: CheckedRow) -> Bool {
        let payload = row.bytes("payload")
        // What never parsed was redacted to nothing, and only the row tells what it was about.
        if row.isTrue("redacted"), payload.isEmpty { return true }
        guard row.kind != .quarantined else {
            return Change.record(of: payload) == row.record("record")
        }
        return (try? Change(payload: payload, epoch: .none))?.record == row.record("record")
    }

    mutating func check(effects rows: [CheckedRow]) throws {
        let changes = try find(.change, "number", rows.map { $0["change"] }).keyed(by: "number")
        for row in rows {
            let kind = changes[row["change"]]?.kind
            if kind == nil || kind == .quarantined {
                report.note("change_unknown", at: row.place)
            }
        }
        try checkRecords(named: ["record", "via"], in: rows)
    }

    mutating func check(settlements rows: [CheckedRow]) throws {
        let changes = try find(.change, "number", rows.map { $0["change"] }).keyed(by: "number")
        for row in rows {
            let change = changes[row["change"]]
            guard change?.kind == .quarantined, change?["device"] == row["device"],
                change?["sequence"] == row["sequence"]
            else {
                report.note("change_unknown", at: row.place)
                continue
            }
            if Settlement.Kind(rawValue: Int(clamping: row.int("kind") ?? -1)) == nil {
                report.note(unreadable: row, ["kind"])
            }
        }
    }

    mutating func check(conflicts rows: [CheckedRow]) throws {
        for row in rows {
            guard let entry = ConflictEntry(row.bytes("body")) else {
                report.note(unreadable: row, ["body"])
                continue
            }
            let isSame =
                entry.record == row.record("record") && entry.via == row.record("via")
                && entry.isOpen == row.isTrue("open") && Int64(entry.impact) == row.int("impact")
            if !isSame { report.note("conflict_differs", at: row.place) }
        }
        try checkRecords(named: ["record"], in: rows)
    }
}

extension CheckedRow {
    /// What became of a change; `nil` where nobody knows such a thing.
    var kind: Outcome.Kind? { Outcome.Kind(rawValue: Int(clamping: int("kind") ?? -1)) }
}
