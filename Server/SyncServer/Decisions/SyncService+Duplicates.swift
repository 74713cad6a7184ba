public import SyncProtocol

/// Two records that may be the same, with both.
public struct ProposedPair: Sendable {
    /// The pair, and why.
    public var pair: DuplicatePair
    /// The record with the smaller id.
    public var first: StoredRecord
    /// The other one.
    public var second: StoredRecord

    /// Pairs as people and scripts read them: a `DuplicateList` of `views.proto`, in JSON.
    public static func json(list pairs: [ProposedPair]) -> [UInt8] {
        DuplicatePair.json(
            list: pairs.compactMap { pair in
                guard let first = pair.first.view(), let second = pair.second.view() else {
                    return nil
                }
                return (pair.pair, first, second)
            }
        )
    }
}

extension SyncService {
    /// Pairs of records of a type that may be the same, among all that somebody may see, the likeliest
    /// first.
    ///
    /// They are proposed, never merged by themselves.
    public func duplicates(
        of type: RecordType,
        for principal: Principal,
        limit: Int = 100
    ) async throws -> [ProposedPair] {
        guard var finder = rules.duplicateFinder(for: type) else { return [] }
        var cursor: RecordID?
        let page = limits.rowsPerPage
        repeat {
            let after = cursor
            let rows = try await store.read {
                try $0.records(ofType: type.number, after: after, limit: page)
            }
            for record in rows.compactMap(principal.seen) where record.state.isLive {
                finder.add(record.state.id, record.state.fields)
            }
            cursor = rows.count < page ? nil : rows.last?.state.id
        } while cursor != nil
        let pairs = finder.pairs(limit: max(1, min(limit, limits.rowsPerPage)))
        let found: [ProposedPair] = try await store.read { transaction in
            try pairs.compactMap { pair in
                let found = try transaction.records([pair.first, pair.second])
                guard let first = found[pair.first].flatMap(principal.seen),
                    let second = found[pair.second].flatMap(principal.seen),
                    first.state.isLive, second.state.isLive
                else { return nil }
                return ProposedPair(pair: pair, first: first, second: second)
            }
        }
        if !found.isEmpty {
            let records = found.map(\.pair.first) + found.map(\.pair.second)
            await note(.duplicates, records, by: principal)
        }
        return found
    }
}
