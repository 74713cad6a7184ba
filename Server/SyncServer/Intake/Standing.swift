internal import SyncProtocol

/// Where records stand, by the placing rules of the schema.
struct Standing {
    let records: WorkingSet
    let schema: Schema

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
        return ownAreas(record, type).union(try carriedAreas(record, type))
    }

    // > [P-01] A record stands in the area that its own area field names, until it has ended.
    private func ownAreas(_ record: StoredRecord, _ type: RecordType) -> Set<AreaCode> {
        let fields = record.state.fields
        let hasEnded = type.placing.contains { $0.placing == .ends && fields[$0.number] != nil }
        // An ended record with an open conflict stays in sight of those who can settle it.
        guard !hasEnded || record.openConflicts > 0 else { return [] }
        let own = type.placing.filter { $0.placing == .standsIn }
        return Set(own.compactMap { fields.text(of: $0.number).flatMap { AreaCode($0) } })
    }

    private func carriedAreas(_ record: StoredRecord, _ type: RecordType) throws -> Set<AreaCode> {
        // > [P-02] A record that another carries (a registration its person and its dwelling) stands
        // > wherever that one stands.
        let carriers = try records.referrers(of: record.state.id)
            .filter { $0.field.placing == .carries && $0.record.state.isLive }
        guard carriers.isEmpty else {
            return carriers.reduce(into: []) { areas, carrier in
                guard let type = schema.type(carrier.record.state.type) else { return }
                areas.formUnion(ownAreas(carrier.record, type))
            }
        }
        // > [P-03] A person to whom no registration refers stands where it was captured.
        let waiting = type.placing.filter { $0.placing == .standsInUntilCarried }
        let texts = waiting.flatMap { record.state.fields.texts(of: $0.number) }
        return Set(texts.compactMap { AreaCode($0) })
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
