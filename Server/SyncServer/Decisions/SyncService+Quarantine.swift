internal import Foundation
public import SyncProtocol
internal import SyncTrust

/// One page of the quarantine.
public struct QuarantinePage: Sendable {
    /// The changes, the oldest first, with the names of those who sent them.
    public var entries: [(returned: ReturnedChange, author: String)] = []
    /// Behind which the next page begins; `nil` on the last one.
    public var next: UInt64?

    /// A page without entries.
    public init() {}

    /// The page as people and scripts read it: a `QuarantineList` of `views.proto`, in JSON.
    public var json: [UInt8] {
        QuarantineDocument.json(
            list: entries.map { $0.returned.document(by: $0.author) },
            next: next.map { String($0) } ?? ""
        )
    }
}

extension ReturnedChange {
    /// The change as people and scripts read it; `author` is who sent it.
    public func document(by author: String) -> QuarantineDocument {
        QuarantineDocument(
            id: id,
            device: change.device,
            author: author,
            outcome: change.outcome,
            record: change.record,
            receivedAt: change.receivedAt,
            payload: change.payload,
            settlement: settlement
        )
    }
}

extension SyncService {
    // > [V-06] A returned change is kept whole until it is mended, or discarded by a reviewer with a
    // > reason. Its device hears of either at its next sync.

    /// Changes in quarantine that somebody may see, the oldest first.
    ///
    /// Those of their own device and those that were handed over to it [O-02]; a reviewer those of every
    /// device whose areas are all theirs.
    public func quarantine(
        for principal: Principal,
        unsettledOnly: Bool = true,
        after id: UInt64 = 0,
        limit: Int = 100
    ) async throws -> QuarantinePage {
        let limit = max(1, min(limit, limits.rowsPerPage))
        let page = try await store.read { transaction in
            var page = QuarantinePage()
            let handovers = try transaction.handovers()
            var cursor = id
            while page.entries.count <= limit {
                let rows = try transaction.returned(
                    after: cursor,
                    unsettledOnly: unsettledOnly,
                    limit: limit + 1
                )
                for returned in rows {
                    guard let device = try transaction.device(returned.change.device),
                        principal.sees(returned, by: device, handovers)
                    else { continue }
                    page.entries.append((returned, device.name))
                }
                guard rows.count > limit, let last = rows.last else { break }
                cursor = last.id
            }
            if page.entries.count > limit {
                page.entries.removeSubrange(limit...)
                page.next = page.entries.last?.returned.id
            }
            return page
        }
        if !page.entries.isEmpty {
            let records = page.entries.compactMap(\.returned.change.record)
            await note(.returned, records, count: page.entries.count, by: principal)
        }
        return page
    }

    /// One change in quarantine.
    ///
    /// Throws `quarantine_not_found`.
    public func returned(
        _ id: UInt64,
        for principal: Principal
    ) async throws -> (returned: ReturnedChange, author: String) {
        let found = try await store.read { transaction in
            try Self.returned(id, for: principal, in: transaction)
        }
        let record = found.returned.change.record
        await note(.returned, record.map { [$0] } ?? [], count: 1, by: principal)
        return found
    }

    private static func returned(
        _ id: UInt64,
        for principal: Principal,
        in transaction: some StoreReader
    ) throws -> (returned: ReturnedChange, author: String) {
        guard let returned = try transaction.returned(id),
            let device = try transaction.device(returned.change.device),
            try principal.sees(returned, by: device, transaction.handovers())
        else {
            throw SyncError(
                "quarantine_not_found",
                "没有这条退回的变更 There is no such returned change",
                hint: "用 GET /v1/quarantine 查看。 GET /v1/quarantine lists them.",
                subject: "id"
            )
        }
        return (returned, device.name)
    }

    private static func unsettled(
        _ id: UInt64,
        for principal: Principal,
        heirsMay: Bool = false,
        in transaction: some StoreReader
    ) throws -> ReturnedChange {
        let returned = try returned(id, for: principal, in: transaction).returned
        let isTheirs =
            try heirsMay && transaction.handovers().isHeir(principal.names, of: returned)
        if !isTheirs { try principal.check(.settle) }
        guard returned.settlement == nil else {
            throw SyncError(
                "quarantine_settled",
                "这条退回的变更已经处理 This returned change was mended or discarded already",
                hint: "未作任何改动。 Nothing was changed.",
                subject: "id"
            )
        }
        return returned
    }

