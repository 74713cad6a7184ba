import StoreSQLite
import SyncProtocol
import SyncServer

/// Where everything has gone that was said in an interleaving, by what the store holds in the end.
struct Ledger {
    /// A change's place in the history.
    fileprivate struct Place: Hashable {
        let device: DeviceID
        let sequence: SequenceNumber
    }

    /// A change that was made on a record itself.
    private struct Step {
        let place: Place
        let change: Change
    }

    private let said: [Interleaving.Said]
    private let epoch: Epoch
    private let records: [RecordID: RecordState]
    private var entries: [RecordID: [ConflictEntry]] = [:]
    private var steps: [RecordID: [Step]] = [:]
    private var returned: [Place: [UInt8]] = [:]

    init(_ play: Interleaving) async throws {
        said = play.said
        let epoch = play.world.epoch
        self.epoch = epoch
        let ids = Interleaving.records
        let (found, conflicts, histories, quarantine) = try await play.world.store.read {
            transaction in
            (
                try transaction.records(ids),
                try ids.map { try transaction.conflicts(of: $0, openOnly: false) },
                try ids.map { try transaction.steps(of: $0) },
                try transaction.returned(after: 0, unsettledOnly: false, limit: 10_000)
            )
        }
        records = found.mapValues(\.state)
        for (index, id) in ids.enumerated() {
            entries[id] = conflicts[index]
            steps[id] = histories[index].filter { $0.via == nil }.compactMap { step in
                let change = try? Change(payload: step.change.payload, epoch: epoch)
                return change.map { Step(place: Place(step.change), change: $0) }
            }
        }
        for entry in quarantine { returned[Place(entry.change)] = entry.change.payload }
    }

    /// Everything that is not as it must be.
    var flaws: [String] {
        said.flatMap { said in
            said.outcome.kind == .quarantined ? unreturned(said) : vanished(said)
        } + Interleaving.records.flatMap { needless(of: $0) }
    }

    private func unreturned(_ said: Interleaving.Said) -> [String] {
        returned[said.place] == said.change.payload ? [] : ["\(said.words): not in quarantine"]
    }

    /// The fields of an accepted change whose values are nowhere.
    private func vanished(_ said: Interleaving.Said) -> [String] {
        let change = said.change
        guard let type = Schema.current.type(change.type), let state = records[change.record],
            steps[change.record]?.count(where: { $0.place == said.place }) == 1
        else { return ["\(said.words): not once in the history"] }
        return type.fields.filter { field in
            guard field.unit.first == field.number,
                !Set(change.touched).isDisjoint(with: field.unit)
            else { return false }
            return field.isSet
                ? !keepsElements(field.number, said, state) : !keeps(field, said, state)
        }
        .map { "\(said.words): \($0.name)" }
    }

    // MARK: - Values

    private func keeps(
        _ field: RecordField,
        _ said: Interleaving.Said,
        _ state: RecordState
    ) -> Bool {
        let unit = field.unit
        let value = said.change.fields.keeping(unit)
        if state.fields.keeping(unit) == value { return true }
        if field.format == .reference, let named = value.reference(field.number),
            state.fields.reference(field.number) == target(of: named)
        {
            return true
        }
        let entries = entries[said.change.record] ?? []
        let isOnFile = entries.contains { entry in
            let isAbout = Set(entry.conflict.fields).isSuperset(of: unit)
            guard isAbout || entry.conflict.kind == .existence else { return false }
            return entry.sides.contains { $0.values.keeping(unit) == value }
        }
        return isOnFile
            || isAnswered(said, beside: state) { !Set($0.touched).isDisjoint(with: unit) }
    }

    private func keepsElements(
        _ number: UInt32,
        _ said: Interleaving.Said,
        _ state: RecordState
    ) -> Bool {
        let standing = Set(state.fields.elements(of: number))
        let entries = entries[said.change.record] ?? []
        let onFile = Set(entries.flatMap(\.sides).flatMap { $0.values.elements(of: number) })
        return said.change.fields.elements(of: number).allSatisfy { element in
            standing.contains(element) || onFile.contains(element)
                || isAnswered(said, beside: state) {
                    $0.removed.elements(of: number).contains(element)
                }
        }
    }

    /// Whether somebody who had seen what was said, or its own author later, did something that answers it.
    ///
    /// What one device says of two records of which one points to the other, it says of one thing.
    private func isAnswered(
        _ said: Interleaving.Said,
        beside state: RecordState,
        by isAnswer: (Change) -> Bool
    ) -> Bool {
        let seen = Base(epoch: epoch, revision: said.outcome.revision)
        let onItself = (steps[state.id] ?? []).contains { step in
            guard step.place != said.place, isAnswer(step.change) else { return false }
            let isLater =
                step.place.device == said.device && step.place.sequence > said.place.sequence
            return isLater || step.change.base(of: said.change.touched) >= seen
        }
        let joined = Interleaving.people.filter { id in
            id != state.id && (records[id]?.redirect == state.id || state.redirect == id)
        }
        return onItself
            || joined.contains { id in
                (steps[id] ?? []).contains {
                    $0.place.device == said.device && isAnswer($0.change)
                }
            }
    }

    /// The record to which one points in the end.
    private func target(of id: RecordID) -> RecordID {
        var id = id
        while let next = records[id]?.redirect { id = next }
        return id
    }

    // MARK: - Conflicts

    /// Entries about a field that are there without two values having met.
    private func needless(of id: RecordID) -> [String] {
        (entries[id] ?? []).filter { entry in
            let (standing, proposed) = (entry.conflict.standing, entry.conflict.proposed)
            guard entry.conflict.kind == .field else { return false }
            let isSame = standing.values == proposed.values
            let hasRemoved = !standing.removed.isEmpty || !proposed.removed.isEmpty
            return standing.device == proposed.device || (isSame && !hasRemoved)
        }
        .map { "conflict \($0.id) about \($0.conflict.fields): no two values met" }
    }
}

extension Ledger.Place {
    fileprivate init(_ change: StoredChange) {
        self.init(device: change.device, sequence: change.sequence)
    }
}

extension Interleaving.Said {
    fileprivate var place: Ledger.Place {
        Ledger.Place(device: device, sequence: outcome.sequence)
    }

    fileprivate var words: String {
        "change \(outcome.sequence.rawValue) of \(device.description.prefix(4))"
    }
}

extension ConflictEntry {
    fileprivate var sides: [Conflict.Side] { [conflict.standing, conflict.proposed] }
}
