public import SyncProtocol

/// One conflict, both sides side by side in aligned columns.
public enum ConflictSheet {
    /// The conflict; `revision` is the record's now, `command` how to settle it.
    public static func text(
        of conflict: TitledConflict,
        revision: Revision,
        settledBy command: String
    ) -> String {
        let entry = conflict.entry
        let (standing, proposed) = (entry.conflict.standing, entry.conflict.proposed)
        let type = Schema.current.type(entry.type)
        var table = Table(["", say("原有", "standing"), say("提出", "proposed")])
        for row in ConflictWords.rows(of: entry) {
            table.add([row.field, row.standing, row.proposed])
        }
        table.add([say("由谁", "by"), entry.standingAuthor, entry.proposedAuthor])
        table.add([
            say("观察于", "observed"), Moment.text(standing.time, uncertainty: standing.uncertainty),
            Moment.text(proposed.time, uncertainty: proposed.uncertainty),
        ])
        table.add([
            say("设备", "device"), String(standing.device.description.prefix(12)),
            String(proposed.device.description.prefix(12)),
        ])
        let name = type.map { say($0.zh, $0.en) } ?? ""
        let head = say(
            "冲突 \(entry.id)  \(name) \(conflict.title) \(entry.record)",
            "conflict \(entry.id)  \(name) \(conflict.title) \(entry.record)"
        )
        let state = say(
            "\(ConflictWords.policy(of: entry))，\(ConflictWords.ending(of: entry))；服务器得知于 \(Moment.text(entry.metAt))，记录现为第 \(revision.rawValue) 版",
            "\(ConflictWords.policy(of: entry)), \(ConflictWords.ending(of: entry)); met \(Moment.text(entry.metAt)), the record is at revision \(revision.rawValue)"
        )
        return ([head, table.text, state] + settling(entry, command)).joined(separator: "\n")
    }

    private static func settling(_ entry: ConflictEntry, _ command: String) -> [String] {
        guard entry.isOpen else { return [] }
        let third = entry.conflict.fields.isEmpty ? "" : say(" | 字段=内容", " | FIELD=VALUE")
        let line = say(
            "裁决：\(command) 原有 | 提出\(third)",
            "settle: \(command) standing | proposed\(third)"
        )
        return [line]
    }
}
