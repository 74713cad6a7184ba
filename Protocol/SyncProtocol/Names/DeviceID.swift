/// The name of a device: the first 16 bytes of the SHA-256 of its public key [N-03].
///
/// Whoever holds the private key is the device, so a name can neither be given away nor taken twice.
public struct DeviceID: Hashable, Comparable, Sendable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64

    /// The id's 16 bytes, as they travel.
    public var bytes: [UInt8] { RecordID.bytes(high, low) }

    /// An id of exactly 16 bytes; `nil` for any other number of them.
    public init?(bytes: some Sequence<UInt8>) {
        guard let (high, low) = bytes.asTwoNumbers else { return nil }
        self.high = high
        self.low = low
    }

    /// An id from its text form, 32 hexadecimal digits.
    public init?(_ text: some StringProtocol) {
        guard let bytes = [UInt8](hexadecimal: text) else { return nil }
        self.init(bytes: bytes)
    }

    /// The id as 32 hexadecimal digits.
    public var description: String { bytes.hexadecimal }

    /// Orders ids by their bytes.
    public static func < (left: DeviceID, right: DeviceID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension DeviceID: Codable {
    /// Reads the text form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = DeviceID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "not 32 hexadecimal digits"
            )
        }
        self = id
    }

    /// Writes the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
