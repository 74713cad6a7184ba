/// What one device wants done to one record, as it was captured.
///
/// The fields are canonical. Of a set, `fields` holds the elements added and `removed` those
/// removed; a group that is touched is carried whole, absent members among the `clears`.
public struct Change: Hashable, Sendable {
    /// Why a record is deleted.
    public struct Deletion: Hashable, Sendable {
        /// 1 captured by mistake, 2 duplicate, 3 on request of the person, 99 other.
        public var reason: UInt32
        /// The reason in words.
        public var text: String

        /// A reason.
        public init(reason: UInt32, text: String) {
            self.reason = reason
            self.text = text
        }
    }

    /// The record concerned.
    public var record: RecordID
    /// The number of its type.
    public var type: UInt32
    /// What the author had seen of the record.
    public var base: Base
    /// Fields whose base is another one [B-02].
    public var fieldBases: [UInt32: Base] = [:]
    /// The fields set, and the elements added.
    public var fields = FieldMap()
    /// The elements removed.
    public var removed = FieldMap()
    /// The fields that lose their value, ascending.
    public var clears: [UInt32] = []
    /// When it was observed, in milliseconds since 1970, after what its author had seen [T-01].
    public var observedAt: Int64
    /// By how much that may be wrong, in milliseconds.
    public var uncertainty: UInt32 = 0
    /// The number of the grant that the device had last applied.
    public var grant: UInt64 = 0
    /// The version of the schema that the device validated by.
    public var schema: UInt32 = Schema.version
    /// Set where the change deletes the record.
    public var deletion: Deletion?
    /// Whether the change takes a deletion back.
    public var undelete = false

    /// A change that touches nothing yet.
    public init(record: RecordID, type: UInt32, base: Base, observedAt: Int64) {
        self.record = record
        self.type = type
        self.base = base
        self.observedAt = observedAt
    }

    /// Whether the author knew of no such record: the change makes it.
    public var isCreation: Bool { base == .none && deletion == nil }

    /// The numbers of the fields that the change touches, ascending.
    public var touched: [UInt32] {
        if removed.isEmpty, clears.isEmpty { return fields.numbers }
        return Set(fields.numbers + removed.numbers + clears).sorted()
    }

    /// What the author had seen of some fields: the earliest of their bases.
    func base(of numbers: [UInt32]) -> Base {
        guard !fieldBases.isEmpty else { return base }
        return numbers.compactMap { fieldBases[$0] }.min() ?? base
    }
}

/// Who wants a change done.
public struct Author: Hashable, Sendable {
    /// The device that signed for it.
    public var device: DeviceID
    /// Who holds the device.
    public var name: String
    /// The department whose fields this author owns; `nil` for a coordinator.
    public var department: String?

    /// An author.
    public init(device: DeviceID, name: String, department: String? = nil) {
        self.device = device
        self.name = name
        self.department = department
    }
}
