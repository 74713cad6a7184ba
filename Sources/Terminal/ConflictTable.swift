internal import Foundation
internal import ResidenceDomain
public import SyncProtocol

/// Conflicts as a person reads them: what stood beside what was proposed, who said which and when.
public enum ConflictTable {
    /// A table with a line for each field in conflict.
    public static func text(of conflicts: [ConflictView], type: RecordType) -> String {
        var table = Table([
            say("字段", "field"), say("原有", "standing"), say("提出", "proposed"),
            say("如何决定", "decided by"), say("结果", "stands"),
        ])
        for conflict in conflicts {
            let numbers = conflict.fields.filter {
                conflict.standing.values[$0] != conflict.proposed.values[$0]
            }
            for number in numbers {
                guard let field = type.field(number) else { continue }
                table.add([
                    say(field.zh, field.en), side(conflict.standing, field),
                    side(conflict.proposed, field), policy(conflict),
                    result(conflict),
                ])
            }
            if conflict.fields.isEmpty {
                table.add([
                    say("是否存在", "existence"), conflict.standing.author,
                    conflict.proposed.author, policy(conflict), result(conflict),
                ])
            }
        }
        return table.text
    }

    private static func side(_ side: ConflictView.Side, _ field: RecordField) -> String {
        let value = FieldText.shown(field, in: side.values, inChinese: Language.current == .zh)
        let time = Date(timeIntervalSince1970: Double(side.observedAt) / 1000)
        let formatter = DateFormatter()
        formatter.dateFormat = "MM-dd HH:mm:ss"
        return "\(value ?? "–") (\(side.author) \(formatter.string(from: time)))"
    }

    private static func policy(_ conflict: ConflictView) -> String {
        if conflict.byAuthority { return say("主管部门", "the department") }
        return switch conflict.policy {
        case .laterObservation: say("以后观察到的为准", "later observation")
        case .earliest: say("取最早", "the earliest")
        case .latest: say("取最晚", "the latest")
        case .set: say("增减合并", "additions and removals")
        case .review, .UNRECOGNIZED: say("须审核", "a reviewer")
        }
    }

    private static func result(_ conflict: ConflictView) -> String {
        if conflict.isOpen { return say("原有值，待审核", "the standing one, for now") }
        return conflict.proposedWon
            ? say("提出的值", "the proposed one") : say("原有值", "the standing one")
    }
}
