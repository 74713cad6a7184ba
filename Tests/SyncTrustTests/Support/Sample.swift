import SyncTrust

/// Keys and moments that are the same in every run.
enum Sample {
    /// The moment of the stories, in milliseconds since 1970.
    static let now: Int64 = 1_767_225_600_000

    /// The first test key of RFC 8032.
    static let device = key([
        0x9D, 0x61, 0xB1, 0x9D, 0xEF, 0xFD, 0x5A, 0x60, 0xBA, 0x84, 0x4A, 0xF4, 0x92, 0xEC, 0x2C,
        0xC4,
        0x44, 0x49, 0xC5, 0x69, 0x7B, 0x32, 0x69, 0x19, 0x70, 0x3B, 0xAC, 0x03, 0x1C, 0xAE, 0x7F,
        0x60,
    ])
    static let otherDevice = key([UInt8](repeating: 2, count: 32))
    static let server = key([UInt8](repeating: 3, count: 32))
    static let otherServer = key([UInt8](repeating: 4, count: 32))

    /// An identity key of the bytes 0 to 31.
    static let identity = identityKey(from: 0)

    static func identityKey(from first: UInt8) -> NaturalKey {
        guard let key = NaturalKey(bytes: (0..<32).map { first &+ $0 }) else {
            preconditionFailure("32 bytes make a key")
        }
        return key
    }

    private static func key(_ seed: [UInt8]) -> SigningKey {
        guard let key = SigningKey(seed: seed) else {
            preconditionFailure("32 bytes make a key")
        }
        return key
    }
}
