import SyncProtocol

/// One record on the server, told as changes arrive.
struct Story {
    let type: RecordType
    var epoch = Sample.epoch
    private(set) var record: RecordState?
    /// Every conflict entry that the changes left, in order.
    private(set) var conflicts: [Conflict] = []

    init(of type: RecordType) { self.type = type }

    /// The record's fields as they stand.
    var fields: FieldMap { record?.fields ?? FieldMap() }

    /// The base of somebody who has seen everything.
    var seen: Base {
        guard let record else { return .none }
        return Base(epoch: epoch, revision: record.revision)
    }

    /// What a change by somebody who saw `base`, or everything, wants done.
    func change(
        _ fields: FieldMap = FieldMap(),
        saw base: Base? = nil,
        at time: Int64,
        clearing clears: [UInt32] = [],
        removing removed: FieldMap = FieldMap()
    ) -> Change {
        var change = Change(
            record: Sample.record(1),
            type: type.number,
            base: base ?? seen,
            observedAt: time
        )
        change.fields = fields
        change.clears = clears
        change.removed = removed
        return change
    }

    /// What a deletion by somebody who saw `base`, or everything, wants done.
    func deletion(saw base: Base? = nil, at time: Int64) -> Change {
        var change = change(saw: base, at: time)
        change.deletion = Change.Deletion(reason: 1, text: "")
        return change
    }

    /// A change arrives at the server.
    @discardableResult
    mutating func arrives(
        _ change: Change,
        from author: Author,
        isReferredTo: Bool = false
    ) -> Merged {
        let merged = merge(
            change,
            by: author,
            into: record,
            of: type,
            epoch: epoch,
            isReferredTo: isReferredTo
        )
        record = merged.record
        conflicts += merged.conflicts
        return merged
    }
}

extension Story {
    /// A record that Lin captured at noon and that everybody has seen.
    static func begun(
        _ type: RecordType,
        with fields: FieldMap,
        by author: Author = Sample.lin
    ) -> Story {
        var story = Story(of: type)
        story.arrives(story.change(fields, at: Sample.noon), from: author)
        return story
    }

    /// The same beginning with these changes arriving in this order.
    func after(_ arrivals: [(Change, Author)]) -> Story {
        var story = self
        for (change, author) in arrivals { story.arrives(change, from: author) }
        return story
    }
}

/// Every order of some things.
func orders<Element>(of things: [Element]) -> [[Element]] {
    guard things.count > 1 else { return [things] }
    return things.indices.flatMap { index in
        var rest = things
        let first = rest.remove(at: index)
        return orders(of: rest).map { [first] + $0 }
    }
}
