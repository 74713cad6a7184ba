internal import SyncProtocol

/// Whether a device may show what it holds.
extension ResidenceClient {
    // > [A-13] Where the server gives a lease, a device that had no answer for so many days shows, lists and searches
    // > no record until it has synced; it goes on capturing and sending.

    /// Throws `lease_expired`.
    func mustHaveLease() async throws {
        guard let lease = try await lease(), lease.hasExpired else { return }
        throw SyncError(
            "lease_expired",
            "已满 \(lease.days) 天未与服务器同步，暂不能查看记录 No answer of the server for \(lease.days) days: no record is shown",
            hint:
                "请先运行 residence sync；采集照常，数据都在本机。 Run residence sync first; capturing goes on, nothing is lost."
        )
    }

    /// The lease as it is now; `nil` where the server gives none.
    ///
    /// What has passed is kept now and then, so that no clock that is set back afterwards takes it off.
    func lease() async throws -> Lease? {
        guard let known = try await profile()?.lease else { return nil }
        let (now, uptime) = (environment.now(), environment.uptime())
        var lease = known
        lease.look(now: now, uptime: uptime)
        guard lease.mustBeKept(besides: known) else { return lease }
        return try await store.write { transaction in
            guard var profile = try transaction.profile() else { return nil }
            // A sync may have begun another one meanwhile.
            profile.lease?.look(now: now, uptime: uptime)
            try transaction.save(profile)
            return profile.lease
        }
    }
}
