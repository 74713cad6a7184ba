/// Two values for one field or group, by authors of whom neither had seen the other's.
public struct Conflict: Hashable, Sendable {
    /// What the two disagree about.
    public enum Kind: Hashable, Sendable {
        /// The values of a field or group.
        case field
        /// Whether the record is there at all: a deletion met an edit.
        case existence
        /// Two valid changes, merged, break a rule.
        case invalid
        /// The record was captured again under an id that had been found to be another one's.
        case redirect
    }

    /// One of the two: what was said, by whom, and when it was observed.
    public struct Side: Hashable, Sendable {
        /// The values of the fields concerned; one that is missing had none.
        public var values: FieldMap
        /// Of sets: the elements that it removed.
        public var removed = FieldMap()
        /// Who said it.
        public var device: DeviceID
        /// When it was observed, in milliseconds since 1970.
        public var time: Int64
        /// By how much that may be wrong, in milliseconds; not known of the standing side.
        public var uncertainty: UInt32 = 0
        /// Where it deletes the record: why.
        public var deletion: Change.Deletion?

        /// One side.
        public init(
            values: FieldMap,
            removed: FieldMap = FieldMap(),
            device: DeviceID,
            time: Int64,
            uncertainty: UInt32 = 0,
            deletion: Change.Deletion? = nil
        ) {
            self.values = values
            self.removed = removed
            self.device = device
            self.time = time
            self.uncertainty = uncertainty
            self.deletion = deletion
        }
    }

    /// What they disagree about.
    public var kind: Kind
    /// The numbers of the fields concerned.
    public var fields: [UInt32]
    /// The policy that decided, or left it to a person.
    public var policy: SchemaMergePolicy
    /// Whether it was decided because a department owns the field.
    public var byAuthority = false
    /// Whether a person has to choose.
    public var isOpen: Bool
    /// What stood when the change came.
    public var standing: Side
    /// What the change said.
    public var proposed: Side
    /// Whether the proposed value replaced the standing one.
    public var proposedWon: Bool

    /// A conflict.
    public init(
        kind: Kind,
        fields: [UInt32],
        policy: SchemaMergePolicy,
        byAuthority: Bool = false,
        isOpen: Bool,
        standing: Side,
        proposed: Side,
        proposedWon: Bool
    ) {
        self.kind = kind
        self.fields = fields
        self.policy = policy
        self.byAuthority = byAuthority
        self.isOpen = isOpen
        self.standing = standing
        self.proposed = proposed
        self.proposedWon = proposedWon
    }
}
