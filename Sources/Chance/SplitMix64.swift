/// A random source that gives the same numbers for the same seed, for ever and everywhere.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// A source that begins at a seed.
    public init(seed: UInt64) { state = seed }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// As many random bytes as asked for.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 24) }
    }

    /// Whether something with a chance of one in so many happens.
    public mutating func happens(oneIn chance: UInt64) -> Bool { next().isMultiple(of: chance) }

    /// A number from 0 up to, but not including, a limit.
    public mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
