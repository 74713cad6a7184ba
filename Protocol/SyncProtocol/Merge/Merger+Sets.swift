extension Merger {
    // > [M-06] A set change lists the elements added and removed. A concurrent addition wins over a
    // > removal.

    /// Merges the elements added to and removed from a set.
    mutating func mergeSet(_ field: RecordField) {
        let number = field.number
        let written = record.stamps.last(of: number, in: record.fields)
        let isOwner =
            field.owner != nil
            && (author.department == field.owner
                || repeatsOwner(written, change.base(of: [number])))
        if field.owner != nil, !isOwner,
            let last = record.stamps.last(of: number, in: record.fields),
            last.byOwner
        {
            return proposeSet(number, against: last)
        }
        let base = change.base(of: [number])
        var present = Set(record.fields.elements(of: number))
        if isOwner { takeBack(what: number, &present, base: base) }
        for element in change.removed.elements(of: number) where present.contains(element) {
            remove(element, from: &present, number, base: base)
        }
        for element in change.fields.elements(of: number) {
            add(element, to: &present, number, base: base)
        }
        record.fields = record.fields.settingElements(Array(present), of: number)
        guard isOwner else { return }
        record.stamps.set(stamp(ofOwner: true), of: number)
        wrote = true
    }

    private mutating func remove(
        _ element: ArraySlice<UInt8>,
        from present: inout Set<ArraySlice<UInt8>>,
        _ number: UInt32,
        base: Base
    ) {
        guard !isSuperseded(element, number, isPresent: true) else { return }
        let others = unseen(element, number, isPresent: true, above: base)
        if let last = others.first {
            giveUp(element, number, to: others)
            let removal = mySide(FieldMap(), removed: only(element, number))
            note(number, standing: side(of: last, only(element, number)), removal)
            return noteContest()
        }
        present.remove(element)
        record.stamps.set(stamp(ofOwner: false), of: element, in: number)
        record.stamps.set(echoes: [], of: element, in: number)
        wrote = true
    }

    /// Whoever added what others added, too, and takes it away, says it no longer.
    private mutating func giveUp(
        _ element: ArraySlice<UInt8>,
        _ number: UInt32,
        to others: [Stamp]
    ) {
        guard !author.isShared, let first = others.first else { return }
        let last = record.stamps.last(of: element, in: number, isPresent: true)
        if last?.device == author.device { record.stamps.set(first, of: element, in: number) }
        let rest =
            last?.device == author.device ? Array(others.dropFirst()) : others.filter { $0 != last }
        record.stamps.set(echoes: rest, of: element, in: number)
    }

    private func isSuperseded(
        _ element: ArraySlice<UInt8>,
        _ number: UInt32,
        isPresent: Bool
    ) -> Bool {
        record.stamps.last(of: element, in: number, isPresent: isPresent)
            .map(isSuperseded(by:)) ?? false
    }

    /// Who added or removed an element last, neither they nor this change having seen the other.
    private func unseen(
        _ element: ArraySlice<UInt8>,
        _ number: UInt32,
        isPresent: Bool,
        above base: Base
    ) -> [Stamp] {
        let last = record.stamps.last(of: element, in: number, isPresent: isPresent)
        let writers = [last].compactMap(\.self) + record.stamps.echoes(of: element, in: number)
        return writers.filter { isConcurrent($0, above: base) }
    }

    private mutating func add(
        _ element: ArraySlice<UInt8>,
        to present: inout Set<ArraySlice<UInt8>>,
        _ number: UInt32,
        base: Base
    ) {
        let isPresent = present.contains(element)
        guard !isSuperseded(element, number, isPresent: isPresent) else { return }
        let unseen = unseen(element, number, isPresent: isPresent, above: base)
        if let last = unseen.first, !isPresent {
            note(
                number,
                standing: side(of: last, FieldMap()),
                mySide(only(element, number)),
                proposedWon: true
            )
        }
        // An element that is there already is written again [M-10].
        present.insert(element)
        record.stamps.set(stamp(ofOwner: false), of: element, in: number)
        record.stamps.set(echoes: isPresent ? unseen : [], of: element, in: number)
        wrote = true
    }

    // > [M-08] A field that a department owns keeps the department's value against anybody else's;
    // > others' values are proposals.
    //
    // What others added or removed unseen by the owner, before the owner first wrote the set, would
    // have been a proposal had it come after: it becomes one now.
    private mutating func takeBack(
        what number: UInt32,
        _ present: inout Set<ArraySlice<UInt8>>,
        base: Base
    ) {
        for element in record.stamps.elements where element.number == number {
            guard isConcurrent(element.stamp, above: base), !element.stamp.byOwner else { continue }
            let bytes = element.bytes[...]
            if present.remove(bytes) == nil { present.insert(bytes) }
            note(
                number,
                standing: side(of: element.stamp, only(bytes, number)),
                mySide(change.fields.keeping([number]), removed: change.removed.keeping([number])),
                proposedWon: true,
                byAuthority: true
            )
        }
        guard let first = record.stamps.last(of: number, in: record.fields), !first.byOwner,
            isConcurrent(record.stamps.first, above: base), first == record.stamps.first
        else { return }
        for element in present
        where record.stamps.last(of: element, in: number, isPresent: true) == first {
            present.remove(element)
            note(
                number,
                standing: side(of: first, only(element, number)),
                mySide(change.fields.keeping([number]), removed: change.removed.keeping([number])),
                proposedWon: true,
                byAuthority: true
            )
        }
    }

    private mutating func proposeSet(_ number: UInt32, against last: Stamp) {
        conflicts.append(
            Conflict(
                kind: .field,
                fields: [number],
                policy: .set,
                byAuthority: true,
                isOpen: false,
                standing: side(of: last, record.fields.keeping([number])),
                proposed: mySide(
                    change.fields.keeping([number]),
                    removed: change.removed.keeping([number])
                ),
                proposedWon: false
            )
        )
        noteContest()
    }

    private func only(_ element: ArraySlice<UInt8>, _ number: UInt32) -> FieldMap {
        FieldMap.joined([(number, element)])
    }

    private mutating func note(
        _ number: UInt32,
        standing: Conflict.Side,
        _ mine: Conflict.Side,
        proposedWon: Bool = false,
        byAuthority: Bool = false
    ) {
        conflicts.append(
            Conflict(
                kind: .field,
                fields: [number],
                policy: .set,
                byAuthority: byAuthority,
                isOpen: false,
                standing: standing,
                proposed: mine,
                proposedWon: proposedWon
            )
        )
    }
}
