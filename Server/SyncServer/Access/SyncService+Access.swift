internal import SyncProtocol
internal import SyncTrust

/// What a walk along the log of readings found; as scripts read it, too.
public struct AccessReport: Encodable, Hashable, Sendable {
    /// Entries walked.
    public var entries = 0
    /// Entries that a retention removed, as the removals tell.
    public var removed: UInt64 = 0
    /// The number of the first entry that does not fit; `nil` where all do.
    public var firstBreak: UInt64?

    enum CodingKeys: String, CodingKey {
        case entries, removed
        case firstBreak = "first_break"
    }
}

extension SyncService {
    /// Notes that somebody reads something, before they are told [L-01].
    func note(
        _ act: Access.Act,
        _ records: some Sequence<RecordID> = [],
        count: Int? = nil,
        in areas: [AreaCode]? = nil,
        by principal: Principal
    ) async {
        let access = Access(act, records, count: count, in: areas, by: principal, at: clock())
        await accessLog.note(access, through: commits)
    }

    /// How many entries of the log wait for room on the disk, and how many were lost.
    public var accessBacklog: (waiting: Int, lost: Int) { accessLog.backlog }

    /// Hands out the entries of the log in their order, a few at a time, until the closure has had enough.
    ///
    /// Throws `role_forbidden`.
    public func accesses(
        for principal: Principal,
        _ visit: ([StoredAccess]) throws -> Bool
    ) async throws {
        try principal.check(.audit)
        var last: UInt64 = 0
        while true {
            let after = last
            let page = try await store.read { try $0.accesses(after: after, limit: 500) }
            guard let end = page.last, try visit(page) else { return }
            last = end.number
        }
    }

    /// Notes that entries of the log go to a file.
    public func noteExport(of count: Int, reason: String, for principal: Principal) async throws {
        try principal.check(.audit)
        var access = Access(.export, count: count, by: principal, at: clock())
        access.reason = reason
        await accessLog.note(access, through: commits)
    }

    /// Walks the log's chain [L-02].
    ///
    /// Throws `role_forbidden`.
    public func verifyAccesses(for principal: Principal) async throws -> AccessReport {
        var report = AccessReport()
        // The first entry that is left follows the last one that was removed: the removal tells its head.
        var heads: [UInt64: [UInt8]] = [0: Chain.start]
        try await accesses(for: principal) { page in
            for removed in page.compactMap({ $0.access?.removed }) {
                heads[removed.last] = [UInt8](hexadecimal: removed.chain)
                report.removed = max(report.removed, removed.last)
            }
            return true
        }
        var last: (number: UInt64, chain: [UInt8])?
        try await accesses(for: principal) { page in
            for entry in page {
                let before = last ?? heads[entry.number - 1].map { (entry.number - 1, $0) }
                guard let before, before.number + 1 == entry.number,
                    entry.head(after: before.chain) == entry.chain
                else {
                    report.firstBreak = entry.number
                    return false
                }
                report.entries += 1
                last = (entry.number, entry.chain)
            }
            return true
        }
        return report
    }

    // > [L-03] Entries are removed by age alone, and the removal is an entry: how many, up to which one, the chain's
    // > head there, and why.

    /// Removes the entries that are older than a time, in milliseconds since 1970.
    ///
    /// Returns how many. Throws `role_forbidden`.
    @discardableResult
    public func pruneAccesses(
        before time: Int64,
        reason: String,
        for principal: Principal
    ) async throws -> Int {
        try principal.check(.audit)
        let now = clock()
        return try await store.write { transaction in
            var last: StoredAccess?
            var number: UInt64 = 0
            var count = 0
            // In the order of their numbers, so that nothing younger than what is left goes.
            walk: while true {
                let page = try transaction.accesses(after: number, limit: 500)
                for entry in page {
                    guard entry.at < time else { break walk }
                    (last, number, count) = (entry, entry.number, count + 1)
                }
                guard !page.isEmpty else { break }
            }
            guard let last else { return 0 }
            var access = Access(.prune, count: count, by: principal, at: now)
            access.reason = reason
            access.removed = .init(last: last.number, chain: last.chain.hexadecimal)
            try transaction.append([access])
            try transaction.removeAccesses(through: last.number)
            return count
        }
    }
}
