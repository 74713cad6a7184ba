internal import SyncProtocol

/// Writes down what a change did to the conflicts of a record.
struct ConflictKeeper {
    let desk: IntakeDesk
    let effect: Effect
    let type: RecordType

    private var author: Author { effect.author ?? desk.judge.actor.author }
    private var transaction: any StoreTransaction { desk.judge.transaction }

    /// Keeps the moves; returns how many conflicts are open now.
    func keep(_ moves: ConflictMoves, of open: [ConflictEntry]) throws -> Int {
        var count = open.count
        for conflict in moves.new {
            try keepNew(conflict)
            if conflict.isOpen { count += 1 }
        }
        for entry in moves.updated {
            var entry = entry
            entry.standingAuthor = try name(of: entry.conflict.standing)
            entry.proposedAuthor = try name(of: entry.conflict.proposed)
            entry.impact = desk.judge.rules.impact(of: entry.conflict, as: type)
            try save(entry)
            desk.judge.records.noteConflict(of: entry.record)
        }
        for entry in moves.closed {
            try save(closed(entry))
            count -= 1
        }
        let parted = open.filter { entry in
            entry.via != nil && entry.via == effect.parts
                && !moves.closed.contains { $0.id == entry.id }
        }
        for entry in parted {
            var entry = entry
            entry.state = .superseded
            entry.conflict.isOpen = false
            try save(closed(entry))
            count -= 1
        }
        return count
    }

    private func keepNew(_ found: Conflict) throws {
        let conflict = try withReason(found)
        let record = effect.merged.record
        var entry = ConflictEntry(
            conflict,
            of: record.id,
            type: record.type,
            at: Base(epoch: desk.judge.epoch, revision: record.revision),
            metAt: desk.now
        )
        entry.standingAuthor = try name(of: conflict.standing)
        entry.proposedAuthor = try name(of: conflict.proposed)
        entry.impact = desk.judge.rules.impact(of: conflict, as: type)
        entry.via = effect.via
        try save(entry)
    }

    private func save(_ entry: ConflictEntry) throws {
        try transaction.save(desk.records.heritage?.asWritten(entry) ?? entry)
    }

    /// A conflict over whether the record is there, with why somebody had deleted it.
    private func withReason(_ conflict: Conflict) throws -> Conflict {
        guard conflict.kind == .existence, conflict.proposed.deletion == nil else {
            return conflict
        }
        var conflict = conflict
        conflict.standing.deletion = try transaction.steps(of: effect.merged.record.id).lazy
            .compactMap { try? Change(payload: $0.change.payload, epoch: $0.change.epoch) }
            .last { $0.deletion != nil && $0.observedAt == conflict.standing.time }?.deletion
        return conflict
    }

    private func closed(_ entry: ConflictEntry) -> ConflictEntry {
        var entry = entry
        let resolution = effect.change.resolution
        entry.closing = ConflictEntry.Closing(
            device: author.device,
            author: effect.change.principal?.name ?? author.name,
            closedAt: desk.now,
            revision: effect.merged.record.revision,
            choice: entry.state == .resolved ? resolution?.choice : nil,
            reason: entry.state == .resolved ? resolution?.reason ?? "" : ""
        )
        return entry
    }

    /// Who held the device of a side when it was said.
    ///
    /// Many people act by the server's own device: whoever asked it for what the side says.
    private func name(of side: Conflict.Side) throws -> String {
        let says = effect.change.fields.keeping(side.values.numbers) == side.values
        let isMine = side.device == author.device && side.time == effect.change.observedAt && says
        if isMine, let principal = effect.change.principal { return principal.name }
        if side.device == author.device, !author.isShared { return author.name }
        if side.device == desk.judge.server, let name = try principal(of: side) { return name }
        return try transaction.device(side.device)?.name ?? ""
    }

    private func principal(of side: Conflict.Side) throws -> String? {
        let asked = try transaction.steps(of: effect.merged.record.id).reversed()
            .compactMap { step -> Change? in
                guard step.change.device == side.device,
                    let change = try? Change(payload: step.change.payload, epoch: step.change.epoch)
                else { return nil }
                let times = [
                    change.observedAt, change.timeOfCorrection(at: step.change.receivedAt),
                ]
                return times.contains(side.time) ? change : nil
            }
        // Two may have asked in one millisecond: the one who said it.
        let said = asked.first { $0.fields.keeping(side.values.numbers) == side.values }
        return (said ?? asked.first)?.principal?.name
    }
}
