internal import SyncProtocol

/// What a device's predecessors wrote, as far as it counts as the device's own.
///
/// Whoever decides about a change sees it under the device's id; what is kept says who wrote it.
final class Heritage {
    private let device: StoredDevice
    private let server: DeviceID
    private let transaction: any StoreTransaction
    private let predecessors: Set<DeviceID>
    private var writings: [RecordID: Writings] = [:]
    private var mended: [Int64: DeviceID]?

    private struct Writings {
        /// Who made a revision of the record.
        var bases: [Base: DeviceID] = [:]
        /// Who said what was observed then.
        var times: [Int64: DeviceID] = [:]
    }

    /// What a device has from others; `nil` where that is nothing.
    init?(of device: StoredDevice, at server: DeviceID, in transaction: any StoreTransaction) {
        predecessors = Set(device.succession.parts.map(\.device)).subtracting([device.id])
        guard !predecessors.isEmpty else { return nil }
        (self.device, self.server, self.transaction) = (device, server, transaction)
    }

    /// The device as whose a change counts.
    func owner(of change: StoredChange) -> DeviceID {
        device.counts(change) ? device.id : change.device
    }

    /// The device's changes with these numbers, whoever made them.
    func changes(in range: ClosedRange<SequenceNumber>) throws -> [StoredChange] {
        try transaction.changes(countedFor: device, in: range)
    }

    /// The device's returned change with a number.
    func returned(_ sequence: SequenceNumber) throws -> ReturnedChange? {
        try transaction.returned(sequence, of: device.holder(of: sequence))
    }

    /// What was returned to others of a record, and counts as returned to the device.
    func returned(to record: RecordID) throws -> [ReturnedChange] {
        try predecessors.sorted().flatMap { try transaction.returned(of: $0, to: record) }
            .filter { device.counts($0.change) }
    }

    /// A record as if the device itself had written what counts as its own.
    func asOwn(_ record: StoredRecord) throws -> StoredRecord {
        guard predecessors.contains(where: record.state.wasWritten) else { return record }
        let known = try writings(to: record.state.id)
        return record.written { stamp in
            known.bases[stamp.base] == stamp.device ? device.id : stamp.device
        }
    }

    /// A record with the names of those who wrote it.
    func asWritten(_ record: StoredRecord) -> StoredRecord {
        guard let known = writings[record.state.id], !known.bases.isEmpty else { return record }
        return record.written { [id = device.id] stamp in
            stamp.device == id ? known.bases[stamp.base] ?? id : stamp.device
        }
    }

    /// A conflict as if the device itself had said what counts as its own.
    func asOwn(_ entry: ConflictEntry) throws -> ConflictEntry {
        let sides = [entry.conflict.standing.device, entry.conflict.proposed.device]
        guard sides.contains(where: predecessors.contains) else { return entry }
        let known = try writings(to: entry.record)
        return entry.said { side in
            known.times[side.time] == side.device ? device.id : side.device
        }
    }

    /// A conflict with the names of those who said it.
    func asWritten(_ entry: ConflictEntry) -> ConflictEntry {
        guard let known = writings[entry.record], !known.times.isEmpty else { return entry }
        return entry.said { [id = device.id] side in
            side.device == id ? known.times[side.time] ?? id : side.device
        }
    }

    private func writings(to id: RecordID) throws -> Writings {
        if let known = writings[id] { return known }
        var found = Writings()
        for step in try transaction.steps(of: id) where step.change.device != device.id {
            let change = step.change
            let said = try? Change(payload: change.payload, epoch: change.epoch)
            guard let author = try author(of: change, said) else { continue }
            found.bases[Base(epoch: change.epoch, revision: step.revision)] = author
            if let said { found.times[said.observedAt] = author }
        }
        writings[id] = found
        return found
    }

    /// The predecessor who wrote a change as far as that counts as the device's own; `nil` for all others.
    private func author(of change: StoredChange, _ said: Change?) throws -> DeviceID? {
        if device.counts(change) { return change.device }
        // > [V-05] A creation that is mended at the server stays its author's own
        guard change.device == server, let said, said.base == Base.none else { return nil }
        return try mendings()[change.receivedAt]
    }

    /// By when somebody mended it: who had captured what counts as the device's own.
    private func mendings() throws -> [Int64: DeviceID] {
        if let mended { return mended }
        var found: [Int64: DeviceID] = [:]
        for predecessor in predecessors.sorted() {
            var number: UInt64 = 0
            while true {
                // Each store gives so many at a time.
                let page = try transaction.settlements(of: predecessor, after: number)
                guard let last = page.last else { break }
                for settled in page
                where settled.kind == .mended && device.holder(of: settled.sequence) == predecessor
                {
                    found[settled.settledAt] = predecessor
                }
                number = last.number
            }
        }
        mended = found
        return found
    }
}

extension StoredRecord {
    fileprivate func written(by name: (Stamp) -> DeviceID) -> StoredRecord {
        var record = self
        record.state = state.written(by: name)
        record.own = own?.written(by: name)
        return record
    }
}

extension ConflictEntry {
    fileprivate func said(by name: (Conflict.Side) -> DeviceID) -> ConflictEntry {
        var entry = self
        entry.conflict.standing.device = name(conflict.standing)
        entry.conflict.proposed.device = name(conflict.proposed)
        return entry
    }
}
