public import Chance

/// What may go wrong in a world, as odds; each run draws its own weather from it.
public struct Weather: Hashable, Codable, Sendable {
    // MARK: - The network: for each request
    /// The request never arrives.
    public var requestLost = 0.0
    /// The server does it, and the answer is lost.
    public var answerLost = 0.0
    /// The answer ends in the middle.
    public var answerCut = 0.0
    /// A byte of the request or the answer is another one.
    public var corrupted = 0.0
    /// The request is delivered twice.
    public var repeated = 0.0
    /// The request is delivered once more later, after others: reordered.
    public var replayedLater = 0.0
    /// The server asks to be asked later.
    public var busy = 0.0
    /// Nobody reaches the server for a day, and all of them come at once the next morning.
    public var outage = 0.0

    // MARK: - The devices: for each day
    /// No network all day.
    public var away = 0.0
    /// A link that gives out after a few requests, all day: what is read is read in small parts.
    public var slow = 0.0
    /// The clock jumps, by up to two years, either way.
    public var clockJumps = 0.0
    /// The clock of a new device is wrong from the start.
    public var clockWrong = 0.0
    /// The program is killed in the middle of what it does.
    public var killed = 0.0
    /// The battery falls out: what was not synced to the disk is torn.
    public var powerCut = 0.0
    /// The disk is full for a while.
    public var diskFull = 0.0
    /// The disk fails to sync.
    public var syncFails = 0.0
    /// The handheld falls off the ferry.
    public var lost = 0.0
    /// The handheld is copied, and both go on.
    public var cloned = 0.0
    /// The handheld is put back to yesterday's image.
    public var rolledBack = 0.0
    /// A byte or a row of what the device holds changes.
    public var rot = 0.0

    // MARK: - The server: for each day
    /// The daemon is killed in the middle of what it does, its machine goes on.
    public var serverKilled = 0.0
    /// The machine loses its power.
    public var serverPowerCut = 0.0
    /// The disk is full for a while.
    public var serverDiskFull = 0.0
    /// The disk is lost, and a backup restored.
    public var restored = 0.0
    /// The same, and nobody says so.
    public var failedOver = 0.0

    // MARK: - The operator: for each day
    /// A backup is made.
    public var backup = 0.5
    /// A device's areas change.
    public var reassigned = 0.0
    /// A device is revoked; half of them may deliver what they had not sent.
    public var revoked = 0.0
    /// A person's record is erased by law.
    public var erased = 0.0
    /// A program that is a version behind is upgraded: the server's, and each device's.
    ///
    /// Where this happens at all, every second world begins a version behind.
    public var upgraded = 0.0
    /// A device is given a new key; so are copies, when they are found out, with these odds.
    public var rekeyed = 0.0
    /// The authorities redraw the map 撤并.
    public var redrawn = 0.0
    /// A device is suspended, or resumed where it is.
    public var suspended = 0.0
    /// A coordinator's work is handed over to another one.
    public var handedOver = 0.0
    /// Somebody at the server settles, mends, discards, joins, tells apart or deletes.
    public var decided = 0.0
    /// Half a year goes by; half of the devices sync meanwhile, and feeds are pruned.
    public var winter = 0.0

    // MARK: - The oracle: for each day
    /// On its evening the network is good until everybody has everything, and the oracle judges.
    public var quiet = 0.1

    /// Of a device: what it does next is done by a detour, too, in a copy of the world, and compared.
    public var detour = 0.03

    /// Nothing goes wrong.
    public init() {}

    /// Nothing goes wrong.
    public static let fair = Weather()

    /// A poor network, and nothing else.
    public static let drizzle: Weather = {
        var weather = Weather()
        weather.requestLost = 0.1
        weather.answerLost = 0.1
        weather.answerCut = 0.05
        weather.repeated = 0.1
        weather.replayedLater = 0.05
        weather.away = 0.3
        weather.slow = 0.1
        weather.outage = 0.05
        weather.busy = 0.03
        weather.clockWrong = 0.3
        weather.clockJumps = 0.02
        return weather
    }()

