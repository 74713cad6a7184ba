public import SyncProtocol

/// One page of a listing.
public struct RecordPage: Sendable {
    /// The records, in the order of their ids.
    public var records: [StoredRecord]
    /// Where the next page begins; `nil` on the last one.
    public var next: RecordID?
}

extension SyncService {
    /// Records that stand in some areas, tombstones apart, by id, a page at a time.
    ///
    /// The areas have to be within those of whoever asks.
    public func records(
        ofType type: UInt32?,
        in areas: [AreaCode],
        after id: RecordID?,
        limit: Int,
        for principal: Principal
    ) async throws -> RecordPage {
        let limit = max(1, min(limit, limits.rowsPerPage))
        let page = try await store.read { transaction in
            var page = RecordPage(records: [])
            var listing = try Listing(
                ofType: type,
                in: areas,
                after: id,
                step: limit + 1,
                transaction
            )
            while page.records.count <= limit, let found = try listing.next() {
                page.records += found.compactMap(principal.seen)
            }
            if page.records.count > limit {
                page.records.removeSubrange(limit...)
                page.next = page.records.last?.state.id
            }
            return page
        }
        if !page.records.isEmpty {
            await note(.list, page.records.map(\.state.id), in: areas, by: principal)
        }
        return page
    }

    /// A record that somebody may see, with all its conflicts; `nil` where there is none.
    public func record(
        _ id: RecordID,
        for principal: Principal
    ) async throws -> (record: StoredRecord, conflicts: [ConflictEntry])? {
        guard let found = try await record(id, in: principal.areas),
            let seen = principal.seen(found.record)
        else { return nil }
        await note(.record, [id], by: principal)
        return (seen, found.conflicts.compactMap(principal.seen))
    }

    /// A record that stands in some areas, or anywhere, with all its conflicts; `nil` where there is
    /// none.
    ///
    /// Nothing is noted: for the service itself, which tells nobody what it says.
    public func record(
        _ id: RecordID,
        in areas: [AreaCode]?
    ) async throws -> (record: StoredRecord, conflicts: [ConflictEntry])? {
        try await store.read { transaction in
            guard let record = try transaction.records([id])[id] else { return nil }
            // A deleted record is not there any more; its history tells what it said.
            if areas != nil, !record.state.isLive { return nil }
            if let areas, !record.placements.contains(where: { areas.cover($0.area) }) {
                return nil
            }
            return (record, try transaction.conflicts(of: id, openOnly: false))
        }
    }

    /// How much there is of everything.
    public func counts() async throws -> Counts { try await store.read { try $0.counts() } }
}

extension StoredRecord {
    /// The record as people and scripts read it; `nil` where nobody here knows its type.
    public func view(conflicts: [ConflictEntry] = []) -> RecordView? {
        Schema.current.type(state.type).map { type in
            RecordView(
                of: state,
                type: type,
                areas: placements.map(\.area),
                conflicts: conflicts
            )
        }
    }
}
