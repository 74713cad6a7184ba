public import SyncProtocol

/// One person, two numbers; and what a record was before.
extension ResidenceClient {
    // > [R-01] A record that was captured under a wrong or an old number is redirected to the right one.

    /// Corrects the number of a person: captures them under the right one, and points the old record there.
    ///
    /// `change` is given what the person sees and returns it with the right number. Returns the new record.
    /// Throws `identity_unchanged`, or the rule that the record would break.
    @discardableResult
    public func reidentify(
        _ id: RecordID,
        _ change: @escaping @Sendable (FieldMap, RecordType) throws -> FieldMap
    ) async throws -> RecordID {
        try await writing { desk in
            let (old, type) = try desk.held(id)
            guard let seen = old.visible else { throw SyncError.recordUnknown(id) }
            let wanted = try change(seen, type).canonical(as: type)
            guard desk.leaves(old, wanted, type),
                let natural = desk.profile.naturalID(of: wanted, as: type)
            else { throw SyncError.identityUnchanged }
            let target = try desk.target(of: natural)
            guard old.acknowledged != nil || old.returned == 0 || old.pending > 0 else {
                // The server never had it under the wrong number: there is nothing to point there.
                try desk.move(old, to: target, wanted, type)
                return (target, [id, target])
            }
            try desk.keepRight(wanted, at: target, over: old, type)
            try desk.point(id, to: target)
            return (target, [id, target])
        }
    }

    /// Points a record to another one that is the same thing.
    ///
    /// Throws `record_unknown`, `redirect_target_unknown` and `redirect_circular`.
    public func reidentify(_ id: RecordID, as target: RecordID) async throws {
        try await write { desk in
            try desk.point(id, to: target)
            return [id, target]
        }
    }

    // > [R-04] A split takes a redirect back.

    /// Takes back that a record was another one.
    ///
    /// Throws `record_not_redirected`.
    public func split(_ id: RecordID) async throws {
        try await write { desk in
            let (record, type) = try desk.held(id)
            guard let target = record.redirect else {
                throw SyncError(
                    "record_not_redirected",
                    "该记录没有并入其他记录 This record points to no other one",
                    hint: "未作任何改动。 Nothing was changed."
                )
            }
            try desk.act(on: record, type) { $0.redirect(to: nil) }
            return [id, target]
        }
    }

    /// Pairs of people among those that the device holds who may be the same, the likeliest first.
    ///
    /// Works offline; they are proposed, never merged by themselves.
    public func duplicates(limit: Int = 100) async throws -> [DuplicatePair] {
        try await mustHaveLease()
        let (rules, schema) = (rules, schema)
        return try await store.read { transaction in
            try schema.types.flatMap { type -> [DuplicatePair] in
                guard var finder = rules.duplicateFinder(for: type) else { return [] }
                var offset = 0
                while true {
                    let rows = try transaction.records(
                        ofType: type.number,
                        in: nil,
                        offset: offset,
                        limit: 1000
                    )
                    for record in rows { finder.add(record.id, record.visible ?? FieldMap()) }
                    offset += rows.count
                    if rows.count < 1000 { break }
                }
                return finder.pairs(limit: limit)
            }
        }
    }

    // MARK: - Deletions, history, receipts

    // > [M-16] An edit that says so takes a deletion back that its author had seen.

    /// Takes a deletion back.
    ///
    /// Throws `record_unknown`, and `record_not_deleted` where it is there.
    public func undelete(_ id: RecordID) async throws {
        try await write { desk in
            let (record, type) = try desk.held(id)
            guard record.visible == nil, record.redirect == nil else {
                throw SyncError(
                    "record_not_deleted",
                    "该记录没有被删除 This record is not deleted",
                    hint: "未作任何改动。 Nothing was changed."
                )
            }
            try desk.act(on: record, type) { $0.undeletion }
            return [id]
        }
    }

