public import SyncProtocol

/// Whoever asks the server for something other than a sync: what they are, and where.
public struct Principal: Hashable, Sendable {
    /// The device by whose token they came; `nil` for whoever sits at the server.
    public var device: DeviceID?
    /// Their name.
    public var name: String
    /// What they are.
    public var role: Role
    /// The areas in which they may act; `nil` for everywhere.
    public var areas: [AreaCode]?
    /// What of the records there they may see and say; `nil` for everything.
    public var scope: GrantScope?
    /// The number of the device's grant.
    public var grant: UInt64?
    /// Whose changes count as the device's own, up to which number.
    var parts: [Succession.Part] = []

    /// The ids under which the device may have captured; none of whoever sits at the server.
    var names: [DeviceID] = []

    /// Whoever holds a device, by its present grant.
    public init(_ device: StoredDevice) {
        self.device = device.id
        name = device.name
        role = device.role
        areas = device.grant.areas
        scope = device.grant.scope
        grant = device.grant.number
        parts = device.succession.parts
        names = device.names
    }

    /// The operator at the server itself.
    public init(operatorNamed name: String) {
        self.name = name
        role = .operator
    }

    /// Throws `device_suspended` and `device_revoked`: what was asked may have begun before.
    func mustBeInUse(in transaction: some StoreReader) throws {
        try device.flatMap(transaction.device)?.mustBeInUse()
    }

    /// Throws `role_forbidden` where the role may not.
    func check(_ act: Role.Act) throws {
        guard role.may(act) else { throw SyncError(Refusal.forbidden) }
    }

    /// Whether they may see what stands in these areas.
    func sees(_ placements: [Placement]) -> Bool {
        guard let areas else { return true }
        return placements.contains { areas.cover($0.area) }
    }

    // > [A-14] Nothing else of a record is told to its device by any answer, and where a record stands only as far
    // > as the grant's own areas tell.

    /// A record as they may see it; `nil` where they may not.
    func seen(_ record: StoredRecord) -> StoredRecord? {
        guard sees(record.placements) else { return nil }
        guard let scope else { return record }
        guard let type = Schema.current.type(record.state.type),
            let fields = scope.masked(record.state.fields, of: type)
        else { return nil }
        let places = (areas ?? []).filter { area in
            record.placements.contains { area.contains($0.area) }
        }
        return StoredRecord(
            state: record.state.saying(fields),
            placements: places.map { Placement(area: $0, position: .start) },
            openConflicts: record.openConflicts
        )
    }

    /// Whether they may see a conflict of a record that they see.
    private func sees(_ entry: ConflictEntry) -> Bool {
        guard let scope else { return true }
        guard let type = Schema.current.type(entry.type) else { return false }
        return scope.coversWhole(type)
            || (entry.conflict.kind == .field
                && entry.conflict.fields.allSatisfy { scope.covers($0, of: type) })
    }

    /// A conflict as they may see it; `nil` where they may not.
    ///
    /// What people wrote about a record of which they see a part is left out: it may tell the rest.
    func seen(_ entry: ConflictEntry) -> ConflictEntry? {
        guard sees(entry) else { return nil }
        guard let scope, let type = Schema.current.type(entry.type), !scope.coversWhole(type) else {
            return entry
        }
        var entry = entry
        entry.closing?.reason = ""
        entry.conflict.standing.deletion?.text = ""
        entry.conflict.proposed.deletion?.text = ""
        return entry
    }

    /// Whether they may see what a change says.
    func sees(_ stored: StoredChange) -> Bool {
        guard let scope else { return true }
        guard let change = try? Change(payload: stored.payload, epoch: stored.epoch),
            let type = Schema.current.type(change.type)
        else { return false }
        return scope.covers(change, of: type)
    }
}

extension SyncError {
    /// A refusal, where nobody waits for an outcome.
    init(_ refusal: Refusal) {
        self.init(
            Code(rawValue: refusal.code),
            refusal.message,
            hint: "未作任何改动。 Nothing was changed.",
            subject: refusal.field == 0 ? nil : String(refusal.field)
        )
    }

    static let recordNotFound = SyncError(
        "record_not_found",
        "没有这条记录 There is no such record in these areas",
        hint: "请核对编号；责任区以外的记录不显示。 Check the id; a record outside the areas is not shown.",
        subject: "id"
    )
}
