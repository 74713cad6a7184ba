internal import SyncProtocol

/// What becomes of returned changes when another says what they said.
extension IntakeDesk {
    // > [V-05] A change may name returned changes of its device that it takes the place of. Once it is
    // > accepted, they are mended.
    //
    // A deletion that did not come to pass says nothing in the place of anything, but for the same wish: that was
    // heard, and somebody will decide.
    func settleMended(by change: Change, _ arrival: Arrival, isUndecided: Bool) throws {
        // The latest first: one that had taken the place of others hands those on.
        var mending = [change]
        for sequence in change.mends.sorted(by: >) {
            guard let returned = try returned(sequence, of: arrival.device),
                try isMendable(returned, of: change.record, by: mending)
            else { continue }
            if isUndecided, returned.parsed?.deletion == nil { continue }
            if returned.settlement == nil { try settle(returned) }
            if let mended = returned.parsed, !mended.handedOn.isEmpty { mending.append(mended) }
        }
        guard !isUndecided else { return }
        // What the same hand said again of the same fields was said in the other's place.
        let earlier = try records.heritage?.returned(to: change.record) ?? []
        for returned in try earlier + transaction.returned(of: arrival.device, to: change.record) {
            guard returned.change.sequence < arrival.sequence, let earlier = returned.parsed,
                let type = judge.schema.type(change.type), earlier.isOvertaken(by: change, of: type)
            else { continue }
            try settle(returned)
        }
    }

    private func returned(
        _ sequence: SequenceNumber,
        of device: DeviceID
    ) throws -> ReturnedChange? {
        guard let heritage = records.heritage else {
            return try transaction.returned(sequence, of: device)
        }
        return try heritage.returned(sequence)
    }

    /// Whether one of these changes, the first of which was accepted, may take the place of a returned one: it names
    /// it and says it again, of the same record or in the place of one that was never made, under a wrong number.
    private func isMendable(
        _ returned: ReturnedChange,
        of record: RecordID,
        by mending: [Change]
    ) throws -> Bool {
        guard let id = returned.change.record, let earlier = returned.parsed,
            let type = judge.schema.type(mending[0].type)
        else { return true }
        guard earlier.type == type.number else { return false }
        let isSaid = try mending.contains { change in
            guard change.mends.contains(returned.change.sequence) else { return false }
            return try change.isSaidInstead(of: earlier, type)
                || change.isSaidInstead(of: earlier, type, besides: saidSince(returned.change))
        }
        // Somebody else may have made the record of the wrong number meanwhile.
        return try isSaid && (id == record || earlier.isCreation || records.record(id) == nil)
    }

    /// The fields that a device has said of a record, under whatever key, and the server accepted, since a change.
    private func saidSince(_ change: StoredChange) throws -> [UInt32] {
        let range = change.sequence.next...SequenceNumber(rawValue: .max >> 1)
        let since =
            try records.heritage?.changes(in: range)
            ?? transaction.changes(of: change.device, in: range)
        return
            since
            .filter { $0.record == change.record && $0.outcome.kind != .quarantined }
            .compactMap { try? Change(payload: $0.payload, epoch: $0.epoch) }
            .flatMap(\.touched)
    }

    private func settle(_ returned: ReturnedChange) throws {
        let settlement = Settlement(.mended, by: judge.actor.author.name, at: now)
        try transaction.settle(returned.id, by: settlement)
    }
}

extension ReturnedChange {
    /// The change, as far as its bytes parse.
    fileprivate var parsed: Change? { try? Change(payload: change.payload, epoch: change.epoch) }
}
