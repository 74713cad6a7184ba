public import SyncProtocol

/// What is wrong with what a server holds.
public struct HoldingsReport: Hashable, Sendable {
    /// An area of which what is kept is not what its rows add up to, or whose feed is not what stands there.
    public struct Flaw: Hashable, Sendable {
        /// The area.
        public var area: AreaCode
        /// A stable name for what is wrong: `digest_differs`, `record_misplaced`, `record_missing`.
        public var code: String
        /// How many records.
        public var records: Int
    }

    /// Areas walked.
    public var areas = 0
    /// Live records that stand somewhere, once for each area.
    public var records = 0
    /// What is wrong.
    public var flaws: [Flaw] = []
}

extension SyncService {
    // > [G-02] Counted again from the rows, since a sum that is only kept never sees a damaged row.

    /// Walks every feed and counts again; with `mending`, sums that differ are put right.
    ///
    /// Throws `role_forbidden`.
    public func checkHoldings(
        for principal: Principal,
        mending: Bool = false,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> HoldingsReport {
        try principal.check(.audit)
        var report = HoldingsReport()
        let (heads, standing) = try await store.read { transaction in
            (try transaction.heads(under: AreaCode.everywhere), try transaction.placements())
        }
        for (index, head) in heads.enumerated() {
            let expected = standing[head.area] ?? 0
            let found = try await store.read { try $0.walk(head.area, expecting: expected) }
            report.areas += 1
            report.records += found.records
            report.flaws += found.flaws
            if mending, found.flaws.contains(where: { $0.code == "digest_differs" }) {
                try await store.write { transaction in
                    try transaction.set(try transaction.recount(head.area), of: head.area)
                }
            }
            progress(index + 1, heads.count)
        }
        return report
    }
}

extension StoreReader {
    /// How many placements the records themselves name, by area.
    fileprivate func placements() throws -> [AreaCode: Int] {
        var standing: [AreaCode: Int] = [:]
        var last: RecordID?
        while true {
            let page = try records(ofType: nil, after: last, limit: 1_000)
            for record in page {
                for placement in record.placements { standing[placement.area, default: 0] += 1 }
            }
            guard let next = page.last?.state.id else { return standing }
            last = next
        }
    }

    /// Walks a feed: what stands there, and what is wrong with it.
    fileprivate func walk(
        _ area: AreaCode,
        expecting placements: Int
    ) throws -> (records: Int, flaws: [HoldingsReport.Flaw]) {
        var flaws: [HoldingsReport.Flaw] = []
        let counted = try recount(area)
        let kept = try heads(under: [area]).first { $0.area == area }?.digest ?? .empty
        if counted != kept {
            let count = abs(counted.records - kept.records)
            flaws.append(.init(area: area, code: "digest_differs", records: count))
        }
        var places: [RecordID: Position] = [:]
        try feed(of: area, after: .start) { entry in
            if case .record(let copy, _) = entry.content { places[copy.id] = entry.position }
            return true
        }
        var misplaced = 0
        for start in stride(from: 0, to: places.count, by: 500) {
            let ids = Array(places.keys.sorted()[start..<min(start + 500, places.count)])
            let records = try records(ids)
            misplaced += ids.count { id in
                records[id]?.placements.first { $0.area == area }?.position != places[id]
            }
        }
        if misplaced > 0 {
            flaws.append(.init(area: area, code: "record_misplaced", records: misplaced))
        }
        if places.count < placements {
            let missing = placements - places.count
            flaws.append(.init(area: area, code: "record_missing", records: missing))
        }
        return (counted.records, flaws)
    }
}
