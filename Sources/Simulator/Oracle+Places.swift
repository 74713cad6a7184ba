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
