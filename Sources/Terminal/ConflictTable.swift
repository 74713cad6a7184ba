internal import ResidenceDomain
public import SyncProtocol

/// A conflict, and what its record is called where the program runs.
public struct TitledConflict: Sendable {
    /// The conflict.
    public var entry: ConflictEntry
    /// What the record is called: a name, an address.
    public var title: String

    /// A conflict of a record that is called something.
    public init(_ entry: ConflictEntry, title: String) {
        self.entry = entry
        self.title = title
    }
}

/// Conflicts one under the other: what stood beside what was proposed, who said which and when.
public enum ConflictTable {
    /// Open conflicts of many records, in the order in which they came.
    public static func list(_ conflicts: [TitledConflict]) -> String {
        var table = Table([
            say("编号", "no."), say("记录", "record"), say("字段", "field"), say("原有", "standing"),
            say("提出", "proposed"), say("版本", "revision"), say("始于", "since"),
        ])
        for conflict in conflicts {
            let entry = conflict.entry
            for (index, line) in lines(of: entry).enumerated() {
                let isFirst = index == 0
                table.add([
                    isFirst ? String(entry.id) : "",
                    isFirst ? "\(conflict.title) \(entry.record.description.prefix(13))" : "",
                    line.field, line.standing, line.proposed,
                    isFirst ? String(entry.base.revision.rawValue) : "",
                    isFirst ? Moment.text(entry.metAt) : "",
                ])
            }
        }
        return table.text
    }

    /// Every conflict of one record, with what decided it and how it ended.
    public static func text(of conflicts: [ConflictEntry]) -> String {
        var table = Table([
            say("编号", "no."), say("字段", "field"), say("原有", "standing"), say("提出", "proposed"),
            say("如何决定", "decided by"), say("结果", "outcome"),
        ])
        for entry in conflicts {
            for (index, line) in lines(of: entry).enumerated() {
                let isFirst = index == 0
                table.add([
                    isFirst ? String(entry.id) : "", line.field, line.standing, line.proposed,
                    isFirst ? ConflictWords.policy(of: entry) : "",
                    isFirst ? ConflictWords.ending(of: entry) : "",
                ])
            }
        }
        return table.text
    }

    private struct Line {
        var field: String
        var standing: String
        var proposed: String
    }

    /// What the two say, each with its author and time: a line for each field in which they differ.
    private static func lines(of entry: ConflictEntry) -> [Line] {
        let sides = ConflictWords.rows(of: entry)
        let conflict = entry.conflict
        return sides.map { row in
            Line(
                field: row.field,
                standing: said(row.standing, entry.standingAuthor, conflict.standing),
                proposed: said(row.proposed, entry.proposedAuthor, conflict.proposed)
            )
        }
    }

    private static func said(_ what: String, _ author: String, _ side: Conflict.Side) -> String {
        "\(what) (\(author) \(Moment.text(side.time).dropFirst(5)))"
    }
}
