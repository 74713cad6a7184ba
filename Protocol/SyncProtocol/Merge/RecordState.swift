/// A record as the server keeps it: its fields, and who wrote them when.
public struct RecordState: Hashable, Sendable {
    /// The record's id.
    public let id: RecordID
    /// The number of its type.
    public let type: UInt32
    /// How often it was written, 1 for a new one.
    public internal(set) var revision: Revision
    /// Whether only a tombstone travels.
    public internal(set) var isDeleted: Bool
    /// The fields, canonical; a deleted record keeps them, so that it can come back.
    public internal(set) var fields: FieldMap
    /// Who wrote which field.
    public internal(set) var stamps: Stamps

    /// A record as it was stored.
    public init(
        id: RecordID,
        type: UInt32,
        revision: Revision,
        isDeleted: Bool,
        fields: FieldMap,
        stamps: Stamps
    ) {
        self.id = id
        self.type = type
        self.revision = revision
        self.isDeleted = isDeleted
        self.fields = fields
        self.stamps = stamps
    }
}

extension RecordState {
    /// Whether a device's writing is among those that stand.
    public func wasWritten(by device: DeviceID) -> Bool {
        stamps.all.contains { $0.device == device }
    }

    /// Whether somebody else wrote to the record above a base.
    public func holdsOthersWork(than device: DeviceID, above base: Base) -> Bool {
        stamps.holdsWork(of: device, above: base)
    }
}

extension Merged {
    /// Notes that the merged record breaks a rule that neither change broke by itself.
    public mutating func noteInvalid(
        _ violation: Violation,
        standing: RecordState,
        _ change: Change,
        by device: DeviceID
    ) {
        let last = standing.stamps.last(of: [violation.field], in: standing.fields)
        let other = last ?? standing.stamps.first
        conflicts.append(
            Conflict(
                kind: .invalid,
                fields: [violation.field],
                policy: .review,
                isOpen: true,
                standing: Conflict.Side(
                    values: standing.fields.keeping([violation.field]),
                    device: other.device,
                    time: other.time
                ),
                proposed: Conflict.Side(
                    values: change.fields,
                    device: device,
                    time: change.observedAt,
                    uncertainty: change.uncertainty
                ),
                proposedWon: true
            )
        )
        kind = .conflicted
    }
}
