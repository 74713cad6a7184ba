internal import ResidenceDomain
internal import SyncProtocol
internal import SyncServer

// Where records stand, by what they say and the oracle's own map: the server is not asked where it put them.

extension Oracle {
    // > [P-01] A record stands in the area that its own area field names, until it has ended.
    // > [P-02] A record that another carries stands wherever that one stands.
    // > [P-03] A person to whom no registration refers stands where it was captured.
    // > [P-05] A code that was renamed, merged or split means its successor, for ever.

    mutating func judgePlaces(_ standing: Standing, by map: WorldMap) {
        let carried = standing.carried
        for (id, record) in standing.records.sorted(by: { $0.key < $1.key })
        where record.state.isLive {
            // Each code is one place; of an area that was split, one of its parts.
            let choices = standing.codes(of: record, carried).compactMap { AreaCode($0) }
                .map { Set(map.successors(of: $0)) }
            let places = Set(record.placements.map(\.area))
            for choice in choices where choice.isDisjoint(with: places) {
                let names = choice.map(\.rawValue).sorted().joined(separator: ", ")
                accuse("P", "a record names \(names), and does not stand there", about: id)
            }
            let named = choices.reduce(into: Set<AreaCode>()) { $0.formUnion($1) }
            for place in places.subtracting(named).sorted() {
                accuse("P", "a record stands in \(place.rawValue), which nothing names", about: id)
            }
        }
    }

    // > [V-03] A change to a record outside the areas of the grant under which it was captured is quarantined.
    // > [P-07] What was captured under a grant that held the former area is accepted however late it arrives; so
    // > is a former code under a grant that holds its successor.

    /// Whoever captures a person or a dwelling is taken at their word where their grant holds its area, and only there.
    mutating func judgeGrants(_ standing: Standing, by map: WorldMap) {
        // A restore may have cost the server grants that it gives again under other numbers.
        guard restores == 0 else { return }
        for device in standing.devices where device.id != standing.server {
            for stored in standing.changes[device.id] ?? [] where !stored.isRedacted {
                guard let change = try? Change(payload: stored.payload, epoch: stored.epoch),
                    change.isCreation, !change.isRecovered, let codes = change.standingCodes,
                    let granted = device.grants.first(where: { $0.number == change.grant })?.areas
                else { continue }
                let isHeld = codes.allSatisfy { granted.cover($0) }
                let isMeant = codes.allSatisfy { code in
                    map.successors(of: code).contains { map.current(granted).cover($0) }
                }
                let isReturned = stored.outcome.code == "outside_areas"
                if isReturned, isHeld, map.redrawings.isEmpty {
                    accuse(
                        "V",
                        "\(device.name): change \(stored.sequence.rawValue) was returned, and stands in its areas",
                        about: change.record
                    )
                }
                let isFirst =
                    standing.steps[change.record]?.first?.change.sequence == stored.sequence
                if stored.outcome.kind == .applied, isFirst, !isHeld, !isMeant {
                    accuse(
                        "V",
                        "\(device.name): change \(stored.sequence.rawValue) was taken from outside its areas",
                        about: change.record
                    )
                }
            }
        }
    }
}

extension Change {
    /// The codes that a new person or dwelling names; `nil` of anything else.
    fileprivate var standingCodes: [AreaCode]? {
        let number: UInt32? =
            switch type {
            case Person.recordType.number: Field.capturedIn
            case Dwelling.recordType.number: Field.dwellingArea
            default: nil
            }
        let codes = number.map { fields.texts(of: $0).compactMap { AreaCode($0) } } ?? []
        return codes.isEmpty ? nil : codes
    }
}

extension Oracle.Standing {
    /// The live registrations that refer to each record.
    fileprivate var carried: [RecordID: [StoredRecord]] {
        var carried: [RecordID: [StoredRecord]] = [:]
        for stay in records.values
        where stay.state.isLive && stay.state.type == Registration.recordType.number {
            for field in [Field.stayPerson, Field.stayDwelling] {
                if let id = stay.state.fields.reference(field) {
                    carried[id, default: []] += [stay]
                }
            }
        }
        return carried
    }

    /// The codes that name where a record stands.
    fileprivate func codes(
        of record: StoredRecord,
        _ carried: [RecordID: [StoredRecord]]
    ) -> [String] {
        let fields = record.state.fields
        let stays = carried[record.state.id] ?? []
        switch record.state.type {
        case Registration.recordType.number: return record.stayCodes
        case Person.recordType.number:
            return stays.isEmpty ? fields.texts(of: Field.capturedIn) : stays.flatMap(\.stayCodes)
        case Dwelling.recordType.number:
            return fields.texts(of: Field.dwellingArea) + stays.flatMap(\.stayCodes)
        case Visit.recordType.number:
            // > [P-02] One that follows another (a visit its dwelling) stands wherever that one stands.
            let home = fields.reference(Field.visitDwelling).flatMap { records[$0] }
            return home.map { codes(of: $0, carried) } ?? []
        default: return []
        }
    }
}

/// The fields that say where something stands, by their numbers in `records.proto`.
private enum Field {
    static let capturedIn: UInt32 = 15
    static let dwellingArea: UInt32 = 2
    static let stayPerson: UInt32 = 1
    static let stayDwelling: UInt32 = 2
    static let stayArea: UInt32 = 3
    static let endedOn: UInt32 = 11
    static let visitDwelling: UInt32 = 1
}

extension StoredRecord {
    /// The area of a registration that has not ended, or over which people still disagree.
    fileprivate var stayCodes: [String] {
        let hasEnded = state.fields[Field.endedOn] != nil
        return hasEnded && openConflicts == 0 ? [] : state.fields.texts(of: Field.stayArea)
    }
}
