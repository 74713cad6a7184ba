/// How long a device has been running, by a clock that nobody sets.
public struct DeviceUptime: Hashable, Codable, Sendable {
    /// What tells this start of the device from every other one.
    public var boot: String
    /// How long ago it started, in milliseconds, sleep included.
    public var milliseconds: Int64

    /// A running time.
    public init(boot: String, milliseconds: Int64) {
        (self.boot, self.milliseconds) = (boot, milliseconds)
    }
}

/// For how long a device may show what it holds without an answer of its server.
public struct Lease: Hashable, Codable, Sendable {
    /// For how many days.
    public var days: UInt32
    /// How much of that has passed, as far as anybody looked, in milliseconds.
    public private(set) var passed: Int64 = 0
    /// The device's clock when somebody last looked, in milliseconds since 1970.
    private var seenAt: Int64
    /// How long the device had been running then; `nil` where it cannot tell.
    private var uptime: DeviceUptime?

    /// A lease that begins now.
    public init(days: UInt32, now: Int64, uptime: DeviceUptime?) {
        (self.days, seenAt, self.uptime) = (days, now, uptime)
    }

    private static let day: Int64 = 24 * 3600 * 1000

    /// Whether it is over.
    public var hasExpired: Bool { passed >= Int64(days) * Self.day }

    /// How many days are left, the last one begun counting as one.
    public var daysLeft: Int64 {
        max(0, (Int64(days) * Self.day - passed + Self.day - 1) / Self.day)
    }

    /// Whether it says something that must not be forgotten besides what another one says.
    func mustBeKept(besides known: Lease) -> Bool {
        let minute: Int64 = 60_000
        return passed - known.passed >= minute || hasExpired != known.hasExpired
            || uptime?.boot != known.uptime?.boot || abs(seenAt - known.seenAt) >= minute
    }

    // > [A-13] Time counts by the device's own running clock where that can be, and by the wall clock otherwise;
    // > set back, it takes nothing off.

    /// Lets pass what has passed since somebody last looked.
    public mutating func look(now: Int64, uptime current: DeviceUptime?) {
        if let current, let uptime, current.boot == uptime.boot {
            passed += max(0, current.milliseconds - uptime.milliseconds)
        } else {
            // Started again, or without such a clock: as long as it runs now has passed at least.
            passed += max(0, now - seenAt, current?.milliseconds ?? 0)
        }
        (seenAt, uptime) = (now, current)
    }
}
