public import SyncProtocol

/// What the server knows of a device.
public struct StoredDevice: Hashable, Sendable {
    /// Its id, which follows from its key.
    public var id: DeviceID
    /// Its Ed25519 public key, 32 bytes.
    public var publicKey: [UInt8]
    /// What the operator calls it, and who holds it.
    public var name: String
    /// The department that speaks through it; `nil` for a coordinator.
    public var department: String?
    /// Its assignments, the first with number 1; the last one holds.
    public var grants: [Grant]
    /// The number of its last change that the server has.
    public var highWater = SequenceNumber.none
    /// The head of its chain there.
    public var chain: [UInt8]
    /// The latest grant under which it captured anything that it has sent.
    public var lastGrant: UInt64 = 0
    /// When it was enrolled, in milliseconds since 1970.
    public var enrolledAt: Int64
    /// When it last asked for anything; `nil` before it did.
    public var lastContact: Int64?
    /// Its clock minus the server's at its last sync, in milliseconds.
    public var clockOffset: Int64 = 0
    /// What its program calls itself.
    public var software: String
    /// When its chain was first found not to fit; `nil` while it does.
    public var forkedAt: Int64?
    /// The number of its last change that a backup has.
    public var backedUp = SequenceNumber.none
    /// Numbers that nobody has any more.
    public var holes: [Hole] = []
    /// The grant that it says it had, while it waits for the operator to confirm it.
    public var claimed: Grant?
    /// The epoch in which it last synced; none before it did.
    public var lastEpoch = Epoch.none
    /// How many changes waited on it when it last synced.
    public var pending: UInt64 = 0
    /// When the operator suspended it; `nil` while it may sync.
    public var suspendedAt: Int64?
    /// When, and how, the operator revoked it; `nil` while it is in use.
    public var revoked: Revoked?
    /// Whose chain it goes on from, and whether it was re-keyed itself.
    public var succession = Succession()
    /// How far it has read very many areas, where it shows that by a token [F-11].
    public var vector: [UInt8]?
    /// The number of the last announcement that it says it has; 0 for none.
    public var announced: UInt64 = 0

    /// The end of a device.
    public struct Revoked: Hashable, Codable, Sendable {
        /// When, in milliseconds since 1970.
        public var at: Int64
        /// Whether what it seals is taken when it delivers it.
        public var takesOutbox: Bool
        /// When it was last given the order; `nil` before it was.
        public var heardAt: Int64?

        /// An end that the device has not heard of.
        public init(at: Int64, takesOutbox: Bool) {
            self.at = at
            self.takesOutbox = takesOutbox
        }
    }

    /// A device that was just enrolled.
    public init(
        id: DeviceID,
        publicKey: [UInt8],
        name: String,
        department: String? = nil,
        grants: [Grant],
        chain: [UInt8],
        enrolledAt: Int64,
        software: String
    ) {
        self.id = id
        self.publicKey = publicKey
        self.name = name
        self.department = department
        self.grants = grants
        self.chain = chain
        self.enrolledAt = enrolledAt
        self.software = software
    }

    /// The grant that holds now.
    public var grant: Grant { grants.last ?? Grant(number: 0, areas: []) }

    /// What whoever holds it is: a department, or what the present grant names.
    public var role: Role { role(of: grant) }

    /// The areas of the grant with a number; the present ones where the number is unknown.
    func areas(ofGrant number: UInt64) -> [AreaCode] {
        (grants.first { $0.number == number } ?? grant).areas
    }

    /// The role of the grant with a number; the present one where the number is unknown.
    func role(ofGrant number: UInt64) -> Role {
        role(of: grants.first { $0.number == number } ?? grant)
    }

    /// What of the records the grant with a number covers; `nil` for everything.
    func scope(ofGrant number: UInt64) -> GrantScope? {
        (grants.first { $0.number == number } ?? grant).scope
    }

    // > [A-14] Such a device follows no feed: it is told of no area, and reads by listing.

    /// The areas of which it holds a copy.
    var feeds: [AreaCode] { role.may(.follow, within: grant.scope) ? grant.areas : [] }

    /// The grant as the device hears of it.
    var grantTold: Grant {
        Grant(
            number: grant.number,
            areas: feeds,
            role: department == nil ? grant.role : .department
        )
    }

    private func role(of grant: Grant) -> Role { department == nil ? grant.role : .department }

    /// Throws `device_suspended`, `device_revoked` and `device_rekeyed`.
    func mustBeInUse() throws {
        guard succession.rekeyedAt == nil else { throw SyncError.deviceRekeyed }
        guard suspendedAt == nil else { throw SyncError.deviceSuspended }
        guard revoked == nil else { throw SyncError.deviceRevoked }
    }

    var author: Author { Author(device: id, name: name, department: department) }
}

/// A device that is expected: whoever brings the code becomes it.
public struct Enrolment: Hashable, Sendable {
    /// The hash of the one-time code.
    public var codeHash: [UInt8]
    /// What the device will be called.
    public var name: String
    /// What it may hold.
    public var areas: [AreaCode]
    /// The department that will speak through it; `nil` for a coordinator.
    public var department: String?
    /// What whoever holds it will be.
    public var role: Role
    /// What of the records it will see; `nil` for everything.
    public var scope: GrantScope?
    /// When the code stops working, in milliseconds since 1970.
    public var expiresAt: Int64
    /// The device that brought the code; `nil` while it is unused.
    public var usedBy: DeviceID?

    /// An enrolment.
    public init(
        codeHash: [UInt8],
        name: String,
        areas: [AreaCode],
        department: String? = nil,
        role: Role = .coordinator,
        scope: GrantScope? = nil,
        expiresAt: Int64,
        usedBy: DeviceID? = nil
    ) {
        self.codeHash = codeHash
        self.name = name
        self.areas = areas
        self.department = department
        self.role = role
        self.scope = scope
        self.expiresAt = expiresAt
        self.usedBy = usedBy
    }
}
