extension Base {
    /// Of somebody who has seen nothing of a record that is there.
    static let unseen = Base(epoch: .none, revision: Revision.none.next)
}

extension RecordType {
    /// The fields of the natural key: the unit that holds an identity number.
    public var identityUnit: [UInt32] {
        fields.first { $0.format == .identityNumber }?.unit ?? []
    }
}

/// Takes what one record says into another: both are the same thing under two ids.
///
/// > [R-01] That one takes in what it said, by the same policies, each value with its author and time; the
/// > fields of the natural key are not taken in.
///
/// What the finder wrote into the target itself, it wrote knowing what it had seen of the source.
public func combine(
    _ source: RecordState,
    into target: RecordState,
    of type: RecordType,
    epoch: Epoch,
    found finding: Finding
) -> Merged {
    var combination = Combination(target: target, type: type, epoch: epoch, finding: finding)
    let units = source.fields.numbers.map { type.unit(of: $0) }
    var taken: Set<UInt32> = Set(type.identityUnit)
    for unit in units where taken.insert(unit[0]).inserted {
        if type.field(unit[0])?.isSet == true {
            combination.takeSet(unit[0], of: source)
        } else {
            combination.takeValues(unit, of: source)
        }
    }
    return combination.finish()
}

/// Whose finding it is that two records are one, and what they had seen of the source.
public struct Finding: Hashable, Sendable {
    /// The finder's device; `nil` where many people act by it.
    public var device: DeviceID?
    /// What the finder had seen of the source.
    public var base: Base

    /// A finding.
    public init(by author: Author, _ base: Base) {
        device = author.isShared ? nil : author.device
        self.base = base
    }
}

/// One record taken into another, under way.
private struct Combination {
    let target: RecordState
    let type: RecordType
    let epoch: Epoch
    let finding: Finding
    var record: RecordState
    var conflicts: [Conflict] = []
    var wrote = false

    init(target: RecordState, type: RecordType, epoch: Epoch, finding: Finding) {
        self.target = target
        self.type = type
        self.epoch = epoch
        self.finding = finding
        record = target
    }

    mutating func takeValues(_ unit: [UInt32], of source: RecordState) {
        guard let last = source.stamps.last(of: unit, in: source.fields) else { return }
        // A date that lost may yet be the tighter one.
        for loser in source.stamps.losers(in: unit[0]) {
            var change = change(by: loser.stamp)
            change.fields = FieldMap.joined([(unit[0], loser.bytes[...])])
            take(change, by: loser.stamp) { $0.merge(unit) }
        }
        // Everybody who said it comes along, whoever said it last.
        for stamp in source.stamps.echoes(in: unit[0]) + [last] where isNews(stamp, of: unit) {
            var change = change(by: stamp)
            change.fields = source.fields.keeping(unit)
            change.clears = unit.filter { change.fields[$0] == nil }
            take(change, by: stamp) { $0.merge(unit) }
        }
    }

    private func isNews(_ stamp: Stamp, of unit: [UInt32]) -> Bool {
        guard let standing = record.stamps.last(of: unit, in: record.fields) else { return true }
        let isFinders = standing.device == finding.device
        if isFinders, stamp.device != finding.device, stamp.base <= finding.base { return false }
        // Somebody's own earlier value never contests their later one.
        return standing.device != stamp.device || standing.time < stamp.time
    }

    mutating func takeSet(_ number: UInt32, of source: RecordState) {
        for element in source.fields.elements(of: number) {
            let last =
                source.stamps.last(of: element, in: number, isPresent: true) ?? source.stamps.first
            for stamp in source.stamps.echoes(of: element, in: number) + [last] {
                var change = change(by: stamp)
                change.fields = FieldMap.joined([(number, element)])
                take(change, by: stamp) { $0.merge([number]) }
            }
        }
    }

    private func change(by stamp: Stamp) -> Change {
        Change(record: target.id, type: target.type, base: .unseen, observedAt: stamp.time)
    }

    private mutating func take(
        _ change: Change,
        by stamp: Stamp,
        _ merge: (inout Merger) -> Void
    ) {
        let owner = stamp.byOwner ? change.touched.compactMap { type.field($0)?.owner }.first : nil
        var merger = Merger(
            change: change,
            author: Author(device: stamp.device, name: "", department: owner),
            standing: record,
            type: type,
            epoch: epoch
        )
        merge(&merger)
        record = merger.record
        conflicts += merger.conflicts
        wrote = wrote || merger.wrote
    }

    func finish() -> Merged {
        var record = record
        if wrote { record.revision = target.revision.next }
        let isOpen = conflicts.contains(where: \.isOpen)
        return Merged(
            record: record,
            kind: isOpen ? .conflicted : wrote ? .merged : .unchanged,
            conflicts: conflicts
        )
    }
}

extension Change {
    /// The same change for the record that this one's was redirected to.
    ///
    /// > [R-02] A change that still arrives for it is applied to it and to the one it points to; what its
    /// > author had seen of it counts as seen.
    ///
    /// `source` and `target` are the two before the change.
    public func redirected(
        from source: RecordState,
        to target: RecordState,
        of type: RecordType,
        epoch: Epoch
    ) -> Change {
        let identity = type.identityUnit
        var change = self
        change.record = target.id
        change.base = .unseen
        change.fieldBases = [:]
        change.fields = fields.clearing(identity)
        change.clears = clears.filter { !identity.contains($0) }
        for number in change.touched {
            change.fieldBases[number] = seen(number, of: source, in: target, type)
        }
        return change
    }

    /// The same change knowing what its author had seen of a record that was redirected to its own.
    ///
    /// `finding` is the author's own, of the source.
    public func knowing(
        _ source: RecordState,
        _ finding: Finding,
        in target: RecordState,
        of type: RecordType
    ) -> Change {
        var change = self
        var asSource = self
        asSource.base = finding.base
        asSource.fieldBases = [:]
        for number in touched {
            let known = base(of: type.unit(of: number))
            guard let seen = asSource.seen(number, of: source, in: target, type), seen > known
            else { continue }
            change.fieldBases[number] = seen
        }
        return change
    }

    /// The writing that stands in the target, where it came from what the author had seen of the
    /// source; `nil` where it did not.
    private func seen(
        _ number: UInt32,
        of source: RecordState,
        in target: RecordState,
        _ type: RecordType
    ) -> Base? {
        let base = base(of: type.unit(of: number))
        // Whoever else says the same there was not seen.
        func same(_ mine: Stamp?, _ theirs: Stamp?, _ others: [Stamp]) -> Base? {
            guard let theirs, let mine, mine.device == theirs.device, mine.time == theirs.time,
                mine.base <= base, others.isEmpty
            else { return nil }
            return theirs.base
        }
        guard type.field(number)?.isSet == true else {
            let unit = type.unit(of: number)
            return same(
                source.stamps.last(of: unit, in: source.fields),
                target.stamps.last(of: unit, in: target.fields),
                target.stamps.echoes(in: unit[0])
            )
        }
        let removals = removed.elements(of: number)
        let seen = removals.compactMap { element in
            same(
                source.stamps.last(of: element, in: number, isPresent: true),
                target.stamps.last(of: element, in: number, isPresent: true),
                target.stamps.echoes(of: element, in: number)
            )
        }
        return seen.count == removals.count ? seen.max() : nil
    }
}
