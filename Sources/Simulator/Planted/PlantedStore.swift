internal import SyncProtocol
internal import SyncServer
internal import Synchronization

/// A server's store in which a bug is planted.
final class PlantedStore: Store {
    private let base: any Store
    private let bug: PlantedBug
    private let writes = Mutex(0)

    init(_ base: any Store, _ bug: PlantedBug) {
        self.base = base
        self.bug = bug
    }

    private struct NeverCommitted<Result: Sendable>: Error {
        let result: Result
    }

    func write<R: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> R
    ) async throws -> R {
        let bug = bug
        let count = writes.withLock { count in
            count += 1
            return count
        }
        do {
            return try await base.write { transaction in
                let result = try body(PlantedStoreTransaction(base: transaction, bug: bug))
                if bug == .answersBeforeCommit, count % 12 == 0 {
                    throw NeverCommitted(result: result)
                }
                return result
            }
        } catch let lost as NeverCommitted<R> {
            return lost.result
        }
    }

    func read<R: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> R
    ) async throws -> R {
        let bug = bug
        return try await base.read { reader in
            guard let transaction = reader as? any StoreTransaction else { return try body(reader) }
            return try body(PlantedStoreTransaction(base: transaction, bug: bug))
        }
    }

    var news: News { base.news }

    func listen() async { await base.listen() }

    func scrub() async throws { try await base.scrub() }
}

/// A transaction in which a bug is planted.
private struct PlantedStoreTransaction: ForwardingStoreTransaction {
    let base: any StoreTransaction
    let bug: PlantedBug

    func save(_ device: StoredDevice) throws {
        var device = device
        if bug == .forgetsHighWater, let known = try base.device(device.id),
            device.highWater.rawValue % 3 == 0, known.highWater > .none
        {
            (device.highWater, device.chain) = (known.highWater, known.chain)
        }
        try base.save(device)
    }

    func device(_ id: DeviceID) throws -> StoredDevice? {
        if bug == .forgetsKin {
            var device = try base.device(id)
            device?.succession.kin = []
            return device
        }
        if bug == .ignoresSuspension {
            var device = try base.device(id)
            device?.suspendedAt = nil
            return device
        }
        guard bug == .widensGrants, var device = try base.device(id), !device.grants.isEmpty,
            let city = AreaCode("3309")
        else { return try base.device(id) }
        device.grants[device.grants.count - 1].areas = [city]
        return device
    }

    func heads(under areas: [AreaCode]) throws -> [AreaHead] {
        var heads = try base.heads(under: areas)
        for index in heads.indices {
            switch bug {
            case .positionBeforeCommit:
                heads[index].head = Position(rawValue: heads[index].head.rawValue + 1)
            case .forgetsPruning: heads[index].pruned = .start
            default: break
            }
        }
        return heads
    }

    func put(_ move: FeedMove) throws {
        guard bug == .dropsDepartures, move.isDeparture else { return try base.put(move) }
    }

    func feed(
        of area: AreaCode,
        after position: Position,
        _ visit: (FeedEntry) throws -> Bool
    ) throws {
        var isFirst = true
        try base.feed(of: area, after: position) { entry in
            defer { isFirst = false }
            if bug == .skipsPageBoundary, isFirst, position > .start { return true }
            if bug == .tellsNoConflicts, case .record(let copy, _) = entry.content {
                return try visit(
                    FeedEntry(position: entry.position, content: .record(copy, openConflicts: 0))
                )
            }
            guard bug == .resurrectsTombstones,
                case .record(var copy, let open) = entry.content, copy.isDeleted,
                copy.redirect == nil, !copy.isErased
            else { return try visit(entry) }
            copy.isDeleted = false
            return try visit(
                FeedEntry(position: entry.position, content: .record(copy, openConflicts: open))
            )
        }
    }

    func save(_ conflict: ConflictEntry) throws -> UInt64 {
        var conflict = conflict
        let isOld = conflict.conflict.proposed.time < conflict.conflict.standing.time
        switch bug {
        case .losesConflicts where conflict.id == 0: return 1
        case .ignoresOldNews where conflict.id == 0 && isOld: return 1
        case .closesReviews where conflict.conflict.isOpen:
            conflict.conflict.isOpen = false
            conflict.state = .decidedByRule
        case .tellsOtherWinners: conflict.conflict.proposedWon.toggle()
        default: break
        }
        return try base.save(conflict)
    }

    func changes(
        of device: DeviceID,
        in numbers: ClosedRange<SequenceNumber>
    ) throws -> [StoredChange] {
        let changes = try base.changes(of: device, in: numbers)
        guard bug == .forgetsOutcomes else { return changes }
        return changes.map { change in
            var change = change
            if change.outcome.kind == .applied { change.outcome.kind = .unchanged }
            return change
        }
    }

    func set(_ value: [UInt8], for key: Setting) throws {
        guard bug == .forgetsHandovers, key == .handovers else {
            return try base.set(value, for: key)
        }
    }

    func prune(_ area: AreaCode, upTo position: Position, goneBefore time: Int64) throws -> Int {
        guard bug == .prunesTooEarly else {
            return try base.prune(area, upTo: position, goneBefore: time)
        }
        let last = Position(rawValue: .max >> 1)
        return try base.prune(area, upTo: last, goneBefore: .max >> 1)
    }

    func append(_ change: StoredChange, effects: [StoredEffect]) throws -> UInt64 {
        var change = change
        let isStruck = change.sequence.rawValue % 7 == 3
        switch bug {
        case .losesHistory where isStruck: return 0
        case .misfilesChanges where isStruck: change.record = nil
        case .keepsNoUndo: change.undo = []
        default: break
        }
        return try base.append(change, effects: effects)
    }

    func save(_ records: [RecordWrite]) throws {
        if bug == .leavesPlacements {
            let known = try base.records(records.map(\.record.state.id))
            return try base.save(
                records.map { write in
                    var write = write
                    let before = known[write.record.state.id]
                    write.record.placements = before?.placements ?? write.record.placements
                    return write
                }
            )
        }
        guard bug == .dropsUnknownFields else { return try base.save(records) }
        try base.save(
            records.map { write in
                var write = write
                write.record.state.fields = write.record.state.fields.keeping(
                    write.record.state.fields.numbers.filter { $0 < 900 }
                )
                return write
            }
        )
    }

    func redactHistory(of id: RecordID, _ redacted: ([UInt8]) -> [UInt8]) throws {
        if bug != .keepsErasedHistory { try base.redactHistory(of: id, redacted) }
    }

    func add(_ change: AreaDigest, to area: AreaCode) throws {
        if bug != .losesDigests { try base.add(change, to: area) }
    }
}
