internal import SyncProtocol

/// What the history of a record says of it, from rows as they stand.
struct RecordStory {
    /// One step: a change of the record's own, or one that reached it through another.
    private struct Step {
        var number: Int64
        var revision: UInt64
        var undo: [UInt8]
        var isRedacted = false
        /// What was done; `nil` of one that reached it through another, and where it does not parse.
        var change: Change?
        var isOwn = false

        var hasWritten: Bool { !undo.isEmpty }
        var isForgotten: Bool { undo == Undo.forgotten }
    }

    private let steps: [Step]
    /// The number of the first change of which it was kept what was before.
    private let keptSince: Int64?

    /// A story of a record's changes, accepted or not, and of what reached it through others.
    init(_ changes: [CheckedRow], _ effects: [CheckedRow], keptSince: Int64? = nil) {
        let own = changes.filter { $0.kind != .quarantined }.map { row in
            Step(
                number: row.int("number") ?? 0,
                revision: row.unsigned("revision"),
                undo: row.bytes("undo"),
                isRedacted: row.isTrue("redacted"),
                change: try? Change(payload: row.bytes("payload"), epoch: .none),
                isOwn: true
            )
        }
        let reached = effects.map { row in
            Step(
                number: row.int("change") ?? 0,
                revision: row.unsigned("revision"),
                undo: row.bytes("undo")
            )
        }
        steps = (own + reached).sorted { ($0.number, $0.revision) < ($1.number, $1.revision) }
        self.keptSince = keptSince
    }

    /// What a record says otherwise than its history.
    func flaws(of row: CheckedRow) -> [String] {
        var flaws: [String] = []
        if !reaches(row.unsigned("revision")) { flaws.append("revision_differs") }
        if !steps.allSatisfy(leadsBack) { flaws.append("undo_differs") }
        let types = Set(steps.compactMap { $0.change.map { Int64($0.type) } })
        if !types.isSubset(of: [row.int("type") ?? -1]) { flaws.append("type_differs") }
        if !saysWhatWasSaid(row) { flaws.append("body_differs") }
        if row.isTrue("erased") ? !wasErased : endsErased { flaws.append("erasure_differs") }
        return flaws
    }

    /// Whether each step that wrote is one revision above the one before, and the last one is a revision.
    private func reaches(_ revision: UInt64) -> Bool {
        var last: UInt64 = 0
        for step in steps {
            // Of one that is forgotten, nobody knows whether it wrote.
            let isFit =
                step.revision == last + (step.hasWritten ? 1 : 0)
                || (step.isForgotten && step.revision == last)
            guard isFit else { return false }
            last = step.revision
        }
        return last == revision
    }

    // > [H-01] Every accepted change of a record is in its history: each field that it changed, before and after.

    private func leadsBack(_ step: Step) -> Bool {
        guard step.hasWritten else { return true }
        guard !step.isForgotten else { return mayBeForgotten(step) }
        guard let undo = try? Undo(encoded: step.undo, after: FieldMap()) else { return false }
        return undo.wasThere == (step.revision > 1)
    }

    /// Whether what was before a step may have been forgotten: by law, or since the first version never kept it.
    private func mayBeForgotten(_ step: Step) -> Bool {
        guard step.isOwn, !step.isRedacted, step.change?.erasure == nil else { return true }
        // What reached it through another may have been redacted there.
        if steps.contains(where: { !$0.isOwn && $0.number <= step.number }) { return true }
        return keptSince.map { step.number < $0 } ?? true
    }

    // MARK: - What it says

    /// Whether each field says what the change said that is on record as its last writer, as far as one can tell.
    ///
    /// Sets grow by many, references follow redirects, of dates the earliest or latest stands whoever wrote last, and a
    /// settlement names a side instead of a value.
    private func saysWhatWasSaid(_ row: CheckedRow) -> Bool {
        guard !row.isTrue("erased"), let number = UInt32(exactly: row.int("type") ?? -1),
            let type = Schema.current.type(number), let fields = try? FieldMap(row.bytes("body")),
            let stamps = try? Stamps(encoded: row.bytes("stamps"))
        else { return true }
        return fields.numbers.allSatisfy { number in
            guard let field = type.field(number), !field.isSet, field.format != .reference,
                field.policy != .earliest, field.policy != .latest,
                let stamp = stamps.last(of: number, in: fields),
                let step = steps.first(where: { $0.revision == stamp.base.revision.rawValue }),
                step.isOwn, step.hasWritten, !step.isRedacted, let change = step.change,
                !change.isAct, change.resolution == nil,
                let said = try? change.canonical(as: type).fields[number]
            else { return true }
            return said == fields[number]
        }
    }

    // MARK: - Erasures

    private var wasErased: Bool { steps.contains { $0.change?.erasure != nil } }

    private var endsErased: Bool { steps.last { $0.hasWritten }?.change?.erasure != nil }

    // MARK: - Redirects

    /// The last step that said which record this is.
    private var finding: Step? {
        steps.last { step in
            guard let change = step.change, !change.isRecovered else { return false }
            return change.isAct
        }
    }

    /// The record that was named when this one was last found to be another; `nil` where that is over.
    var named: RecordID? { finding?.change?.redirect }

    /// Whether it was ever found to be another record.
    var hasPointed: Bool { steps.contains { $0.change?.redirect != nil } }

    /// Whether it may point nowhere: nobody said where, or somebody may have told the two apart since.
    var mayPointNowhere: Bool {
        guard let finding, named != nil else { return true }
        return steps.contains { !$0.isOwn && $0.number > finding.number }
    }
}
