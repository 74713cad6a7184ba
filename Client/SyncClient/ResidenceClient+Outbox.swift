internal import SyncProtocol

extension ResidenceClient {
    /// Forgets what is left of a device that was revoked: only once somebody has the file of it.
    public func forgetKeptOutbox() async throws {
        try await store.write { try $0.forgetKeptOutbox() }
        try await store.scrub()
    }

    /// What was not answered yet, as a file that only the server can read, and how many changes it holds.
    ///
    /// The changes stay where they are: whether the file or a sync reaches the server first, or both do, it has
    /// each once. Of a revoked device it is what was sealed then. Throws `sealing_key_missing`, `not_enrolled`.
    public func sealedOutbox() async throws -> (file: [UInt8], changes: Int) {
        let (limits, now) = (limits, environment.now())
        return try await store.read { transaction in
            guard let profile = try transaction.profile() else {
                guard let kept = try transaction.keptOutbox(), !kept.isEmpty else {
                    throw SyncError.notEnrolled
                }
                return (kept.sealed, kept.changes)
            }
            let sealer = OutboxSealer(
                transaction: transaction,
                profile: profile,
                limits: limits,
                now: now &+ profile.clockOffset
            )
            let (sealed, changes) = try sealer.seal(to: profile.sealingKey)
            return (sealed.encoded, changes)
        }
    }
}