    /// How a record came to look as it does, as the server knows it; needs the network.
    ///
    /// `moment` is a revision's number or an instant as RFC 3339: then the record as it was is told, too.
    public func history(of id: RecordID, at moment: String? = nil) async throws -> RecordHistory {
        guard let profile = try await profile() else { throw SyncError.notEnrolled }
        try await mustHaveLease()
        let plain = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.:"
        let query = (moment ?? "").map { plain.contains($0) ? String($0) : "%2B" }.joined()
        let path = "/v1/records/\(id)/history" + (moment == nil ? "" : "?at=\(query)")
        do {
            return try await document(path, from: profile.address)
        } catch let failure as TransportFailure {
            // > [T-02] A token whose time is off is answered with the server's time, and signed again.
            guard failure.error.code == "token_time", let time = failure.serverTime else {
                throw failure.error
            }
            try await store.setClock(to: time, at: environment.now())
            return try await translating { try await document(path, from: profile.address) }
        }
    }

    private func document(_ path: String, from server: ServerAddress) async throws -> RecordHistory
    {
        let json = try await transport.read(path, from: server, token: try await token())
        return try RecordHistory(json: json)
    }

    /// The server's last word on what it has of this device.
    public func lastReceipt() async throws -> SyncReceipt? {
        try await store.read { try $0.lastReceipt() }
    }
}

extension Desk {
    /// Captures what must be there under the right number; the rest is taken in from the old record, each
    /// value with its own author and time.
    fileprivate func keepRight(
        _ wanted: FieldMap,
        at target: RecordID,
        over old: LocalRecord,
        _ type: RecordType
    ) throws {
        let seen = old.visible ?? FieldMap()
        let changed = type.fields.filter { wanted[$0.number] != seen[$0.number] }
        let units = { (fields: [RecordField]) in Set(fields.flatMap { type.unit(of: $0.number) }) }
        let clock = try overlayClock(of: old)
        if let known = try transaction.record(target)?.visible {
            // Known already: what was corrected beside the number is said there.
            let corrected = wanted.keeping(units(changed).subtracting(type.identityUnit))
            try put(known.merging(corrected), at: target, type: type, notBefore: clock &+ 1)
            return
        }
        let kept = type.fields.filter { $0.isRequired || $0.placing != .nothing }
        try put(
            wanted.keeping(units(kept + changed)),
            at: target,
            type: type,
            notBefore: clock &+ 1
        )
    }

    /// The latest time that anything this device knows of a record bears.
    private func overlayClock(of record: LocalRecord) throws -> Int64 {
        let own = try transaction.overlay(of: record.id).laid(epoch: profile.epoch)
            .map(\.change.observedAt)
        return max(record.acknowledged?.clock ?? 0, own.max() ?? 0)
    }

    /// Points a record to another one, and shows there at once what this one said.
    func point(_ id: RecordID, to named: RecordID) throws {
        let (record, type) = try held(id)
        let target = try target(of: named)
        guard target != id else {
            throw SyncError(
                "redirect_circular",
                "两条记录不能互相并入 The other record points back to this one",
                hint: "请先用 residence split 拆分。 Split that first."
            )
        }
        // > [R-05] A redirect to an unknown, a deleted or an other type's record, or in a circle, is
        // > refused.
        guard record.visible != nil else { throw SyncError.recordUnknown(id) }
        guard let found = try transaction.record(target), found.visible != nil,
            found.type == type.number
        else {
            throw SyncError(
                "redirect_target_unknown",
                "本设备没有可并入的同类记录 This device holds no such record of the same type",
                hint: "用 residence list 查看。 residence list shows what it holds.",
                subject: "--as"
            )
        }
        try act(on: record, type) { $0.redirect(to: target) }
    }
}

extension SyncError {
    fileprivate static let identityUnchanged = SyncError(
        "identity_unchanged",
        "证件号码没有变化 The number is the one that the record has already",
        hint: "residence reidentify 编号 证件号码=… 或 --as 另一编号。 Name another number or record."
    )
}
