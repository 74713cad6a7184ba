package import SyncProtocol
internal import Synchronization

/// Lets batches that wait share one transaction, so that one wait for the disk serves them all.
///
/// Each has its own outcome and its own failure, and is answered once it is committed. Whoever comes while
/// nobody commits goes at once; those that come meanwhile go together with the next. The store takes group after
/// group where it writes, so that its writer waits for no other thread in between.
final class GroupCommit: Sendable {
    private struct Waiter: Sendable {
        let body: CommitGroup.Body
        let answer: CheckedContinuation<Void, any Error>
    }

    private typealias Entry = CommitQueue<Waiter>.Entry

    private let store: any Store
    private let limits: Limits
    private let clock: @Sendable () -> Int64
    private let queue: Mutex<CommitQueue<Waiter>>

    init(store: any Store, limits: Limits, clock: @escaping @Sendable () -> Int64) {
        self.store = store
        self.limits = limits
        self.clock = clock
        queue = Mutex(CommitQueue(limits: limits))
    }

    /// Runs a closure in a transaction that it may share, and returns once that is committed.
    ///
    /// The closure may be run again where what it shared failed: it must change nothing but the store.
    /// Throws what the closure throws, what the store throws, and `server_busy`; then nothing was done.
    /// What is nobody's batch, `device` being `nil`, is never refused.
    func run<Answer: Sendable>(
        for device: DeviceID?,
        weight: Int,
        bytes: Int = 0,
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Answer
    ) async throws -> Answer {
        // Where writers go side by side, the store's own commits are as wide as it can.
        guard !store.hasManyWriters else { return try await store.write(body) }
        let answer = Answered<Answer>()
        try await withCheckedThrowingContinuation { continuation in
            let waiter = Waiter(body: { try answer.give(body($0)) }, answer: continuation)
            let entry = Entry(device: device, weight: weight, bytes: bytes, body: waiter)
            switch queue.withLock({ $0.append(entry) }) {
            case .first: store.commit { self.next() }
            case .behind: break
            case .refused: continuation.resume(throwing: SyncError.serverBusy)
            }
        }
        return answer.given
    }

    /// Whether a device would be refused at this moment.
    func refuses(_ device: DeviceID) -> Bool {
        queue.withLock { $0.isBusy && !$0.hasRoom(for: device) }
    }

    /// Those that share the next commit; `nil` where nobody waits.
    private func next() -> CommitGroup? {
        let group = queue.withLock { $0.group() }
        guard let first = group.first else { return nil }
        let until = clock() + limits.commitMilliseconds
        // The first goes however late it is.
        let bodies = [first.body.body] + group.dropFirst().map { inTime($0.body.body, until) }
        return CommitGroup(bodies: bodies) { self.answer(group, $0) }
    }

    private func inTime(_ body: @escaping CommitGroup.Body, _ until: Int64) -> CommitGroup.Body {
        let clock = clock
        return { transaction in
            guard clock() < until else { throw NoTimeLeft() }
            return try body(transaction)
        }
    }

    private func answer(_ group: [Entry], _ results: [Result<Void, any Error>]) {
        precondition(results.count == group.count, "each closure has its result")
        let late = zip(group, results).filter { $0.1.isLate }.map(\.0)
        if !late.isEmpty { queue.withLock { $0.putBack(late) } }
        for (entry, result) in zip(group, results) where !result.isLate {
            entry.body.answer.resume(with: result)
        }
    }
}

/// What the last run of a closure gave.
private final class Answered<Answer: Sendable>: Sendable {
    private let last = Mutex<Answer?>(nil)

    func give(_ answer: Answer) { last.withLock { $0 = answer } }

    var given: Answer {
        guard let answer = last.withLock(\.self) else {
            preconditionFailure("what was committed has been run")
        }
        return answer
    }
}

/// What there was no time for in a commit.
private struct NoTimeLeft: Error {}

extension SyncError {
    /// More waits here than the server takes at a time: nothing of it was kept.
    package static let serverBusy = SyncError(
        "server_busy",
        "服务器繁忙 More waits here than the server takes at a time",
        hint: "请稍后再试。 Send the same again after Retry-After; nothing of it was kept."
    )
}

extension Result where Failure == any Error {
    fileprivate var isLate: Bool {
        if case .failure(let error) = self { error is NoTimeLeft } else { false }
    }
}
