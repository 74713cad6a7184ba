internal import SyncClient
internal import SyncProtocol

/// A device's store in which a bug is planted.
struct PlantedLocalStore: LocalStore {
    let base: any LocalStore
    let bug: PlantedBug

    func write<R: Sendable>(
        _ body: @escaping @Sendable (any LocalTransaction) throws -> R
    ) async throws -> R {
        try await base.write { try body(PlantedLocalTransaction(base: $0, bug: bug)) }
    }

    func read<R: Sendable>(
        _ body: @escaping @Sendable (any LocalReader) throws -> R
    ) async throws -> R { try await base.read(body) }

    func scrub() async throws { try await base.scrub() }
}

/// A transaction in which a bug is planted.
private struct PlantedLocalTransaction: ForwardingLocalTransaction {
    let base: any LocalTransaction
    let bug: PlantedBug

    func save(_ bookmark: Bookmark) throws {
        var bookmark = bookmark
        if bug == .bookmarkAhead, bookmark.position > .start {
            bookmark.position = Position(rawValue: bookmark.position.rawValue + 1)
        }
        try base.save(bookmark)
    }

    func returned() throws -> [OutboxEntry] { bug == .losesReturns ? [] : try base.returned() }

    func redactAnswered(of id: RecordID, withReturned: Bool) throws {
        guard bug != .keepsErasedAnswers else { return }
        try base.redactAnswered(of: id, withReturned: withReturned)
    }

    func append(_ entry: OutboxEntry) throws {
        if bug == .dropsCaptures, entry.sequence.rawValue % 9 == 5 { return }
        try base.append(entry)
    }

    func save(_ record: LocalRecord) throws {
        var record = record
        switch bug {
        case .hidesOwnWrites where record.pending > 0:
            record.visible = record.acknowledged.map(\.fields) ?? record.visible
        case .showsFormerValues where record.pending == 0 && record.visible != nil:
            record.visible = try base.record(record.id)?.visible ?? record.visible
        case .keepsHalfAPage:
            let isNew = try base.record(record.id) == nil
            if isNew, record.pending == 0, (record.id.bytes.last ?? 0) % 4 == 1 { return }
        default: break
        }
        try base.save(record)
    }

    func record(_ id: RecordID) throws -> LocalRecord? {
        guard var record = try base.record(id) else { return nil }
        if bug == .movesBaseOnPull, let known = record.acknowledged {
            let next = Revision(rawValue: known.base.revision.rawValue + 1)
            record.acknowledged?.base.revision = next
        }
        return record
    }

    func set(conflicts: [[UInt8]], of id: RecordID) throws {
        if bug == .keepsClosedConflicts, conflicts.isEmpty { return }
        try base.set(conflicts: conflicts, of: id)
    }

    func trim(upTo sequence: SequenceNumber) throws {
        let everything = try base.lastChange()?.sequence ?? .none
        try base.trim(upTo: bug == .trimsTooEarly ? everything : sequence)
    }

    func reopen(
        after sequence: SequenceNumber,
        answeredIn epoch: Epoch
    ) throws -> [RecordID] {
        guard bug == .offersNothingAgain else {
            return try base.reopen(after: sequence, answeredIn: epoch)
        }
        return []
    }

    func eraseEverything(keeping outbox: KeptOutbox?, _ parts: [SealedPart]) throws {
        let isLost = bug == .erasesUnsent
        try base.eraseEverything(keeping: isLost ? nil : outbox, isLost ? [] : parts)
    }

    func save(_ salvage: Salvage) throws {
        if bug != .forgetsCopies { try base.save(salvage) }
    }
}
