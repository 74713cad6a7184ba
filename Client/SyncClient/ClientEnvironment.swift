public import SyncProtocol
internal import SyncTrust

/// What a client takes from the world around it; tests and the simulator bring their own.
public struct ClientEnvironment: Sendable {
    /// The device's clock, in milliseconds since 1970; it may be arbitrarily wrong.
    public var now: @Sendable () -> Int64
    /// A number drawn from 0 to 1.
    public var chance: @Sendable () -> Double
    /// Waits.
    public var sleep: @Sendable (Duration) async throws -> Void
    /// A new time-ordered record id.
    public var mintID: @Sendable () -> RecordID
    /// The seed of a new key, 32 bytes that nobody can guess.
    public var mintKey: @Sendable () -> [UInt8] = { SigningKey().seed }
    /// How long the device has been running; `nil` where it cannot tell.
    public var uptime: @Sendable () -> DeviceUptime? = { nil }

    /// What this client calls itself.
    static let software = "residence/0.1"

    /// A world of these parts.
    public init(
        now: @escaping @Sendable () -> Int64,
        chance: @escaping @Sendable () -> Double,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        mintID: @escaping @Sendable () -> RecordID
    ) {
        self.now = now
        self.chance = chance
        self.sleep = sleep
        self.mintID = mintID
    }

    /// The system's clock and random source.
    ///
    /// `now` gives the wall clock in milliseconds since 1970.
    public static func system(now: @escaping @Sendable () -> Int64) -> ClientEnvironment {
        ClientEnvironment(
            now: now,
            chance: { Double.random(in: 0...1) },
            sleep: { try await Task.sleep(for: $0) },
            mintID: {
                var random = SystemRandomNumberGenerator()
                return RecordID.minted(at: now(), using: &random)
            }
        )
    }
}

extension SyncError {
    static let notEnrolled = SyncError(
        "not_enrolled",
        "本设备尚未登记 This device is not enrolled",
        hint: "运行 residence enroll 链接；链接由运维人员提供。 residence enroll LINK; the operator has the link."
    )

    static let serverUntrusted = SyncError(
        "server_untrusted",
        "服务器与链接不符 The server is not the one that the link names",
        hint: "请勿继续，向运维人员索取新链接。 Do not go on; ask the operator for a new link."
    )

    static let keyDamaged = SyncError(
        "key_damaged",
        "本设备的密钥无法读取 This device's key cannot be read",
        hint: "请保留数据文件夹，联系运维人员。 Keep the data folder and tell the operator."
    )
}
