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

        /// Whether it is one of those that there are; another one has to be told in words [M-15].
        public var isGiven: Bool {
            (1...3).contains(reason) || (reason == 99 && !text.allSatisfy(\.isWhitespace))
        }
    }

    /// What a person chose of the two sides of a conflict.
    public struct Resolution: Hashable, Sendable {
        /// Which side.
        public enum Choice: Int, Hashable, CaseIterable, Sendable {
            case standing = 1
            case proposed = 2
            /// A third value.
            case other = 3
        }

        /// The server's number for the conflict.
        public var conflict: UInt64
        /// Which side.
        public var choice: Choice
        /// Why, in words.
        public var reason: String

        /// A choice.
        public init(conflict: UInt64, choice: Choice, reason: String = "") {
            self.conflict = conflict
            self.choice = choice
            self.reason = reason
        }
    }

    /// Who asked the server's own device for a change.
    public struct Principal: Hashable, Sendable {
        /// The device that asked; `nil` for whoever sits at the server.
        public var device: DeviceID?
        /// Who holds it.
        public var name: String

        /// Somebody.
        public init(device: DeviceID?, name: String) {
            self.device = device
            self.name = name
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
    /// Whether the change takes a deletion back [M-16].
    public var undelete = false
    /// Set where the change settles a conflict [C-03].
    public var resolution: Resolution?
    /// The numbers of this device's returned changes that it takes the place of [V-05].
    public var mends: [SequenceNumber] = []
    /// The record that this one is found to be.
    public var redirect: RecordID?
    /// Whether the change takes a redirect back.
    public var split = false
    /// Who asked the server's own device for it.
    public var principal: Principal?
    /// The reason of an erasure by law [E-01]; `nil` of every other change.
    public var erasure: String?
    /// Whether it is no capture but a copy, at its base, that the server no longer has.
    public var isRecovered = false
    /// Where it stood in an earlier epoch, which accepted it; travels beside the change, not in it.
    public var former: Former?

    /// Where a change stood in an epoch that a restore ended.
    public struct Former: Hashable, Sendable {
        /// The epoch, and the record's revision after the change.
        public var place: Base
        /// Whether it met what others had written meanwhile.
        public var wasContested: Bool

        /// A former place.
        public init(place: Base, wasContested: Bool = false) {
            self.place = place
            self.wasContested = wasContested
        }
    }

    /// A change that touches nothing yet.
    public init(record: RecordID, type: UInt32, base: Base, observedAt: Int64) {
        self.record = record
        self.type = type
        self.base = base
        self.observedAt = observedAt
    }

    /// Whether the author knew of no such record: the change makes it.
    public var isCreation: Bool {
        base == .none && deletion == nil && resolution == nil && !isAct && !isRecovered
    }

    /// Whether the change says something about the record as a whole, not about its fields.
    public var isAct: Bool { redirect != nil || split || erasure != nil }

    /// Whether it does nothing but take back what was returned [V-05].
    public var isWithdrawal: Bool {
        touched.isEmpty && !mends.isEmpty && !isAct && !undelete && deletion == nil
            && resolution == nil
    }

    /// Whether it wants two things of which only one can be done.
    ///
    /// A resolution may delete, and choose values; a change that takes a deletion back may edit.
    public var isContradictory: Bool {
        let acts = [redirect != nil, split, erasure != nil, undelete, deletion != nil]
        guard acts.count(where: \.self) <= 1 else { return true }
        if resolution != nil, isAct || undelete { return true }
        return !touched.isEmpty && (isAct || (deletion != nil && resolution == nil))
    }

    /// The words with which a device offers the tombstone of what was erased before a restore.
    public static let erasedBefore =
        "恢复前已依法抹除，请重新抹除 erased by law before the restore: erase it again"

    /// Whether a device says that the record was erased by law before a restore.
    public var saysErased: Bool { isRecovered && deletion?.text == Self.erasedBefore }

    /// The numbers of the fields that the change touches, ascending.
    public var touched: [UInt32] {
        if removed.isEmpty, clears.isEmpty { return fields.numbers }
        return Set(fields.numbers + removed.numbers + clears).sorted()
    }

    /// Whether a later accepted change of the same device says again whatever this one said.
    ///
    /// An act, and what was added to or taken from a set, is said by no other change.
    public func isOvertaken(by later: Change, of type: RecordType) -> Bool {
        guard !isAct, !undelete, deletion == nil, resolution == nil, !touched.isEmpty,
            touched.allSatisfy({ type.field($0)?.isSet != true })
        else { return false }
        let said = Set(later.touched.flatMap { type.unit(of: $0) })
        return said.isSuperset(of: touched)
    }

    /// Whether the change may take the place of a returned one of its device [V-05]: it says every field of
    /// it again, or that one asked for something and captured nothing.
    ///
    /// What was added to or taken from a set need not be said again: it may be what was wrong.
    /// `others` are fields that the same device has said since.
    public func isSaidInstead(
        of returned: Change,
        _ type: RecordType,
        besides others: [UInt32] = []
    ) -> Bool {
        // A capture is whole: what it leaves out, it leaves out knowingly.
        if returned.isRequest || returned.isWithdrawal || deletion != nil { return true }
        if isCreation, returned.isCreation, !isWithdrawal { return true }
        guard !isWithdrawal else { return false }
        let said = Set((touched + others).flatMap { type.unit(of: $0) })
        return returned.touched.allSatisfy { said.contains($0) || type.field($0)?.isSet == true }
    }

    /// Whether it asks for something and captures nothing: refused, it can be taken back by its author.
    public var isRequest: Bool {
        isAct || resolution != nil || deletion != nil || (undelete && touched.isEmpty)
    }

    /// The returned changes whose place another takes with this one's, where this one was returned itself [V-05].
    ///
    /// A refused deletion would have thrown them away: they stand again.
    public var handedOn: [SequenceNumber] { isRequest ? [] : mends }

    /// Whether an accepted change with this outcome was a wish of which somebody has yet to decide [V-05]: it says
    /// nothing in the place of anything but the same wish.
    public func isUndecided(_ kind: Outcome.Kind?) -> Bool {
        deletion != nil && kind == .conflicted
    }

    /// What may stay of the change once it was redacted by law [E-01]: who, when and what kind of act.
    public var redacted: Change {
        var change = Change(record: record, type: type, base: base, observedAt: observedAt)
        change.uncertainty = uncertainty
        change.grant = grant
        change.schema = schema
        change.deletion = deletion.map { Deletion(reason: $0.reason, text: "") }
        change.undelete = undelete
        change.resolution = resolution.map {
            Resolution(conflict: $0.conflict, choice: $0.choice)
        }
        change.mends = mends
        change.redirect = redirect
        change.split = split
        change.principal = principal
        change.erasure = erasure
        change.isRecovered = isRecovered
        return change
    }

    /// What the author had seen of some fields: the earliest of their bases.
    public func base(of numbers: [UInt32]) -> Base {
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
    /// Whether many people act by the device, of whom none has seen what the others did: the server's
    /// own.
    public var isShared: Bool

    /// An author.
    public init(
        device: DeviceID,
        name: String,
        department: String? = nil,
        isShared: Bool = false
    ) {
        self.device = device
        self.name = name
        self.department = department
        self.isShared = isShared
    }

    /// The author as far as a change is theirs: whoever offers a copy speaks for nobody.
    public func offering(_ change: Change) -> Author {
        guard change.isRecovered else { return self }
        return Author(device: device, name: name, isShared: true)
    }
}
