internal import SyncProtocol

extension ResidenceClient {
    /// Forgets what is left of a device that was revoked: only once somebody has the file of it.
    public func forgetKeptOutbox() async throws {
        try await store.write { try $0.forgetKeptParts() }
        try await store.scrub()
    }

    /// What was not answered yet, as a file that only the server can read, and how many changes it holds.
    ///
    /// The changes stay where they are: whether the file or a sync reaches the server first, or both do, it has
    /// each once. Of a revoked device it is what was sealed then, from the first part on: a server that was restored
    /// takes it, too. Throws `sealing_key_missing`, `not_enrolled`.
    public func sealedOutbox() async throws -> (file: [UInt8], changes: Int) {
        let (limits, now) = (limits, environment.now())
        return try await store.read { transaction in
            guard let profile = try transaction.profile() else {
                let parts = try transaction.keptParts()
                guard !parts.isEmpty else { throw SyncError.notEnrolled }
                return parts.file
            }
            let sealer = OutboxSealer(
                transaction: transaction,
                profile: profile,
                limits: limits,
                now: now &+ profile.clockOffset
            )
            return try sealer.seal(to: profile.sealingKey).file
        }
    }
}

extension LocalReader {
    fileprivate func keptParts() throws -> [SealedPart] {
        var parts: [SealedPart] = []
        while let part = try keptPart(after: parts.last?.number ?? 0) { parts.append(part) }
        return parts
    }
}

extension [SealedPart] {
    /// All of them as a file, and how many changes it holds.
    fileprivate var file: (file: [UInt8], changes: Int) {
        (SealedOutbox.file(of: map(\.sealed)), reduce(0) { $0 + $1.changes })
    }
}
