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
        var suspects: [AreaCode] = []
        for (index, head) in heads.enumerated() {
            let expected = standing[head.area] ?? 0
            let found = try await store.read { try $0.walk(head.area, expecting: expected) }
            report.areas += 1
            if found.flaws.isEmpty {
                report.records += found.records
            } else {
                suspects.append(head.area)
            }
            progress(index + 1, heads.count)
        }
        for (area, found) in try await again(suspects) {
            report.records += found.records
            report.flaws += found.flaws
            if mending, found.flaws.contains(where: { $0.code == "digest_differs" }) {
                try await store.write { transaction in
                    try transaction.set(try transaction.recount(area), of: area)
                }
            }
        }
        return report
    }

    /// Walks areas once more, all of it at one moment: what moved while others were walked is not missing.
    private func again(_ suspects: [AreaCode]) async throws -> [(AreaCode, Walked)] {
        guard !suspects.isEmpty else { return [] }
        return try await store.read { transaction in
            let standing = try transaction.placements()
            return try suspects.map { area in
                (area, try transaction.walk(area, expecting: standing[area] ?? 0))
            }
        }
    }
}

/// What stands in an area, and what is wrong with it.
private typealias Walked = (records: Int, flaws: [HoldingsReport.Flaw])

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
    ) throws -> Walked {
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
