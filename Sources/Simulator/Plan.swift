/// What to simulate: with the same plan, every run is the same, byte for byte [I14].
public struct Plan: Hashable, Codable, Sendable {
    /// What is told of a world.
    public enum Story: Hashable, Codable, Sendable {
        /// Nothing but its hash.
        case none
        /// How what is wrong came about: the end of what concerns its record.
        case ofFailure
        /// Everything that happened.
        case whole
    }

    /// From what everything is drawn.
    public var seed: UInt64
    /// How many handhelds there are at first.
    public var devices: Int
    /// How many days go by.
    public var days: Int
    /// What may go wrong.
    public var weather: Weather
    /// A bug that is switched on.
    public var bug: PlantedBug?
    /// After how many events the world stands still and is judged; `nil`: after all of them.
    public var limit: Int?
    /// What is told of the world, beside the hash of its story.
    public var story = Story.none
    /// The PostgreSQL, `postgres://…`, in which the server keeps its data; `nil`: the embedded store on a disk
    /// that fails as it is told to.
    ///
    /// Weather that strikes the server's disk is for the embedded store alone (`Weather.sparingServer`).
    public var database: String?

    /// A plan.
    public init(
        seed: UInt64,
        devices: Int = 6,
        days: Int = 10,
        weather: Weather = .storm,
        bug: PlantedBug? = nil
    ) {
        self.seed = seed
        self.devices = devices
        self.days = days
        self.weather = weather
        self.bug = bug
    }
}

/// What a run came to.
public struct RunReport: Hashable, Codable, Sendable {
    /// From what it was drawn.
    public var seed: UInt64
    /// The hash of everything that happened, 16 hexadecimal digits.
    public var trace = ""
    /// Events in all.
    public var events = 0
    /// Days, once for each handheld that was in use.
    public var deviceDays = 0
    /// Changes that were captured.
    public var captures = 0
    /// Syncs that ended well, and that did not.
    public var syncs = 0
    /// Syncs that gave up; what they had is sent by the next.
    public var failedSyncs = 0
    /// Requests that went over the wire.
    public var requests = 0
    /// Requests and answers that were lost, cut or changed.
    public var faults = 0
    /// Bytes of bodies, before compression.
    public var bytesUp = 0
    /// Bytes of bodies, before compression.
    public var bytesDown = 0
    /// Conflicts by how they were decided: the policy's name, or `review`.
    public var conflicts: [String: Int] = [:]
    /// Changes in quarantine.
    public var returned = 0
    /// Times that a program was killed, or a power cut.
    public var kills = 0
    /// Times that the server went on from a backup.
    public var restores = 0
    /// Copies that were repaired.
    public var repaired = 0
    /// Entries that left the feeds.
    public var pruned = 0
    /// How often everything was quiet, and was judged.
    public var quietPoints = 0
    /// How often the same was done by a detour, and compared.
    public var detours = 0
    /// How often everybody had to sync, at most, until nobody had anything new.
    public var rounds = 0
    /// The longest that it took, in simulated minutes.
    public var minutesToConverge = 0
    /// What is not as it must be.
    public var verdicts: [Verdict] = []
    /// What happened to the record concerned, where the story was kept.
    public var story: [String] = []

    /// Whether everything is as it must be.
    public var isSound: Bool { verdicts.isEmpty }

    init(seed: UInt64) { self.seed = seed }
}
