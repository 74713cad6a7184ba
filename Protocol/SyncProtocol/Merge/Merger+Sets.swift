extension Merger {
    // > [M-06] A set change lists the elements added and removed. A concurrent addition wins over a
    // > removal.

    /// Merges the elements added to and removed from a set.
    mutating func mergeSet(_ field: RecordField) {
        let isOwner = field.owner != nil && author.department == field.owner
        let number = field.number
        if field.owner != nil, !isOwner,
            let last = record.stamps.last(of: number, in: record.fields),
            last.byOwner
        {
            return proposeSet(number, against: last)
        }
        var present = Set(record.fields.elements(of: number))
        let base = change.base(of: [number])
        for element in change.removed.elements(of: number) where present.contains(element) {
            remove(element, from: &present, number, base: base)
        }
        for element in change.fields.elements(of: number) {
            add(element, to: &present, number, base: base)
        }
        let sorted = present.sorted { $0.lexicographicallyPrecedes($1) }
        record.fields = record.fields.replacing([(number, ArraySlice(sorted.joined()))])
        if isOwner, wrote {
            record.stamps.set(
                Stamp(device: author.device, base: next, time: change.observedAt, byOwner: true),
                of: number
            )
        }
    }

    private mutating func remove(
        _ element: ArraySlice<UInt8>,
        from present: inout Set<ArraySlice<UInt8>>,
        _ number: UInt32,
        base: Base
    ) {
        let last = record.stamps.last(of: element, in: number, isPresent: true)
        if let last, isConcurrent(last, above: base) {
            return note(number, standing: side(of: last, only(element, number)), mySide(FieldMap()))
        }
        present.remove(element)
        record.stamps.set(stamp(over: last, base: base, ofOwner: false), of: element, in: number)
        wrote = true
    }

    private mutating func add(
        _ element: ArraySlice<UInt8>,
        to present: inout Set<ArraySlice<UInt8>>,
        _ number: UInt32,
        base: Base
    ) {
        let isPresent = present.contains(element)
        let last = record.stamps.last(of: element, in: number, isPresent: isPresent)
        let isContested = last.map { isConcurrent($0, above: base) } ?? false
        if isPresent, !isContested { return }
        if let last, !isPresent, isContested {
            note(
                number,
                standing: side(of: last, FieldMap()),
                mySide(only(element, number)),
                proposedWon: true
            )
        }
        present.insert(element)
        record.stamps.set(stamp(over: last, base: base, ofOwner: false), of: element, in: number)
        wrote = true
    }

    private mutating func proposeSet(_ number: UInt32, against last: Stamp) {
        let standing = record.fields.keeping([number])
        let wanted = change.fields.keeping([number])
        guard wanted != standing || !change.removed.elements(of: number).isEmpty else { return }
        conflicts.append(
            Conflict(
                kind: .field,
                fields: [number],
                policy: .set,
                byAuthority: true,
                isOpen: false,
                standing: side(of: last, standing),
                proposed: mySide(wanted),
                proposedWon: false
            )
        )
    }

    private func only(_ element: ArraySlice<UInt8>, _ number: UInt32) -> FieldMap {
        FieldMap.joined([(number, element)])
    }

    private mutating func note(
        _ number: UInt32,
        standing: Conflict.Side,
        _ mine: Conflict.Side,
        proposedWon: Bool = false
    ) {
        conflicts.append(
            Conflict(
                kind: .field,
                fields: [number],
                policy: .set,
                isOpen: false,
                standing: standing,
                proposed: mine,
                proposedWon: proposedWon
            )
        )
    }
}
