/// What stands somewhere, as one number that needs no order: the sum of its records' marks.
///
/// > [G-01] An area's digest is the sum, modulo 2^128, of the first 16 bytes of SHA-256 over id, revision
/// > (eight bytes, the highest first) and bytes of every live record that stands there.
public struct AreaDigest: Hashable, Sendable {
    /// The sum of the marks, modulo 2^128.
    public var sum: UInt128
    /// Live records.
    public var records: Int

    /// Nothing at all.
    public static let empty = AreaDigest()

    /// A digest; of nothing, where nothing is said.
    public init(sum: UInt128 = 0, records: Int = 0) {
        self.sum = sum
        self.records = records
    }

    /// One record's.
    public init(mark: UInt128) { self.init(sum: mark, records: 1) }

    /// A digest by the 16 bytes of its sum, the highest first; no bytes are 0.
    public init?(bytes: some Collection<UInt8>, records: Int) {
        guard let sum = UInt128(bytes: bytes) else { return nil }
        self.init(sum: sum, records: records)
    }

    /// Both together.
    public static func + (left: AreaDigest, right: AreaDigest) -> AreaDigest {
        AreaDigest(sum: left.sum &+ right.sum, records: left.records + right.records)
    }

    /// One without the other.
    public static func - (left: AreaDigest, right: AreaDigest) -> AreaDigest {
        AreaDigest(sum: left.sum &- right.sum, records: left.records - right.records)
    }
}

extension UInt128 {
    /// The 16 bytes, the highest first.
    public var bytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }

    /// A number by its 16 bytes, the highest first; no bytes are 0, any other number of them is none.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 || bytes.isEmpty else { return nil }
        self = bytes.reduce(0) { $0 << 8 | UInt128($1) }
    }
}
