public import SyncProtocol

/// What a check of a device found.
public struct DeviceCheck: Hashable, Sendable {
    /// Live records that stand somewhere, once for each area.
    public var records = 0
    /// Rows that were not as they had been counted, or did not show what they keep: that is put right, and the next
    /// sync repairs the rest.
    public var differing = 0
    /// What is wrong with the file itself, in the database's words.
    public var flaws: [String] = []

    init() {}

    /// What a check finds where so many records stand and nothing is wrong.
    public init(soundWith records: Int) { self.records = records }
}

extension ResidenceClient {
    /// What this device holds, as one number to compare with the server's [G-01].
    public func digest() async throws -> AreaDigest {
        try await store.read { try $0.digests().values.reduce(.empty, +) }
    }

    /// A change of this device by its number, answered or not; without bytes where it was forgotten.
    public func change(_ sequence: SequenceNumber) async throws -> OutboxEntry? {
        try await store.read { try $0.change(sequence) }
    }

    // > [G-04] A device counts from its rows after an unclean end, once a week, and on demand.

    /// Counts what is held from the rows themselves, and checks the file.
    public func check() async throws -> DeviceCheck {
        let now = environment.now()
        return try await store.write { transaction in
            var found = DeviceCheck()
            found.flaws = try transaction.checkFile()
            guard let profile = try transaction.profile() else { return found }
            var holdings = Holdings(transaction: transaction, profile: profile)
            found.differing = try holdings.recount(at: now &+ profile.clockOffset)
            try transaction.save(holdings.profile)
            found.records = try transaction.digests().values.reduce(0) { $0 + $1.records }
            return found
        }
    }
}
