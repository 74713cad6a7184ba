internal import SyncProtocol

extension Intake {
    // > [D-04] A record is erased when its last placement has gone and no unsent change needs it.
    //
    // One that was captured here and was accepted, in an area that had been given to somebody else by then, never
    // arrives: everything was read, and it is not among it.

    /// Erases what this device made and does not hold; returns it.
    func dropWhatStandsElsewhere(outside grant: Grant) throws -> Set<RecordID> {
        var dropped: Set<RecordID> = []
        // What follows a record goes after it.
        for isFollowing in [false, true] {
            for id in try transaction.unplaced() {
                guard let record = try transaction.record(id), let type = schema.type(record.type)
                else { continue }
                let fields = record.visible ?? FieldMap()
                let codes = type.placing.filter { $0.format == .area }
                    .flatMap { fields.texts(of: $0.number) }.compactMap { AreaCode($0) }
                let isElsewhere =
                    isFollowing
                    ? try codes.isEmpty && followsNothing(fields, type)
                    : !codes.isEmpty && !codes.contains { grant.areas.cover($0) }
                guard isElsewhere else { continue }
                try desk.erase(record)
                dropped.insert(id)
            }
        }
        return dropped
    }

    private func followsNothing(_ fields: FieldMap, _ type: RecordType) throws -> Bool {
        let followed = type.placing.filter { $0.placing == .follows }
            .compactMap { fields.reference($0.number) }
        return try !followed.isEmpty && followed.allSatisfy { try transaction.record($0) == nil }
    }
}