    /// Whatever happens to devices, and a server that comes back as it was.
    public static let rain: Weather = {
        var weather = Weather.drizzle
        weather.corrupted = 0.03
        weather.killed = 0.05
        weather.powerCut = 0.03
        weather.diskFull = 0.03
        weather.syncFails = 0.02
        weather.cloned = 0.005
        weather.rolledBack = 0.005
        weather.rot = 0.03
        weather.serverKilled = 0.1
        weather.serverPowerCut = 0.05
        weather.serverDiskFull = 0.05
        weather.reassigned = 0.05
        weather.revoked = 0.01
        weather.erased = 0.1
        weather.upgraded = 0.2
        weather.rekeyed = 0.4
        weather.redrawn = 0.06
        weather.suspended = 0.05
        weather.handedOver = 0.05
        weather.decided = 0.3
        weather.winter = 0.02
        return weather
    }()

    /// Everything, and a server that loses its disk.
    public static let storm: Weather = {
        var weather = Weather.rain
        weather.lost = 0.01
        weather.restored = 0.08
        weather.failedOver = 0.03
        return weather
    }()

    /// The server room is flooded, again and again, and handhelds are lost; the network is good.
    public static let flood: Weather = {
        var weather = Weather()
        weather.backup = 0.6
        weather.restored = 0.35
        weather.failedOver = 0.1
        weather.lost = 0.04
        weather.revoked = 0.02
        weather.erased = 0.1
        weather.decided = 0.3
        return weather
    }()

    /// Handhelds are copied and put back again and again, and go on under new keys; the network is poor.
    public static let copies: Weather = {
        var weather = Weather.drizzle
        weather.cloned = 0.06
        weather.rolledBack = 0.04
        weather.rekeyed = 0.7
        return weather
    }()

    /// Half years go by, devices are suspended and their work is handed over; the network is poor.
    public static let winters: Weather = {
        var weather = Weather.drizzle
        weather.winter = 0.15
        weather.suspended = 0.2
        weather.handedOver = 0.15
        weather.reassigned = 0.1
        weather.redrawn = 0.06
        weather.decided = 0.4
        return weather
    }()

    /// A poor network, and much of what anybody does next is done by a detour, too.
    public static let detours: Weather = {
        var weather = Weather.drizzle
        weather.detour = 0.5
        return weather
    }()

    /// The same weather, but that nothing strikes the server's disk: for a server whose data are in PostgreSQL,
    /// and for the one on the embedded store that it is compared with.
    public var sparingServer: Weather {
        var weather = self
        weather.serverKilled = 0
        weather.serverPowerCut = 0
        weather.serverDiskFull = 0
        weather.restored = 0
        weather.failedOver = 0
        weather.upgraded = 0
        // A copy of the world is a copy of its disks.
        weather.detour = 0
        return weather
    }

    /// The weathers that have a name.
    public static let named: [(name: String, weather: Weather)] = [
        ("fair", fair), ("drizzle", drizzle), ("rain", rain), ("storm", storm), ("flood", flood),
        ("copies", copies), ("winters", winters), ("detours", detours),
    ]

    /// The odds by which a run goes: each drawn up to twice what is said here, and some switched off.
    public func drawn(by random: inout SplitMix64) -> Weather {
        var weather = self
        for odds in Self.odds where weather[keyPath: odds] > 0 {
            let isOff = random.happens(oneIn: 4)
            let scale = Double(random.below(1_000)) / 500
            weather[keyPath: odds] = isOff ? 0 : min(0.9, weather[keyPath: odds] * scale)
        }
        return weather
    }

    private static var odds: [WritableKeyPath<Weather, Double>] {
        [
            \.requestLost, \.answerLost, \.answerCut, \.corrupted, \.repeated, \.replayedLater,
            \.busy, \.away, \.clockJumps, \.clockWrong, \.killed, \.powerCut, \.diskFull,
            \.syncFails, \.lost, \.cloned, \.rolledBack, \.rot, \.serverKilled, \.serverPowerCut,
            \.serverDiskFull, \.restored, \.failedOver, \.backup, \.reassigned, \.revoked,
            \.erased, \.upgraded, \.rekeyed, \.redrawn, \.slow, \.outage,
            \.quiet, \.detour, \.suspended, \.handedOver, \.decided, \.winter,
        ]
    }
}

extension SplitMix64 {
    /// Whether something with these odds, 0 to 1, happens.
    mutating func happens(_ odds: Double) -> Bool {
        // Always drawn, so that switching one thing off moves nothing else.
        let drawn = Double(next() >> 11) / Double(1 << 53)
        return drawn < odds
    }
}
