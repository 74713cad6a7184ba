internal import ResidenceDomain
public import SyncProtocol

/// How a record came to look as it does: a line for each field of each step.
public enum HistoryText {
    /// The steps, the oldest first.
    public static func table(_ history: RecordHistory) -> String {
        var table = Table([
            say("版本", "revision"), say("观察于", "observed"), say("收到于", "received"),
            say("由谁", "by"), say("做了什么", "what"), say("字段", "field"), say("之前", "before"),
            say("之后", "after"),
        ])
        for step in history.steps {
            let head = [
                String(step.revision.rawValue),
                Moment.text(step.observedAt, uncertainty: step.uncertainty),
                Moment.text(step.receivedAt), step.author, act(step),
            ]
            let changes = step.fields.compactMap { history.type.field($0) }
            var lines = changes.map { field in
                [
                    say(field.zh, field.en), value(of: field, in: step.before),
                    value(of: field, in: step.after),
                ]
            }
            for field in step.proposed.numbers.compactMap({ history.type.field($0) }) {
                let lost = value(of: field, in: step.proposed)
                lines.append([
                    say(field.zh, field.en), "",
                    say("（提出 \(lost)，未取）", "(\(lost) proposed, not taken)"),
                ])
            }
            if lines.isEmpty { lines = [[]] }
            for (index, line) in lines.enumerated() {
                table.add((index == 0 ? head : head.map { _ in "" }) + line)
            }
        }
        return table.text
    }

    /// The record as it was at the moment that was asked for; `nil` where it was not there.
    public static func then(_ history: RecordHistory) -> String? {
        guard let then = history.then else { return nil }
        var table = Table([
            say("第 \(then.revision.rawValue) 版", "revision \(then.revision.rawValue)"),
            say(history.type.zh, history.type.en),
        ])
        if then.isDeleted { table.add([say("状态", "state"), say("已删除", "deleted")]) }
        for field in history.type.fields where then.fields[field.number] != nil {
            table.add([say(field.zh, field.en), value(of: field, in: then.fields)])
        }
        return table.text
    }

    private static func value(of field: RecordField, in fields: FieldMap) -> String {
        FieldText.shown(field, in: fields, inChinese: Language.current == .zh) ?? "–"
    }

    private static func act(_ step: HistoryStep) -> String {
        let via = step.via.map {
            say(" 经 \($0.description.prefix(13))", " via \($0.description.prefix(13))")
        }
        let contested = step.outcome == .conflicted ? say("（有冲突）", " (in conflict)") : ""
        let reason = step.reason.isEmpty ? "" : say("：", ": ") + step.reason
        return step.act.inWords + contested + (via ?? "") + reason
    }
}

extension HistoryStep.Act {
    /// What was done, in the language of whoever reads it.
    public var inWords: String {
        switch self {
        case .capture: say("采集", "capture")
        case .edit: say("修改", "edit")
        case .deletion: say("删除", "deletion")
        case .undeletion: say("撤销删除", "undeletion")
        case .resolution: say("裁决", "resolution")
        case .reidentification: say("更正身份", "re-identification")
        case .split: say("拆分", "split")
        case .erasure: say("依法抹除", "erasure by law")
        }
    }
}
