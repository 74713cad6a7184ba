internal import SyncProtocol
internal import Synchronization

/// Notes who reads what before they are told [L-01].
///
/// > [L-04] Where an entry cannot be written, as on a full disk, it waits in memory and goes with the next one that
/// > can: nobody is kept from their records, and `/metrics` tells how many wait.
final class AccessLog: Sendable {
    /// More than so many do not wait: the oldest go first, and are counted.
    static let room = 100_000

    private struct State {
        var waiting: [Access] = []
        var lost = 0
    }

    private let state = Mutex(State())

    /// How many entries wait for room on the disk, and how many were lost for want of room in memory.
    var backlog: (waiting: Int, lost: Int) { state.withLock { ($0.waiting.count, $0.lost) } }

    /// Writes an entry, and before it all that wait, in one transaction, which batches share.
    ///
    /// An entry is written by whoever noted it, and is durable once this returns, unless it has to wait.
    func note(_ access: Access, through commits: GroupCommit) async {
        let taken = Mutex<[Access]>([])
        do {
            try await commits.run(for: nil, weight: 1) { [self] transaction in
                // A store may run the closure again: what it took before is still to be written.
                let accesses = taken.withLock { taken in
                    taken += state.withLock { state in
                        defer { state.waiting = [] }
                        return state.waiting
                    }
                    return taken
                }
                try transaction.append(accesses + [access])
            }
        } catch {
            putBack(taken.withLock { $0 } + [access])
        }
    }

    private func putBack(_ accesses: [Access]) {
        state.withLock { state in
            state.waiting = accesses + state.waiting
            let excess = state.waiting.count - Self.room
            guard excess > 0 else { return }
            state.waiting.removeFirst(excess)
            state.lost += excess
        }
    }
}

extension StoreTransaction {
    /// Adds entries to the log of who read what, in their order.
    func append(_ accesses: [Access]) throws {
        guard !accesses.isEmpty else { return }
        var last = try lastAccess()
        for access in accesses {
            let entry = try StoredAccess(access, after: last)
            try append(entry)
            last = entry
        }
    }
}
