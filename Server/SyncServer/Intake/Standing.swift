internal import SyncProtocol

/// Where records stand, by the placing rules of the schema.
struct Standing {
    let records: WorkingSet
    let schema: Schema
    /// Where records were put by name when an area was split.
    var directed: [RecordID: AreaCode] = [:]

    /// The areas in which a record stands, by its own fields and by what refers to it.
    func areas(of record: StoredRecord) throws -> Set<AreaCode> {
        guard let type = schema.type(record.state.type) else { return [] }
        let fields = record.state.fields
        let followed = type.placing.filter { $0.placing == .follows }
        if !followed.isEmpty {
            // > [P-02] One that follows another (an employment its person, a visit its dwelling)
            // > stands wherever that one stands.
            let targets = try followed.compactMap { field in
                try fields.reference(field.number).flatMap(records.record)
            }
            return try targets.reduce(into: []) { $0.formUnion(try areas(of: $1)) }
        }
        return try ownAreas(record, type).union(carriedAreas(record, type))
    }

    // > [P-01] A record stands in the area that its own area field names, until it has ended.
    private func ownAreas(_ record: StoredRecord, _ type: RecordType) throws -> Set<AreaCode> {
        let fields = record.state.fields
        let hasEnded = type.placing.contains { $0.placing == .ends && fields[$0.number] != nil }
        // An ended record with an open conflict stays in sight of those who can settle it.
        guard !hasEnded || record.openConflicts > 0 else { return [] }
        let own = type.placing.filter { $0.placing == .standsIn }
        let codes = own.compactMap { fields.text(of: $0.number).flatMap { AreaCode($0) } }
        return try Set(codes.map { try area(of: record, type, saying: $0) })
    }

    // > [P-08] Where a code was split, a record stands where the operator put it: a registration where its
    // > dwelling stands, another where it stands already, and what came since in the part that takes the rest.

    /// What a code means, said by a record.
    private func area(
        of record: StoredRecord,
        _ type: RecordType,
        saying code: AreaCode
    ) throws -> AreaCode {
        let parts = try records.areaMap().successors(of: code)
        guard parts.count > 1 else { return parts.first ?? code }
        if let put = directed[record.state.id], parts.contains(put) { return put }
        let own = record.placements.map(\.area).first { parts.contains($0) }
        for field in type.placing where field.placing == .carries {
            guard let id = record.state.fields.reference(field.number),
                let carried = try records.record(id), standsByItself(carried)
            else { continue }
            if let put = directed[id], parts.contains(put) { return put }
            let places = carried.placements.map(\.area).filter { parts.contains($0) }
            guard let first = places.first else { continue }
            return own.flatMap { places.contains($0) ? $0 : nil } ?? first
        }
        return own ?? parts[0]
    }

    private func standsByItself(_ record: StoredRecord) -> Bool {
        schema.type(record.state.type)?.placing.contains { $0.placing == .standsIn } ?? false
    }

    /// Some records and all whose standing hangs together with theirs.
    func company(of ids: Set<RecordID>) throws -> Set<RecordID> {
        var company = ids
        for id in ids {
            for (carrier, field) in try records.referrers(of: id) where field.placing == .carries {
                company.insert(carrier.state.id)
            }
        }
        for id in company {
            guard let record = try records.record(id) else { continue }
            company.formUnion(records.references(of: record.state).map(\.target))
        }
        for id in company {
            for (follower, field) in try records.referrers(of: id) where field.placing == .follows {
                company.insert(follower.state.id)
            }
        }
        return company
    }

    private func carriedAreas(_ record: StoredRecord, _ type: RecordType) throws -> Set<AreaCode> {
        // > [P-02] A record that another carries (a registration its person and its dwelling) stands
        // > wherever that one stands.
        let carriers = try records.referrers(of: record.state.id)
            .filter { $0.field.placing == .carries && $0.record.state.isLive }
        guard carriers.isEmpty else {
            return try carriers.reduce(into: []) { areas, carrier in
                guard let type = schema.type(carrier.record.state.type) else { return }
                areas.formUnion(try ownAreas(carrier.record, type))
            }
        }
        // > [P-03] A person to whom no registration refers stands where it was captured.
        let waiting = type.placing.filter { $0.placing == .standsInUntilCarried }
        let texts = waiting.flatMap { record.state.fields.texts(of: $0.number) }
        return try Set(
            texts.compactMap { AreaCode($0) }.map { try area(of: record, type, saying: $0) }
        )
    }

    /// The records whose standing may have moved because of what changed.
    func affected() throws -> Set<RecordID> {
        var affected: Set<RecordID> = []
        for record in records.news where moves(record) {
            affected.insert(record.state.id)
            let old = records.original(record.state.id).map { records.references(of: $0.state) }
            for reference in records.references(of: record.state) + (old ?? []) {
                affected.insert(reference.target)
            }
        }
        for id in affected {
            for (follower, field) in try records.referrers(of: id) where field.placing == .follows {
                affected.insert(follower.state.id)
            }
        }
        return affected
    }

    /// Whether a change of this record can have moved anything: most edits cannot.
    private func moves(_ record: StoredRecord) -> Bool {
        guard let before = records.original(record.state.id) else { return true }
        guard before.state.isLive == record.state.isLive,
            (before.openConflicts > 0) == (record.openConflicts > 0),
            let type = schema.type(record.state.type)
        else { return true }
        return type.placing.contains {
            before.state.fields[$0.number] != record.state.fields[$0.number]
        }
    }
}
