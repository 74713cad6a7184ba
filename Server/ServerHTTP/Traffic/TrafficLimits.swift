/// How much of the server one device or one address may take; part of the settings, in JSON.
///
/// > [A-11] One device, or whoever shows no device's token, cannot keep the others waiting: requests beyond a rate, or
/// > beyond so many at once, are answered 429 with a `Retry-After` that is spread out, and change nothing.
public struct TrafficLimits: Decodable, Hashable, Sendable {
    /// Requests that a device may send at once after a rest.
    public var deviceBurst = 400.0
    /// Requests a second that a device may go on with.
    public var devicePerSecond = 50.0
    /// Requests of a device that are worked on at the same time.
    public var deviceAtOnce = 8
    /// Requests without a valid token that an address may send at once after a rest: enrolments, sealed
    /// outboxes, tokens that are wrong.
    ///
    /// Devices with a token count for themselves alone: thousands of them share a mobile carrier's address.
    public var addressBurst = 120.0
    /// Such requests a second that an address may go on with.
    public var addressPerSecond = 5.0
    /// Connections that an address may hold open.
    public var addressConnections = 2_000
    /// Requests that are worked on at the same time, of all devices.
    public var atOnce = 1_000
    /// Requests that read for long, repairs and estimates, that are worked on at the same time, of all devices: fewer than
    /// a store has readers, so that everybody else has some.
    public var longReadsAtOnce = 2
    /// Devices that listen for news at the same time; 0 for none.
    public var streams = 10_000
    /// Connections that are open at the same time.
    public var connections = 15_000
    /// Seconds within which a body may begin slowly; after them it has to come at `bodyBytesPerSecond`.
    public var bodyGraceSeconds = 30.0
    /// Bytes a second that a body comes at, from its beginning: 300 is an eighth of a bad 2G link.
    public var bodyBytesPerSecond = 300.0
    /// Bytes of one header field, and of all of a request's fields.
    public var headerBytes = 16 << 10
    /// Addresses of proxies whose `X-Forwarded-For` is believed: its last entry is then the address.
    public var proxies: [String] = []

    enum CodingKeys: String, CodingKey {
        case deviceBurst = "device_burst"
        case devicePerSecond = "device_per_second"
        case deviceAtOnce = "device_at_once"
        case addressBurst = "address_burst"
        case addressPerSecond = "address_per_second"
        case addressConnections = "address_connections"
        case atOnce = "at_once"
        case longReadsAtOnce = "long_reads_at_once"
        case streams, connections
        case bodyGraceSeconds = "body_grace_seconds"
        case bodyBytesPerSecond = "body_bytes_per_second"
        case headerBytes = "header_bytes"
        case proxies
    }

    /// Whether they let anybody in.
    public var isSound: Bool {
        min(
            deviceBurst,
            addressBurst,
            Double(min(deviceAtOnce, atOnce, longReadsAtOnce, connections))
        ) >= 1
            && min(devicePerSecond, addressPerSecond, bodyGraceSeconds) > 0
            && bodyBytesPerSecond >= 0 && addressConnections >= 1 && streams >= 0
            && headerBytes >= 1_024
    }

    /// The limits that hold where nobody says otherwise.
    public init() {}

    /// The limits that the settings name; the others are the usual ones.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func take<Value: Decodable>(_ key: CodingKeys, _ value: inout Value) throws {
            value = try container.decodeIfPresent(Value.self, forKey: key) ?? value
        }
        try take(.deviceBurst, &deviceBurst)
        try take(.devicePerSecond, &devicePerSecond)
        try take(.deviceAtOnce, &deviceAtOnce)
        try take(.addressBurst, &addressBurst)
        try take(.addressPerSecond, &addressPerSecond)
        try take(.addressConnections, &addressConnections)
        try take(.atOnce, &atOnce)
        try take(.longReadsAtOnce, &longReadsAtOnce)
        try take(.streams, &streams)
        try take(.connections, &connections)
        try take(.bodyGraceSeconds, &bodyGraceSeconds)
        try take(.bodyBytesPerSecond, &bodyBytesPerSecond)
        try take(.headerBytes, &headerBytes)
        try take(.proxies, &proxies)
    }
}
