internal import SyncProtocol
internal import SyncTrust

/// What a device holds, as sums.
struct Holdings {
    let transaction: any LocalTransaction
    /// Noted in it is when was counted last.
    var profile: DeviceProfile

    /// How long a count from the rows is good for, in milliseconds: a week.
    static let recountAfter: Int64 = 7 * 24 * 3600 * 1000

    // > [G-02] A device to which it is not the sum of what it holds counts again from its rows, and repairs
    // > what still differs.
    // > [G-04] A device counts from its rows after an unclean end, once a week, and on demand.

    /// Whether what is held is not what the server has.
    mutating func differ(from theirs: AreaDigest, at now: Int64) throws -> Bool {
        let isDue = profile.lastRecount.map { !(($0...($0 &+ Self.recountAfter)).contains(now)) }
        let mustRecount = profile.mustRecount == true || isDue ?? true
        if !mustRecount, try sum() == theirs { return false }
        try recount(at: now)
        return try sum() != theirs || !transaction.strays().isEmpty
    }

    /// Counts from the rows; returns how many were not as they were counted.
    @discardableResult
    mutating func recount(at now: Int64) throws -> Int {
        let differing = try transaction.recount { RecordMark.of($0, $1, $2) }
        profile.mustRecount = nil
        profile.lastRecount = now
        return differing
    }

    private func sum() throws -> AreaDigest {
        try transaction.digests().filter { profile.grant.areas.cover($0.key) }.values
            .reduce(.empty, +)
    }
}
