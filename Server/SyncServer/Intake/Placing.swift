internal import SyncProtocol
internal import SyncTrust

/// Moves placements after a batch: the positions that news takes, and the departures.
///
/// > [P-04] Placements move in the transaction of the change that moved them.
struct Placing {
    let records: WorkingSet
    let schema: Schema
    /// The server's clock, in milliseconds since 1970.
    let now: Int64

    /// Puts everything that changed at new positions; and some records where they stand by now, with what goes
    /// with them, as the map was changed [P-06].
    func run(
        in transaction: some StoreTransaction,
        moving ids: Set<RecordID> = [],
        directed: [RecordID: AreaCode] = [:]
    ) throws {
        var moves: [FeedMove] = []
        let standing = Standing(records: records, schema: schema, directed: directed)
        let affected = try standing.affected().union(standing.company(of: ids))
        for id in affected.union(records.news.lazy.map(\.state.id)).sorted() {
            guard let record = try records.record(id) else { continue }
            // A tombstone stays where the record stood: whoever held it has to hear of it.
            let old = Set(record.placements.map(\.area))
            var areas =
                !record.state.isLive
                ? records.lastPlaces[id] ?? old
                : affected.contains(id) ? try standing.areas(of: record) : old
            // > [E-02] A device that hears of an erasure redacts what it holds: also one that held the
            // > record before it left, and one whose area has become another.
            if record.state.isErased, record.state.isDeleted {
                let map = try records.areaMap()
                areas = Set(areas.flatMap { map.successors(of: $0) })
                areas.formUnion(try transaction.departures(of: id))
            }
            let isNews = records.isNews(record)
            guard isNews || areas != old else { continue }
            moves += self.moves(of: record, to: areas, isNews: isNews)
        }
        let placed = try positioned(moves, in: transaction)
        for move in placed { records.place(move) }
        try transaction.save(records.writes)
        for move in placed { try transaction.put(move) }
        try keepDigests(of: placed, in: transaction)
    }

    // > [G-01] Both sides keep it with each placement.
    private func keepDigests(of moves: [FeedMove], in transaction: some StoreTransaction) throws {
        var changes: [AreaCode: AreaDigest] = [:]
        for move in moves {
            let gone = move.from == nil ? nil : records.original(move.id)?.state.digest
            let come = move.isDeparture ? nil : try records.record(move.id)?.state.digest
            changes[move.area] =
                (changes[move.area] ?? .empty) + (come ?? .empty) - (gone ?? .empty)
        }
        for (area, change) in changes.sorted(by: { $0.key < $1.key }) where change != .empty {
            try transaction.add(change, to: area)
        }
    }

    /// What happens to a record's placements when it has to stand in these areas.
    private func moves(
        of record: StoredRecord,
        to areas: Set<AreaCode>,
        isNews: Bool
    ) -> [FeedMove] {
        let old = Dictionary(uniqueKeysWithValues: record.placements.map { ($0.area, $0.position) })
        let isFirst = records.original(record.state.id) == nil
        let arrivals = areas.filter { isNews || old[$0] == nil }.map { area in
            FeedMove(
                id: record.state.id,
                area: area,
                from: old[area],
                to: .start,
                isDeparture: false,
                goneAt: record.state.isLive ? nil : now,
                isFirst: isFirst
            )
        }
        let departures = old.filter { !areas.contains($0.key) }.map { area, position in
            FeedMove(
                id: record.state.id,
                area: area,
                from: position,
                to: .start,
                isDeparture: true,
                goneAt: now
            )
        }
        return arrivals + departures
    }

    // > [F-01] Positions of an area are given in commit order, without a gap that could hide a
    // > later commit; a record stands at its latest position only.
    //
    // Areas are taken in the order of their codes, so that two writers never wait for each other in
    // a circle.
    private func positioned(
        _ moves: [FeedMove],
        in transaction: some StoreTransaction
    ) throws -> [FeedMove] {
        let byArea = Dictionary(grouping: moves, by: \.area).sorted { $0.key < $1.key }
        return try byArea.flatMap { area, moves in
            var next = try transaction.takePositions(in: area, count: moves.count)
            return moves.sorted { $0.id < $1.id }.map { move in
                var move = move
                move.to = next
                next = next.next
                return move
            }
        }
    }
}
