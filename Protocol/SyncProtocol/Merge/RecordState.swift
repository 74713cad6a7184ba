/// A record as the server keeps it: its fields, and who wrote them when.
public struct RecordState: Hashable, Sendable {
    /// The record's id.
    public let id: RecordID
    /// The number of its type.
    public let type: UInt32
    /// How often it was written, 1 for a new one.
    public internal(set) var revision: Revision
    /// Whether only a tombstone travels.
    public internal(set) var isDeleted: Bool
    /// The fields, canonical; a deleted record keeps them, so that it can come back.
    public package(set) var fields: FieldMap
    /// Who wrote which field.
    public internal(set) var stamps: Stamps
    /// The record that this one was found to be.
    public internal(set) var redirect: RecordID?
    /// Whether it was redacted by law [E-01].
    public internal(set) var isErased: Bool

    /// A record as it was stored.
    public init(
        id: RecordID,
        type: UInt32,
        revision: Revision,
        isDeleted: Bool,
        fields: FieldMap,
        stamps: Stamps,
        redirect: RecordID? = nil,
        isErased: Bool = false
    ) {
        self.id = id
        self.type = type
        self.revision = revision
        self.isDeleted = isDeleted
        self.fields = fields
        self.stamps = stamps
        self.redirect = redirect
        self.isErased = isErased
    }

    /// Whether it is there for people to see: neither deleted nor another one.
    public var isLive: Bool { !isDeleted && redirect == nil }
}

extension RecordState {
    /// Whether a device's writing is among those that stand.
    public func wasWritten(by device: DeviceID) -> Bool {
        stamps.all.contains { $0.device == device }
    }

    /// The same record, each writing in the name that it is given.
    package func written(by name: (Stamp) -> DeviceID) -> RecordState {
        var state = self
        state.stamps = stamps.named(by: name)
        return state
    }

    /// The same new record, in another device's name as far as its creation was corrected before it was made.
    ///
    /// `said` is what its author had said, `mended` what made it, both canonical; `time` is that of the correction, in
    /// milliseconds since 1970. What was left out was written, too: the author's next word of it contests that.
    public func corrected(
        by device: DeviceID,
        at time: Int64,
        from said: FieldMap,
        to mended: FieldMap,
        as type: RecordType
    ) -> RecordState {
        var state = self
        var stamp = stamps.first
        (stamp.device, stamp.time, stamp.byOwner) = (device, time, false)
        for number in Set(mended.numbers + said.numbers).sorted() {
            guard type.field(number)?.isSet == true else {
                let unit = type.unit(of: number)
                guard mended.keeping(unit) != said.keeping(unit) else { continue }
                state.stamps.set(stamp, of: number)
                continue
            }
            let changed = Set(mended.elements(of: number))
                .symmetricDifference(said.elements(of: number))
            for element in changed.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                state.stamps.set(stamp, of: element, in: number)
            }
        }
        return state
    }

    /// Whether somebody else wrote to the record above a base.
    public func holdsOthersWork(than author: Author, above base: Base) -> Bool {
        stamps.holdsWork(of: author.isShared ? nil : author.device, above: base)
    }
}

extension Merged {
    /// Adds what else was contested, as far as it is not among the conflicts.
    public mutating func add(_ others: [Conflict]) {
        let new = others.filter { other in
            !conflicts.contains {
                $0.fields == other.fields && $0.standing.values == other.standing.values
                    && $0.proposed == other.proposed
            }
        }
        conflicts += new
        if new.contains(where: \.isOpen) { kind = .conflicted }
    }

    /// Notes that the record was captured under an id that had been found to be another one's.
    public mutating func noteRedirected(
        _ creation: Change,
        by device: DeviceID,
        of type: RecordType
    ) {
        let first = record.stamps.first
        let shown = type.fields.filter(\.isRequired).map(\.number)
        conflicts.append(
            Conflict(
                kind: .redirect,
                fields: [],
                policy: .review,
                isOpen: true,
                standing: Conflict.Side(
                    values: record.fields.keeping(shown),
                    device: first.device,
                    time: first.time
                ),
                proposed: Conflict.Side(
                    values: creation.fields,
                    device: device,
                    time: creation.observedAt,
                    uncertainty: creation.uncertainty
                ),
                proposedWon: false
            )
        )
        kind = .conflicted
    }

    /// Notes that the merged record breaks a rule that neither change broke by itself.
    public mutating func noteInvalid(
        _ violation: Violation,
        standing: RecordState,
        _ change: Change,
        by device: DeviceID,
        of type: RecordType
    ) {
        let last = standing.stamps.last(of: [violation.field], in: standing.fields)
        let other = last ?? standing.stamps.first
        // Both sides whole: either can be chosen without taking anything else along.
        let touched = change.touched.filter { type.field($0)?.isSet != true }
        let fields = Set(([violation.field] + touched).flatMap { type.unit(of: $0) }).sorted()
        conflicts.append(
            Conflict(
                kind: .invalid,
                fields: fields,
                policy: .review,
                isOpen: true,
                standing: Conflict.Side(
                    values: standing.fields.keeping(fields),
                    device: other.device,
                    time: other.time
                ),
                proposed: Conflict.Side(
                    values: record.fields.keeping(fields),
                    device: device,
                    time: change.observedAt,
                    uncertainty: change.uncertainty
                ),
                proposedWon: true
            )
        )
        kind = .conflicted
    }
}
