internal import SyncProtocol

/// Lays changes over what the server last said.
///
/// > [D-01] Pending changes stay laid over what arrives; a device sees its own writes at once.
struct Overlay {
    /// What a person sees; `nil` where it is deleted, is another record, or was never there.
    private(set) var visible: FieldMap?
    /// What it said before it was deleted or found to be another record, as far as that is known.
    private(set) var hidden: FieldMap?
    /// The record that it was found to be.
    private(set) var redirect: RecordID?
    /// A record that was found to be this one, by a change of this device that still waits.
    struct Found {
        /// The number of the change that says so.
        let sequence: SequenceNumber
        /// What it said until then.
        let said: FieldMap
    }

    private let type: RecordType
    private let isTargetHeld: Bool

    /// What the server said, with the changes over it in the order of their numbers.
    ///
    /// `isTargetHeld` tells whether the device holds the record to which this one points: where it does
    /// not, what is captured under the old id is seen there.
    init(
        over acknowledged: LocalRecord.Acknowledged?,
        _ changes: [LaidChange],
        found: [Found] = [],
        isTargetHeld: Bool = true,
        type: RecordType
    ) {
        self.type = type
        self.isTargetHeld = isTargetHeld
        redirect = acknowledged?.redirect
        if let acknowledged {
            let fields = acknowledged.fields
            let isLive = !acknowledged.isDeleted && acknowledged.redirect == nil
            visible = isLive ? fields : nil
            hidden = isLive || fields.isEmpty ? nil : fields
        }
        var waiting = found.sorted { $0.sequence < $1.sequence }[...]
        for laid in changes {
            while let next = waiting.first, next.sequence < laid.entry.sequence {
                take(waiting.removeFirst().said)
            }
            lay(laid.change)
        }
        for found in waiting { take(found.said) }
    }

    /// Takes in what another record said that was found to be this one: what this one lacks.
    private mutating func take(_ said: FieldMap) {
        visible = visible.map { said.clearing(type.identityUnit).completing($0, as: type) }
    }

    private mutating func lay(_ change: Change) {
        if change.deletion != nil { return hide() }
        if let target = change.redirect {
            redirect = target
            return hide()
        }
        if change.split || change.undelete {
            redirect = nil
            visible = visible ?? hidden
        }
        guard !change.touched.isEmpty || change.isCreation else { return }
        // An edit of a record that was deleted meanwhile shows nothing by itself.
        let standsIn = redirect != nil && !isTargetHeld
        guard visible != nil || change.undelete || change.isCreation || standsIn else { return }
        visible = lay(change, over: visible ?? (standsIn ? hidden : nil) ?? FieldMap())
    }

    private mutating func hide() {
        hidden = visible ?? hidden
        visible = nil
    }

    private func lay(_ change: Change, over fields: FieldMap) -> FieldMap {
        let sets = change.touched.filter { type.field($0)?.isSet == true }
        var result =
            fields
            .merging(change.fields.clearing(sets))
            .clearing(change.clears)
        for number in sets {
            let removed = Set(change.removed.elements(of: number))
            let kept = fields.elements(of: number).filter { !removed.contains($0) }
            result = result.settingElements(
                kept + change.fields.elements(of: number),
                of: number
            )
        }
        return (try? result.canonical(as: type)) ?? result
    }
}

/// A change of the outbox that lies over a record, and what it says.
struct LaidChange {
    let entry: OutboxEntry
    let change: Change

    var isReturned: Bool { entry.isReturned }
}

extension [OutboxEntry] {
    /// The changes as far as they can be read, without what a later one says in their place [V-05].
    func standing(epoch: Epoch) -> [LaidChange] {
        var replaced: Set<SequenceNumber> = []
        var undecided: Set<SequenceNumber> = []
        var kept: [LaidChange] = []
        for entry in reversed() {
            guard let change = try? Change(payload: entry.payload, epoch: epoch) else { continue }
            if entry.isReturned, replaced.contains(entry.sequence) { continue }
            let isSameWish = change.deletion != nil && undecided.contains(entry.sequence)
            if entry.isReturned, isSameWish { continue }
            if change.isUndecided(entry.outcome?.kind) {
                undecided.formUnion(change.mends)
            } else {
                replaced.formUnion(change.mends)
            }
            kept.append(LaidChange(entry: entry, change: change.without(entry.overtaken)))
        }
        return kept.reversed()
    }

    /// The changes that lie over a record.
    ///
    /// A returned act (a resolution, a redirect) says nothing of the record any more: it was refused.
    func laid(epoch: Epoch) -> [LaidChange] {
        standing(epoch: epoch).filter { laid in
            // A copy of this very epoch is offered in case the server lost it, not because somebody said it.
            if laid.change.isRecovered {
                return !laid.isReturned && laid.change.base.epoch < epoch
            }
            return !laid.isReturned || !(laid.change.isAct || laid.change.resolution != nil)
        }
    }
}

extension OutboxEntry {
    /// Whether the server sent it back.
    public var isReturned: Bool { outcome?.kind == .quarantined }

    /// Whether what the server last said of the record holds the change already: it is only offered again
    /// since a restore lost it.
    func isContained(in acknowledged: LocalRecord.Acknowledged?) -> Bool {
        guard let former = former?.place, outcome == nil, let known = acknowledged?.base else {
            return false
        }
        return known.epoch == former.epoch && known.revision >= former.revision
    }
}

extension Change {
    /// The change without some of its fields.
    fileprivate func without(_ numbers: [UInt32]) -> Change {
        guard !numbers.isEmpty else { return self }
        var change = self
        change.fields = fields.clearing(numbers)
        change.clears = clears.filter { !numbers.contains($0) }
        return change
    }
}
