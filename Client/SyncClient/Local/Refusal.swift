/// Why the server refused this device when it last asked, as long as that holds.
public struct StandingRefusal: Hashable, Codable, Sendable {
    /// `device_suspended`, `device_forked`, `device_rekeyed` or `device_awaits_confirmation`.
    public var code: String
    /// When, in milliseconds since 1970 by the device's corrected clock.
    public var at: Int64

    /// A refusal.
    public init(code: String, at: Int64) { (self.code, self.at) = (code, at) }

    /// What stands until the operator does something.
    static let codes: Set<String> = [
        "device_suspended", "device_forked", "device_rekeyed", "device_awaits_confirmation",
    ]
}
