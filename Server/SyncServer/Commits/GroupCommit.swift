package import SyncProtocol
internal import Synchronization

/// Lets batches that wait share one transaction, so that one wait for the disk serves them all.
///
/// Each has its own outcome and its own failure, and is answered once it is committed. Whoever comes while
/// nobody commits goes at once; those that come meanwhile go together with the next. There is no thread
/// of its own: of those that wait, the first takes the others along.
final class GroupCommit: Sendable {
    private typealias Body = @Sendable (any StoreTransaction) throws -> Void

    /// What a batch is told while it waits.
    private enum Turn: Sendable {
        case lead
        case done(Result<Void, any Error>)
        case refused
    }

    private struct Waiter: Sendable {
        let body: Body
        let turn: CheckedContinuation<Turn, Never>
    }

    private typealias Entry = CommitQueue<Waiter?>.Entry

    private let store: any Store
    private let limits: Limits
    private let clock: @Sendable () -> Int64
    private let queue: Mutex<CommitQueue<Waiter?>>

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
        try await join(device, weight, bytes) { try answer.give(body($0)) }
        return answer.given
    }

    private func join(
        _ device: DeviceID?,
        _ weight: Int,
        _ bytes: Int,
        _ body: @escaping Body
    ) async throws {
        let turn = await withCheckedContinuation { continuation in
            let turn: Turn? = queue.withLock { queue in
                if queue.begins() { return .lead }
                let waiter = Waiter(body: body, turn: continuation)
                let entry = Entry(device: device, weight: weight, bytes: bytes, body: waiter)
                return queue.append(entry) ? nil : .refused
            }
            if let turn { continuation.resume(returning: turn) }
        }
        switch turn {
        case .lead:
            let mine = Entry(device: device, weight: weight, bytes: bytes, body: nil)
            try await lead(mine, body).get()
        case .done(let result): try result.get()
        case .refused: throw SyncError.serverBusy
        }
    }

    private func inTime(_ body: @escaping Body, _ until: Int64) -> Body {
        let clock = clock
        return { transaction in
            guard clock() < until else { throw NoTimeLeft() }
            return try body(transaction)
        }
    }

    private func lead(_ mine: Entry, _ body: @escaping Body) async -> Result<Void, any Error> {
        let group = queue.withLock { $0.group(with: mine) }
        let others = group.dropFirst().compactMap(\.body)
        let until = clock() + limits.commitMilliseconds
        // The first goes however late it is.
        let bodies = [body] + others.map { inTime($0.body, until) }
        let results = await store.writeTogether(bodies)
        let late = zip(group, results).filter { $0.1.isLate }.map(\.0)
        let next = queue.withLock { queue in
            queue.putBack(late)
            return queue.next()
        }
        next?.body?.turn.resume(returning: .lead)
        for (waiter, result) in zip(others, results.dropFirst()) where !result.isLate {
            waiter.turn.resume(returning: .done(result))
        }
        return results[0]
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
