import StoreSQLite
import SyncProtocol
import SyncServer
import Synchronization

/// A store whose disk is full at times: it reads, and does not write.
final class FullStore: Store {
    let base: SQLiteStore
    let isFull = Mutex(false)
    /// Whether nothing can be written that adds to the log of readings.
    let isLogFull = Mutex(false)
    /// What somebody else does once, after the next reading.
    let afterRead = Mutex<(@Sendable () async throws -> Void)?>(nil)
    let writes = Mutex(0)

    /// Whether it says of itself that writers go side by side.
    let hasManyWriters: Bool

    init(base: SQLiteStore, hasManyWriters: Bool = false) {
        self.base = base
        self.hasManyWriters = hasManyWriters
    }

    func write<R: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> R
    ) async throws -> R {
        let isFull = isFull.withLock { $0 }
        let isLogFull = isLogFull.withLock { $0 }
        writes.withLock { $0 += 1 }
        return try await base.write { transaction in
            let last = try transaction.lastAccess()?.number
            let result = try body(transaction)
            if try isFull || (isLogFull && transaction.lastAccess()?.number != last) {
                throw SyncError("disk_full", "The disk is full", hint: "Make room.")
            }
            return result
        }
    }

    func read<R: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> R
    ) async throws -> R {
        let result = try await base.read(body)
        let after = afterRead.withLock { after in
            defer { after = nil }
            return after
        }
        try await after?()
        return result
    }

    var news: News { base.news }

    func listen() async { await base.listen() }

    func scrub() async throws { try await base.scrub() }
}

extension FullStore {
    /// A service on it.
    func service(in world: World) -> SyncService {
        SyncService(
            store: self,
            identity: world.identity,
            rules: SchemaRules(),
            clock: { world.clock.now }
        )
    }
}

/// Who read what, as the log has it.
func accesses(in world: World) async throws -> [Access] {
    try await storedAccesses(in: world).compactMap(\.access)
}

/// The log's entries.
func storedAccesses(in world: World) async throws -> [StoredAccess] {
    try await world.store.read { try $0.accesses(after: 0, limit: 1_000) }
}