    /// Sends a returned change again with some fields mended, by the server's own device.
    ///
    /// Throws `quarantine_not_found`, `quarantine_settled`, `role_forbidden`, or what the mended change
    /// still breaks; then nothing was changed.
    public func mend(
        _ id: UInt64,
        _ request: MendRequest,
        for principal: Principal
    ) async throws -> ActResult {
        try await act(for: principal, mending: id) { transaction in
            // > [O-02] Whoever was given somebody's work sees what was returned to them, and may mend it.
            let returned = try Self.unsettled(
                id,
                for: principal,
                heirsMay: true,
                in: transaction
            )
            guard
                var change = try? Change(
                    payload: returned.change.payload,
                    epoch: returned.change.epoch
                )
            else { throw SyncError(Refusal.malformed) }
            let type = Schema.current.type(change.type)
            guard request.fields.isEmpty || request.type == change.type else {
                throw SyncError.bodyOfOtherType
            }
            let cleared = try request.clears.map { name in
                guard let field = type?.field(named: name) else {
                    throw SyncError.fieldUnknown(name)
                }
                return field
            }
            let seen = change.fields
            change.fields = seen.merging(request.fields).clearing(cleared.map(\.number))
            // Of a set nothing is cleared: what was to be added is not added.
            let emptied = cleared.filter { !$0.isSet }.map(\.number)
            let isNew = try transaction.records([change.record]).isEmpty
            change.clears = isNew ? [] : Set(change.clears + emptied).sorted()
            if isNew, let type {
                change.record = try Self.rightID(
                    of: change,
                    seen,
                    type,
                    returned,
                    identity.naturalKey,
                    in: transaction
                )
            }
            change.mends = []
            if change.isRecovered {
                // Somebody has looked at the copy: it speaks for them now.
                let standing = try transaction.records([change.record])[change.record]
                let seen = Base(
                    epoch: try transaction.epoch(),
                    revision: standing?.state.revision ?? .none
                )
                change.isRecovered = false
                change.base = standing == nil ? .none : seen
            }
            return change
        }
    }

    /// The id under which a mended creation is made: that of its right number.
    ///
    /// Throws `identity_fixed` where other returned changes of the device refer to the wrong one: those
    /// follow on the device alone.
    private static func rightID(
        of change: Change,
        _ seen: FieldMap,
        _ type: RecordType,
        _ returned: ReturnedChange,
        _ key: NaturalKey,
        in transaction: some StoreReader
    ) throws -> RecordID {
        let unit = type.identityUnit
        guard !unit.isEmpty, change.fields.keeping(unit) != seen.keeping(unit),
            key.id(of: seen, as: type) == change.record,
            let right = key.id(of: change.fields, as: type)
        else { return change.record }
        var last: UInt64 = 0
        while true {
            let page = try transaction.returned(after: last, unsettledOnly: true, limit: 500)
            let waits = page.contains { other in
                other.id != returned.id && other.change.device == returned.change.device
                    && other.change.payload.contains(change.record.bytes)
            }
            guard !waits else { throw SyncError.identityFixed }
            guard let end = page.last else { return right }
            last = end.id
        }
    }

    /// Throws a returned change away, with a reason; the change itself stays in the history.
    ///
    /// Throws `quarantine_not_found`, `quarantine_settled`, `role_forbidden` and `reason_missing`.
    public func discard(_ id: UInt64, reason: String, for principal: Principal) async throws {
        guard !reason.allSatisfy(\.isWhitespace) else {
            throw SyncError(
                "reason_missing",
                "请说明原因 Say why it is thrown away",
                hint: "其作者会看到该说明。 Its author will read this.",
                subject: "reason"
            )
        }
        let now = clock()
        try await store.write { transaction in
            try principal.mustBeInUse(in: transaction)
            _ = try Self.unsettled(id, for: principal, in: transaction)
            try transaction.settle(
                id,
                by: Settlement(.discarded, by: principal.name, reason: reason, at: now)
            )
        }
    }
}

extension SyncError {
    fileprivate static func fieldUnknown(_ name: String) -> SyncError {
        SyncError(
            "value_unfit",
            "没有这个字段 There is no such field",
            hint: "字段名如 document_number。 A field's name, as in document_number.",
            subject: String(name.prefix(40))
        )
    }

    fileprivate static let identityFixed = SyncError(
        "identity_fixed",
        "还有退回的变更引用该记录 Other returned changes refer to the record under this number",
        hint: "请采集人在设备上用 residence mend 更正号码。 Have its author mend the number on the device."
    )
}

extension Principal {
    /// Whether they may see what was returned to a device, which may have been handed over to them.
    fileprivate func sees(
        _ returned: ReturnedChange,
        by device: StoredDevice,
        _ handovers: [Handover]
    ) -> Bool {
        guard sees(returned.change) else { return false }
        return sees(returned, by: device) || handovers.isHeir(names, of: returned)
    }

    private func sees(_ returned: ReturnedChange, by device: StoredDevice) -> Bool {
        if device.id == self.device { return true }
        let sequence = returned.change.sequence.rawValue
        if parts.first(where: { sequence <= $0.last })?.device == device.id { return true }
        guard role.may(.settle) else { return false }
        guard let areas else { return true }
        // One that holds nothing any more is of where it was.
        let held = device.grants.last { !$0.areas.isEmpty }?.areas ?? []
        return !held.isEmpty && held.allSatisfy(areas.cover)
    }
}
