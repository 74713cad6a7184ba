public import SyncProtocol

/// A moment in the life of a record.
public enum HistoryMoment: Hashable, Sendable {
    /// When it had this revision.
    case revision(Revision)
    /// An instant of the server's clock, in milliseconds since 1970.
    case instant(Int64)

    /// A revision's number, or an instant as RFC 3339; `nil` where the text is neither.
    public init?(_ text: some StringProtocol) {
        if let number = UInt64(text) {
            self = .revision(Revision(rawValue: number))
        } else if let time = milliseconds(text) {
            self = .instant(time)
        } else {
            return nil
        }
    }
}

extension SyncService {
    /// The history of a record that somebody may see, and the record as it was at a moment.
    ///
    /// Throws `record_not_found`.
    public func history(
        of id: RecordID,
        at moment: HistoryMoment? = nil,
        for principal: Principal
    ) async throws -> RecordHistory {
        let history = try await store.read { transaction in
            guard let record = try transaction.records([id])[id], principal.seen(record) != nil,
                let type = Schema.current.type(record.state.type)
            else { throw SyncError.recordNotFound }
            let steps = try transaction.steps(of: id)
            let names = try Dictionary(
                uniqueKeysWithValues: Set(steps.map(\.change.device)).map {
                    ($0, try transaction.device($0)?.name ?? "")
                }
            )
            return HistoryWalk(record: record.state, steps: steps, names: names)
                .history(type, at: moment).seen(within: principal.scope)
        }
        await note(.history, [id], by: principal)
        return history
    }
}

/// Walks from what a record says now back through what each change took away.
///
/// > [H-02] A record can be read as it was at any revision, and at any instant of the server's clock.
struct HistoryWalk {
    let record: RecordState
    let steps: [StoredStep]
    let names: [DeviceID: String]

    /// A record as it was after some step.
    private struct Look {
        var fields: FieldMap
        var isThere: Bool
        var isDeleted: Bool
        var redirect: RecordID?
    }

    func history(_ type: RecordType, at moment: HistoryMoment?) -> RecordHistory {
        var look = Look(
            fields: record.fields,
            isThere: true,
            isDeleted: record.isDeleted,
            redirect: record.redirect
        )
        var told: [HistoryStep] = []
        var then: RecordState?
        var isKnown = true
        for step in steps.reversed() {
            if then == nil, isKnown, let moment, step.isAtOrBefore(moment) {
                then = state(look, at: step)
            }
            let after = look
            var changed: [UInt32] = []
            // What was redacted hides all that was before it.
            if step.undo == Undo.forgotten { isKnown = false }
            if isKnown, let undo = try? Undo(encoded: step.undo, after: look.fields) {
                changed = undo.fields
                look = Look(
                    fields: undo.wasThere ? undo.applied(to: look.fields) : FieldMap(),
                    isThere: undo.wasThere,
                    isDeleted: undo.wasDeleted,
                    redirect: undo.redirect
                )
            }
            told.append(tell(step, changed, before: look, after: after, isKnown: isKnown))
        }
        return RecordHistory(
            record: record.id,
            type: type,
            steps: told.reversed(),
            then: then
        )
    }

    private func state(_ look: Look, at step: StoredStep) -> RecordState? {
        guard look.isThere else { return nil }
        return RecordState(
            id: record.id,
            type: record.type,
            revision: step.revision,
            isDeleted: look.isDeleted,
            fields: look.fields,
            stamps: record.stamps,
            redirect: look.redirect
        )
    }

    private func tell(
        _ step: StoredStep,
        _ changed: [UInt32],
        before: Look,
        after: Look,
        isKnown: Bool
    ) -> HistoryStep {
        let stored = step.change
        let change = try? Change(payload: stored.payload, epoch: stored.epoch)
        var told = HistoryStep(
            revision: step.revision,
            act: change.map {
                HistoryStep.Act(of: $0, wasThere: isKnown ? before.isThere : !$0.isCreation)
            } ?? .edit,
            outcome: stored.outcome.kind,
            device: stored.device,
            author: change?.principal?.name ?? names[stored.device] ?? "",
            sequence: stored.sequence,
            observedAt: change?.observedAt ?? stored.receivedAt,
            uncertainty: change?.uncertainty ?? 0,
            receivedAt: stored.receivedAt,
            reason: change?.erasure ?? change?.resolution?.reason ?? change?.deletion?.text ?? "",
            fields: changed,
            before: before.fields.keeping(changed),
            after: after.fields.keeping(changed),
            via: step.via
        )
        if isKnown, let change { told.proposed = Self.proposed(change, after.fields) }
        return told
    }

    /// What a change said and the record did not say after it.
    private static func proposed(_ change: Change, _ after: FieldMap) -> FieldMap {
        let type = Schema.current.type(change.type)
        let canonical = type.flatMap { try? change.fields.canonical(as: $0) } ?? change.fields
        return canonical.keeping(
            canonical.numbers.filter { number in
                guard type?.field(number)?.isSet == true else {
                    return canonical[number] != after[number]
                }
                return !Set(after.elements(of: number))
                    .isSuperset(of: canonical.elements(of: number))
            }
        )
    }
}

extension StoredStep {
    /// Whether the step was taken by a moment.
    fileprivate func isAtOrBefore(_ moment: HistoryMoment) -> Bool {
        switch moment {
        case .revision(let revision): self.revision <= revision
        case .instant(let time): change.receivedAt <= time
        }
    }
}
