public import SyncProtocol
internal import SyncTrust

/// Who a device is, and what it knows of its server.
public struct DeviceProfile: Codable, Sendable {
    /// The server's address, `http://host:port`.
    public var server: String
    /// The fingerprint of the server's key: the audience of every token.
    public var fingerprint: String
    /// The seed of the device's own key.
    public var keySeed: [UInt8]
    /// The deployment's key for derived ids.
    public var identityKey: [UInt8]
    /// What the operator calls the device.
    public var name: String
    /// The server's signature under the enrolment.
    public var certificate: String
    /// The areas that the device may hold.
    public var grant: Grant
    /// The server's epoch when it last answered.
    public var epoch: Epoch
    /// The server's clock minus the device's, in milliseconds, when last measured.
    public var clockOffset: Int64 = 0
    /// By how much the offset may be wrong, in milliseconds.
    public var clockUncertainty: UInt32 = 0
    /// When the last sync ended well, in milliseconds since 1970 by the server's clock.
    public var lastSync: Int64?
    /// The server's Ed25519 key, by which its receipts verify; `nil` of an enrolment that did not keep it.
    public var serverKey: [UInt8]?
    /// The pin of the server's certificate; `nil` where the system's authorities vouch for it.
    public var tlsPin: String?
    /// Other keys that the server announced besides; `nil` for none.
    public var otherPins: [String]?
    /// The number of the last announcement that was taken; `nil` before one was.
    public var announced: UInt64?
    /// Where the server was announced to be met under TLS, of a device that knows it over plain HTTP.
    public var secureServer: ServerAddress?
    /// What an outbox is sealed to; `nil` before the server told.
    public var sealingKey: SealingKey?
    /// The number of the last settlement that was applied, in this epoch.
    public var settlements: UInt64?
    /// Whether something was redacted that may linger in the database's log.
    public var mustScrub: Bool?
    /// The number of the last change that the server says that it has, in this epoch.
    public var highWater: UInt64?
    /// Whether the server says that it has less than it signed for: its receipt is to be shown.
    public var mustProve: Bool?
    /// Whether a new epoch was entered and not every area was read since.
    public var isEntering: Bool?
    /// Whether what is held has to be counted from the rows [G-04].
    public var mustRecount: Bool?
    /// When it was last counted from the rows, in milliseconds since 1970 by the server's clock.
    public var lastRecount: Int64?
    /// How fast the link was when it was last measured, in bytes a second.
    public var linkBytesPerSecond: Int?
    /// The keys in whose place the present one came, the first one first.
    public var predecessors: [EnrolmentRequest.Predecessor]?
    /// What stands at the server for the bookmarks that it knows [F-11]; `nil` where nothing does.
    public var bookmarkToken: [UInt8]?
    /// For how long what is held may be shown without an answer of the server; `nil` for ever.
    public var lease: Lease?
    /// Why the server refused this device the last time; `nil` where it answered.
    public var refusal: StandingRefusal?
    /// The last repair, if there was one.
    public var lastRepair: Repair?

    /// A repair of what is held, where it was not what the server has [G-03].
    public struct Repair: Hashable, Codable, Sendable {
        /// When, in milliseconds since 1970 by the server's clock.
        public var time: Int64
        /// Copies that were put right, or dropped.
        public var records: Int
        /// What it took on the wire, both ways, in bytes of bodies.
        public var bytes: Int
        /// Round trips.
        public var roundTrips: Int
    }

    /// A profile as the enrolment made it.
    public init(
        server: String,
        fingerprint: String,
        keySeed: [UInt8],
        identityKey: [UInt8],
        name: String,
        certificate: String,
        grant: Grant,
        epoch: Epoch
    ) {
        self.server = server
        self.fingerprint = fingerprint
        self.keySeed = keySeed
        self.identityKey = identityKey
        self.name = name
        self.certificate = certificate
        self.grant = grant
        self.epoch = epoch
    }

    /// Where the server is.
    public var address: ServerAddress {
        ServerAddress(url: server, pin: tlsPin, otherPins: otherPins)
    }

    /// The device's id; `nil` where its key cannot be read.
    public var device: DeviceID? { SigningKey(seed: keySeed)?.publicKey.deviceID }

    /// Corrects the device's clock by what the server's showed at one moment of the device's.
    mutating func setClock(to serverTime: Int64, at now: Int64) {
        clockOffset = bounded(time: serverTime) - now
    }
}

extension LocalStore {
    /// Corrects the clock of the device that is enrolled here, if one is.
    func setClock(to serverTime: Int64, at now: Int64) async throws {
        try await write { transaction in
            guard var profile = try transaction.profile() else { return }
            profile.setClock(to: serverTime, at: now)
            try transaction.save(profile)
        }
    }
}
