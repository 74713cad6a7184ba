internal import ResidenceDomain
internal import SyncProtocol

/// What is said of a conflict, in words.
enum ConflictWords {
    /// What the two sides say about one field.
    struct Row {
        var field: String
        var standing: String
        var proposed: String
    }

    /// A row for each field in which the two differ; one for what is not about fields.
    static func rows(of entry: ConflictEntry) -> [Row] {
        let conflict = entry.conflict
        switch conflict.kind {
        case .existence: return [existence(entry)]
        case .redirect: return [redirect(entry)] + fields(of: entry, among: saidByBoth(conflict))
        case .field, .invalid: return fields(of: entry, among: conflict.fields)
        }
    }

    private static func saidByBoth(_ conflict: Conflict) -> [UInt32] {
        Set(conflict.standing.values.numbers).intersection(conflict.proposed.values.numbers)
            .sorted()
    }

    private static func fields(of entry: ConflictEntry, among numbers: [UInt32]) -> [Row] {
        let (standing, proposed) = (entry.conflict.standing, entry.conflict.proposed)
        let type = Schema.current.type(entry.type)
        let rows = numbers.compactMap { number -> Row? in
            guard let field = type?.field(number) else { return nil }
            let row = Row(
                field: say(field.zh, field.en),
                standing: value(of: field, in: standing),
                proposed: value(of: field, in: proposed)
            )
            return row.standing == row.proposed && numbers.count > 1 ? nil : row
        }
        return rows.isEmpty ? [Row(field: "–", standing: "–", proposed: "–")] : rows
    }

    private static func value(of field: RecordField, in side: Conflict.Side) -> String {
        let isChinese = Language.current == .zh
        let value = FieldText.shown(field, in: side.values, inChinese: isChinese)
        let removed = FieldText.shown(field, in: side.removed, inChinese: isChinese)
        let parts = [value, removed.map { say("去掉 \($0)", "without \($0)") }].compactMap(\.self)
        return parts.isEmpty ? "–" : parts.joined(separator: " ")
    }

    private static func existence(_ entry: ConflictEntry) -> Row {
        let standing = entry.deletes(.standing)
        return Row(
            field: say("去留", "keep or delete"),
            standing: fate(entry.conflict.standing, deletes: standing, entry.type),
            proposed: fate(entry.conflict.proposed, deletes: !standing, entry.type)
        )
    }

    private static func fate(_ side: Conflict.Side, deletes: Bool, _ type: UInt32) -> String {
        guard deletes else {
            let title = Schema.current.type(type)?.title(of: side.values)
            let kept = say("保留", "keep")
            return title.map { "\(kept) \($0)" } ?? kept
        }
        let why = side.deletion.map { " \(reason($0))" } ?? ""
        return say("删除", "delete") + why
    }

    private static func redirect(_ entry: ConflictEntry) -> Row {
        Row(
            field: say("身份", "identity"),
            standing: say("就是同一人", "the same one"),
            proposed: say("旧编号上是另一人（拆分）", "somebody else under the old id: split")
        )
    }

    /// Why a record is deleted, in words.
    static func reason(_ deletion: Change.Deletion) -> String {
        let name =
            switch deletion.reason {
            case 1: say("误采", "captured by mistake")
            case 2: say("重复", "duplicate")
            case 3: say("本人要求", "on request")
            default: say("其他", "other")
            }
        return deletion.text.isEmpty ? name : name + say("：", ": ") + deletion.text
    }

    /// What decided, or who has to.
    static func policy(of entry: ConflictEntry) -> String {
        let conflict = entry.conflict
        if conflict.byAuthority { return say("主管部门", "the department") }
        return switch conflict.policy {
        case .laterObservation: say("以后观察到的为准", "later observation")
        case .earliest: say("取最早", "the earliest")
        case .latest: say("取最晚", "the latest")
        case .set: say("增减合并", "additions and removals")
        case .review, .UNRECOGNIZED: say("须裁决", "a reviewer")
        }
    }

    /// How it ended, and who ended it.
    static func ending(of entry: ConflictEntry) -> String {
        switch entry.state {
        case .open: return say("待裁决", "open")
        case .decidedByRule:
            return entry.conflict.proposedWon
                ? say("取提出值", "the proposed one") : say("取原有值", "the standing one")
        case .superseded:
            return say("已有新值", "superseded") + by(entry)
        case .resolved:
            let choice =
                switch entry.closing?.choice {
                case .standing: say("裁决：原有值", "resolved: the standing one")
                case .proposed: say("裁决：提出值", "resolved: the proposed one")
                case .other, nil: say("裁决：另一值", "resolved: another one")
                }
            return choice + by(entry)
        }
    }

    private static func by(_ entry: ConflictEntry) -> String {
        guard let closing = entry.closing, !closing.author.isEmpty else { return "" }
        let reason = closing.reason.isEmpty ? "" : say("：", ": ") + closing.reason
        return " (\(closing.author) \(Moment.text(closing.closedAt).dropFirst(5)))\(reason)"
    }
}
