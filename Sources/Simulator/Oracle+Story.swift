internal import ResidenceDomain
internal import SyncProtocol
internal import SyncServer

extension Oracle.Standing {
    /// The history of a record as the server has it, its conflicts and what was returned, a line each.
    func story(of id: RecordID) -> [String] {
        guard let record = records[id], let type = Schema.current.type(record.state.type) else {
            return ["the server has no such record"]
        }
        let names = Dictionary(uniqueKeysWithValues: devices.map { ($0.id, $0.name) })
        func fields(_ map: FieldMap) -> String { map.told(as: type) }
        func told(_ change: StoredChange) -> String {
            let name = names[change.device] ?? "?"
            guard let parsed = try? Change(payload: change.payload, epoch: change.epoch) else {
                return "\(name) #\(change.sequence.rawValue) \(change.outcome.kind)"
            }
            let act =
                parsed.isRecovered
                ? "a copy"
                : parsed.deletion != nil
                    ? "deletes"
                    : parsed.redirect != nil
                        ? "is another"
                        : parsed.split ? "splits" : parsed.undelete ? "undeletes" : "says"
            let base = "\(parsed.base.epoch.rawValue % 1_000_000):\(parsed.base.revision.rawValue)"
            let cleared = parsed.clears.isEmpty ? "" : " clears \(parsed.clears)"
            return
                "\(name) #\(change.sequence.rawValue) saw \(base), \(act) \(fields(parsed.fields))\(cleared): \(change.outcome.kind) \(change.outcome.code)"
        }
        var lines = [
            "now: revision \(record.state.revision.rawValue)\(record.state.isDeleted ? ", deleted" : "")\(record.state.redirect == nil ? "" : ", is another"): \(fields(record.state.fields))"
        ]
        for step in steps[id] ?? [] {
            let epoch = step.change.epoch.rawValue % 1_000_000
            lines.append(
                "\(epoch):\(step.revision.rawValue)  \(told(step.change))\(step.via == nil ? "" : " via another")"
            )
        }
        for entry in conflicts[id] ?? [] {
            lines.append(
                "conflict \(entry.id) \(entry.conflict.kind) \(entry.state)\(entry.via.map { " via \($0.description.prefix(13))" } ?? ""): \(fields(entry.conflict.standing.values)) / \(fields(entry.conflict.proposed.values))"
            )
        }
        for change in returned where change.record == id {
            lines.append("returned: \(told(change))")
        }
        return lines
    }
}

extension FieldMap {
    /// The values as a story tells them.
    func told(as type: RecordType) -> String {
        numbers.map { number in
            guard let field = type.field(number) else { return "\(number)=…" }
            let value =
                reference(number).map { "→\($0.description.prefix(13))" }
                ?? FieldText.shown(field, in: self, inChinese: false) ?? ""
            return "\(field.name)=\(value)"
        }.joined(separator: " ")
    }
}
