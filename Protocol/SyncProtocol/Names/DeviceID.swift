/// The name of a device: the first 16 bytes of the SHA-256 of its public key [N-03].
///
/// Whoever holds the private key is the device, so a name can neither be given away nor taken twice.
public struct DeviceID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The id's 16 bytes, as they travel.
    public let bytes: [UInt8]

    /// An id of exactly 16 bytes; `nil` for any other number of them.
    public init?(bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count == 16 else { return nil }
        self.bytes = bytes
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
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
