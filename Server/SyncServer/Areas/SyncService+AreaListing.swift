public import SyncProtocol

/// What can be put somewhere by itself when an area is split.
extension SyncService {
    /// Hands out the live records of an area that say themselves where they stand, a few at a time.
    ///
    /// They are dwellings, and people to whom no registration refers: all else goes with one of these. Noted as
    /// readings [L-01].
    ///
    /// Throws `role_forbidden`.
    public func standing(
        in area: AreaCode,
        for principal: Principal,
        _ visit: ([RecordState]) throws -> Void
    ) async throws {
        try principal.check(.areas)
        let schema = schema
        var last = Position.start
        while true {
            let after = last
            let (found, end) = try await store.read { transaction in
                try transaction.standingAlone(in: area, after: after, schema)
            }
            if !found.isEmpty {
                await note(.areas, found.map(\.id), in: [area], by: principal)
                try visit(found)
            }
            guard let end else { return }
            last = end
        }
    }
}

extension StoreReader {
    fileprivate func standingAlone(
        in area: AreaCode,
        after position: Position,
        _ schema: Schema
    ) throws -> ([RecordState], Position?) {
        var ids: [RecordID] = []
        var last: Position?
        try feed(of: area, after: position) { entry in
            last = entry.position
            if case .record(let copy, _) = entry.content, !copy.isDeleted { ids.append(copy.id) }
            return ids.count < 500
        }
        let known = try records(ids)
        let carried = try carried(known.keys, schema)
        let found = ids.compactMap { known[$0]?.state }.filter { state in
            let placing = schema.type(state.type)?.placing ?? []
            guard !placing.contains(where: { $0.placing == .carries || $0.placing == .follows })
            else { return false }
            let standsByItself = placing.contains { $0.placing == .standsIn }
            return standsByItself || !carried.contains(state.id)
        }
        return (found, ids.count < 500 ? nil : last)
    }

    /// Of some records, those that a live one carries.
    private func carried(
        _ ids: some Collection<RecordID>,
        _ schema: Schema
    ) throws -> Set<RecordID> {
        let references = try referrers(of: ids)
        let sources = try records(Set(references.map(\.source)))
        let carrying = references.filter { reference in
            guard let source = sources[reference.source]?.state, source.isLive,
                let type = schema.type(source.type)
            else { return false }
            let hasEnded = type.placing.contains {
                $0.placing == .ends && source.fields[$0.number] != nil
            }
            return !hasEnded && type.field(reference.field)?.placing == .carries
        }
        return Set(carrying.map(\.target))
    }
}
