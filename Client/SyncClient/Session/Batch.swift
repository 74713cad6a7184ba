internal import SyncProtocol

/// What of the outbox goes into one request.
struct Batch {
    let transaction: any LocalReader
    let profile: DeviceProfile

    func fill(_ request: inout SyncRequest, _ size: SyncSession.Size) throws {
        let waiting = try transaction.unanswered(limit: size.changes)
        try fill(&request, with: Self.first(of: waiting[...], size))
    }

    func fill(_ request: inout SyncRequest, with batch: [OutboxEntry]) throws {
        request.payloads = batch.map(\.payload)
        request.firstSequence = batch.first?.sequence ?? .none
        request.chain = batch.last?.chain ?? []
        // > [X-03] With such a change travels where it stood.
        for entry in batch {
            if let former = entry.former, former.place.revision > .none {
                request.former[entry.sequence] = former
            }
        }
        request.hole = try hole(before: batch.first)
        if request.hole != nil {
            request.receipt = try transaction.receipts().max { $0.sequence < $1.sequence }
        } else if profile.mustProve == true {
            request.receipt = try transaction.lastReceipt()
        } else if profile.isEntering == true {
            // The server may know nothing of the epoch that it had come from.
            request.receipt = try transaction.receipts().last { $0.epoch < profile.epoch }
        }
    }

    /// Changes that wait, one following the other: none behind what was forgotten.
    static func first(
        of waiting: ArraySlice<OutboxEntry>,
        _ size: SyncSession.Size
    ) -> [OutboxEntry] {
        var bytes = 0
        var batch: [OutboxEntry] = []
        for entry in waiting.prefix(size.changes) {
            bytes += entry.payload.count
            // At least one change travels, however large.
            guard batch.isEmpty || bytes <= size.bytes else { break }
            if let last = batch.last, entry.sequence != last.sequence.next { break }
            batch.append(entry)
        }
        return batch
    }

    // > [X-05] What a device has forgotten, since a backup had it, and an older backup lacks, it declares
    // > as a hole: numbers and the chain's head behind them.
    private func hole(before next: OutboxEntry?) throws -> Hole? {
        guard let known = profile.highWater,
            let last = try next?.sequence ?? transaction.lastChange()?.sequence.next
        else { return nil }
        let first = SequenceNumber(rawValue: known).next
        guard first < last else { return nil }
        let end = SequenceNumber(rawValue: last.rawValue - 1)
        guard let entry = try transaction.change(end) else { return nil }
        return Hole(first: first, last: end, chain: entry.chain)
    }
}

extension DeviceProfile {
    // > [X-06] A receipt of this server for more than it has, in its own epoch or a later one, shows a
    // > restore that nobody declared.

    /// Whether the server has answered for more than it says now.
    func isAhead(of response: SyncResponse) -> Bool {
        if response.epoch < epoch { return true }
        return response.epoch == epoch && (highWater ?? 0) > response.highWater.rawValue
    }
}
