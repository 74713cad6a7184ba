internal import SyncProtocol
internal import SyncServer

/// A change that was accepted, as the oracle reads it.
struct Said {
    let change: Change
    let device: DeviceID
    let sequence: SequenceNumber
    /// What became of it.
    let kind: Outcome.Kind
    /// Where it stands now.
    let here: Base
    /// Where it ever stood, in the epochs that were lost.
    let places: [Base]

    /// The handhelds that captured it, by name: more than one where a handheld was copied afterwards.
    let hands: Set<String>
    /// Whether somebody at the server said it: of them nobody has seen what the others did [M-17].
    let isShared: Bool
    /// The fields that somebody at the server corrected in what its hands had said.
    private let corrected: Set<UInt32>
    /// Where it stands among what its hands said.
    private let order: SequenceNumber

    /// A step of a record's history; `mended` is what was sent back of that record, and mended.
    ///
    /// `nil` where nobody can read it, and of what was said of another record.
    init?(
        _ step: StoredStep,
        _ type: RecordType,
        in oracle: Oracle,
        by server: DeviceID?,
        _ mended: [ReturnedChange]
    ) {
        guard !step.change.isRedacted, step.via == nil,
            let change = try? Change(payload: step.change.payload, epoch: step.change.epoch),
            let canonical = try? change.canonical(as: type)
        else { return nil }
        self.change = canonical
        device = step.change.device
        isShared = device == server
        sequence = step.change.sequence
        kind = step.change.outcome.kind
        // A creation that somebody mended at the server stays its author's own, but for what was corrected.
        let own = device == server ? mended.first { $0.isMended(by: canonical, step) } : nil
        order = own?.change.sequence ?? sequence
        corrected = own?.fields(correctedIn: canonical, type) ?? []
        let captors = oracle.captors(of: own?.change ?? step.change)
        hands = Set(captors.keys)
        here = Base(epoch: step.change.epoch, revision: step.revision)
        places = captors.values.flatMap(\.places) + [here]
    }

    var words: String { "change \(sequence.rawValue) of \(device.description.prefix(6))" }

    /// The units that it says something of, by their lowest numbers' order.
    func units(of type: RecordType) -> [[UInt32]] {
        Set(change.touched.map { type.unit(of: $0) }).sorted { $0[0] < $1[0] }
    }

    /// Whether it says something of a unit.
    func touches(_ unit: [UInt32]) -> Bool {
        // A copy is whole: what it leaves out was not there.
        change.isRecovered || change.touched.contains { unit.contains($0) }
    }

    /// Whether the same hand, under whatever key, said another change of a unit.
    func isSameHand(as other: Said, about unit: [UInt32]) -> Bool {
        guard !isShared, other.corrected.isDisjoint(with: unit) else { return false }
        return device == other.device || !hands.isDisjoint(with: other.hands)
    }

    /// Whether its author had seen another change of a unit, or is the same and came later.
    func hasSeen(_ other: Said, about unit: [UInt32]) -> Bool {
        guard !isSameHand(as: other, about: unit) else { return order > other.order }
        let base = change.base(of: unit)
        return other.places.contains { place in
            // What a backup had keeps its revision in every epoch after it.
            place.epoch <= base.epoch && place.revision <= base.revision
        }
    }

    /// Whether its author had seen another change, and says something else.
    func answers(_ other: Said, about unit: [UInt32]) -> Bool {
        guard device != other.device || sequence != other.sequence else { return false }
        guard touches(unit) || change.deletion != nil || change.resolution != nil else {
            return false
        }
        return hasSeen(other, about: unit)
    }
}

extension ReturnedChange {
    /// Whether it was to make a record that another change made, and whoever said that mended it.
    fileprivate func isMended(by other: Change, _ step: StoredStep) -> Bool {
        guard other.isCreation, step.revision == Revision(rawValue: 1),
            settlement?.by == other.principal?.name,
            let change = try? Change(payload: change.payload, epoch: change.epoch)
        else { return false }
        return change.isCreation && change.observedAt == other.observedAt
    }

    /// The fields of which another change says something else.
    fileprivate func fields(correctedIn other: Change, _ type: RecordType) -> Set<UInt32> {
        guard let change = try? Change(payload: change.payload, epoch: change.epoch),
            let said = try? change.canonical(as: type).fields
        else { return [] }
        return Set(said.numbers + other.fields.numbers).filter { number in
            said[number] != other.fields[number]
        }
    }
}

extension FieldMap {
    /// Whether a side of a conflict holds what somebody said of a unit.
    func holds(_ value: FieldMap, _ unit: [UInt32], _ isSet: Bool) -> Bool {
        guard isSet, let number = unit.first else {
            return keeping(unit) == value
                || unit.allSatisfy { value[$0] == nil || value[$0] == self[$0] }
        }
        return !Set(elements(of: number)).isDisjoint(with: value.elements(of: number))
            || value.elements(of: number).isEmpty
    }
}
