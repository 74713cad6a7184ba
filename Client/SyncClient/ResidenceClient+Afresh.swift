internal import SyncProtocol
internal import SyncTrust

/// A handheld that is given to another person.
extension ResidenceClient {
    // > [O-03] A handheld that is given to another person is enrolled anew, under a key of its own. What the first
    // > person had not given away keeps it from that; everything else of theirs is erased before anything of the
    // > second one's is there.

    /// Throws `unsent_work` where something here was not given away.
    func mustBeGivenAway() async throws {
        try await store.read { try $0.mustBeGivenAway() }
    }

    /// The key of a fresh enrolment, kept beside what is still here until the answer has come.
    func freshKey(besides old: DeviceProfile) async throws -> SigningKey {
        let new = environment.mintKey()
        let seed = try await store.write { transaction in
            if let begun = try transaction.enrolmentSeed(), begun != old.keySeed { return begun }
            try transaction.save(enrolmentSeed: new)
            return new
        }
        guard let key = SigningKey(seed: seed) else { throw SyncError.keyDamaged }
        return key
    }

    /// A key in the place of the one that was kept for an enrolment.
    func anotherKey() async throws -> SigningKey {
        let new = environment.mintKey()
        try await store.write { try $0.save(enrolmentSeed: new) }
        guard let key = SigningKey(seed: new) else { throw SyncError.keyDamaged }
        return key
    }

    /// Erases what the first person held, and keeps who this device is from now on.
    ///
    /// Two transactions: what was sealed under the first person's key goes with that key, and what is kept
    /// afterwards is not sealed under it. Killed between them, the device is empty and needs another link.
    func begin(afresh profile: DeviceProfile) async throws {
        try await store.write { transaction in
            // Somebody may have captured meanwhile.
            try transaction.mustBeGivenAway()
            try transaction.eraseEverything(keeping: nil, [])
        }
        try await store.write { transaction in
            try transaction.save(enrolmentSeed: profile.keySeed)
            try transaction.save(profile)
        }
        try await store.scrub()
    }
}

extension LocalReader {
    /// Throws `unsent_work` where something here was not given away.
    fileprivate func mustBeGivenAway() throws {
        let waiting = try unansweredCount()
        guard waiting == 0 else { throw SyncError.unsentWork(waiting) }
        let aside = try salvaged().count
        guard aside == 0 else { throw SyncError.unsentWork(aside) }
    }
}

extension SyncError {
    fileprivate static func unsentWork(_ count: Int) -> SyncError {
        SyncError(
            "unsent_work",
            "本机还有原使用者未同步的 \(count) 条采集 \(count) captures of the person before are not sent yet",
            hint:
                "先运行 residence sync；不能同步时用 residence outbox 文件 导出，交运维人员收下，并换一个数据文件夹（--data）。 Run residence sync first; where it cannot, save them with `residence outbox FILE` for the operator, and use another data folder (--data DIR)."
        )
    }
}
