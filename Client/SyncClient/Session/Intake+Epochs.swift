internal import SyncProtocol

// What a device does when the server's database was restored.

extension Intake {
    // > [X-02] The device counts its answered changes above the mark as unanswered again, and they lie
    // > over what arrives.

    /// Enters the epoch of the answer, which brings nothing else; returns the records that have changes
    /// to offer again.
    func enter(_ profile: inout DeviceProfile) throws -> Set<RecordID> {
        let reopened = try transaction.reopen(
            after: response.highWater,
            answeredIn: profile.epoch
        )
        try transaction.forgetBookmarks()
        profile.bookmarkToken = nil
        profile.epoch = response.epoch
        profile.highWater = response.highWater.rawValue
        profile.settlements = nil
        profile.mustProve = nil
        profile.isEntering = true
        if profile.serverKey != nil, let receipt = response.receipt {
            try transaction.save(receipt)
        }
        for id in reopened { try lay(id) }
        return Set(reopened)
    }

    // > [X-04] A copy of an earlier epoch that the server does not give again is kept aside.

    /// Keeps what the server had said of a record in an earlier epoch, unless it says the same now.
    func setAside(
        _ record: LocalRecord,
        unlessSaying fields: FieldMap? = nil,
        _ copy: RecordCopy? = nil
    ) throws {
        guard let known = record.acknowledged, known.base.epoch < response.epoch,
            known.redirect == nil
        else { return }
        let isSame =
            copy.map { $0.isDeleted == known.isDeleted && $0.isErased == known.isErased } ?? false
        guard !isSame || (!known.isDeleted && fields != known.fields) else { return }
        try transaction.save(Salvage(id: record.id, type: record.type, copy: known))
    }

    /// Whether the server is behind what this device has read of an area: something of it was lost.
    func isBehind(_ page: AreaPage, _ bookmarks: [Bookmark]) -> Bool {
        bookmarks.contains { $0.area == page.area && $0.position > max(page.floor, page.position) }
    }

    /// Keeps every copy of an area aside: what is given again is not offered.
    func setAsideAll(in area: AreaCode) throws {
        for record in try transaction.records(standingIn: area) {
            guard let known = record.acknowledged, known.redirect == nil else { continue }
            try transaction.save(Salvage(id: record.id, type: record.type, copy: known))
        }
    }

    // > [X-04] It is offered as a recovered change once every area was read.

    /// Offers the copies that the server has not given again; what others refer to comes first.
    func offerSalvage() throws -> Set<RecordID> {
        for record in try transaction.records(before: response.epoch) { try setAside(record) }
        let order = Dictionary(
            uniqueKeysWithValues: schema.types.enumerated().map { ($1.number, $0) }
        )
        let salvaged = try transaction.salvaged().sorted {
            (order[$0.type] ?? .max, $0.id) < (order[$1.type] ?? .max, $1.id)
        }
        var offered: Set<RecordID> = []
        for salvage in salvaged where try offer(salvage) { offered.insert(salvage.id) }
        try transaction.forgetSalvage()
        return offered
    }

    /// Offers a copy, unless there is nothing in it by now; returns whether it did.
    ///
    /// With `unlessGiven`, what the server has given since tells whether there is.
    func offer(_ salvage: Salvage, unlessGiven: Bool = true) throws -> Bool {
        guard let type = schema.type(salvage.type) else { return false }
        let copy = salvage.copy
        let held = try transaction.record(salvage.id)
        let given = held?.acknowledged.flatMap {
            unlessGiven && $0.base.epoch == response.epoch ? $0 : nil
        }
        // A tombstone of something that the server never had says nothing; nor does what it says itself.
        if copy.isDeleted, given == nil || given?.isDeleted == true { return false }
        if let given, given.redirect != nil || given.isErased { return false }
        if let given, !copy.isDeleted, !given.isDeleted, given.fields == copy.fields {
            return false
        }
        var change = Change(
            record: salvage.id,
            type: type.number,
            base: copy.base,
            observedAt: copy.clock
        )
        change.isRecovered = true
        if copy.isDeleted {
            change.deletion = Change.Deletion(
                reason: 99,
                text: copy.isErased
                    ? Change.erasedBefore : "恢复前已删除 deleted before the restore"
            )
        } else {
            change.fields = copy.fields
        }
        try desk.offer(change, of: held ?? LocalRecord(id: salvage.id, type: type.number))
        return true
    }
}
