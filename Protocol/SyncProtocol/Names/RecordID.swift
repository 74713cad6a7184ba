internal import Foundation

/// The name of a record, the same on every device and on the server: 16 bytes, a UUID.
///
/// Minted on the device (version 7), or derived from a natural key (version 8) so that two devices
/// that cannot hear each other mint the same id for the same person. SPEC.md, chapter N.
public struct RecordID: Hashable, Comparable, Sendable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64

    /// The id's 16 bytes, as they travel.
    public var bytes: [UInt8] { Self.bytes(high, low) }

    /// Two numbers as 16 bytes, the highest first.
    static func bytes(_ high: UInt64, _ low: UInt64) -> [UInt8] {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
    }

    /// An id of exactly 16 bytes; `nil` for any other number of them.
    public init?(bytes: some Sequence<UInt8>) {
        guard let (high, low) = bytes.asTwoNumbers else { return nil }
        self.high = high
        self.low = low
    }

    /// An id from its text form, `0197f1c2-….`, in either case.
    public init?(_ text: some StringProtocol) {
        guard let uuid = UUID(uuidString: String(text)) else { return nil }
        self.init(bytes: withUnsafeBytes(of: uuid.uuid) { Array($0) })
    }

    // > [N-01] A record's id has 16 bytes and is a UUID: version 7 where the device mints it,
    // > version 8 where it derives from a natural key.

    /// A new time-ordered id (UUIDv7).
    public static func minted(
        at milliseconds: Int64,
        using random: inout some RandomNumberGenerator
    ) -> RecordID {
        var bytes = [UInt8](repeating: 0, count: 16)
        for index in 0..<6 {
            bytes[index] = UInt8(truncatingIfNeeded: milliseconds >> (40 - 8 * index))
        }
        for index in 6..<16 { bytes[index] = UInt8.random(in: .min ... .max, using: &random) }
        return RecordID(marking: bytes, version: 7)
    }

    /// The id that the first 16 bytes of a keyed hash give (UUIDv8).
    package init(derivedFrom hash: [UInt8]) {
        precondition(hash.count >= 16, "a keyed hash has at least 16 bytes")
        self.init(marking: Array(hash.prefix(16)), version: 8)
    }

    private init(marking bytes: [UInt8], version: UInt64) {
        let number = { (part: ArraySlice<UInt8>) in part.reduce(0) { $0 << 8 | UInt64($1) } }
        high = number(bytes[0..<8]) & 0xFFFF_FFFF_FFFF_0FFF | version << 12
        low = number(bytes[8..<16]) & 0x3FFF_FFFF_FFFF_FFFF | 1 << 63
    }

    /// Whether the id derives from a natural key: whoever captures the same thing mints the same id.
    public var isDerived: Bool { high >> 12 & 0xF == 8 }

    /// The id as text: lower-case hexadecimal in five groups.
    public var description: String {
        let hex = bytes.hexadecimal
        var groups: [Substring] = []
        var rest = hex[...]
        for length in [8, 4, 4, 4, 12] {
            groups.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return groups.joined(separator: "-")
    }

    /// Orders ids by their bytes, so that locks are always taken in the same order.
    public static func < (left: RecordID, right: RecordID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension Sequence<UInt8> {
    /// Exactly 16 bytes as two numbers, the highest byte first; `nil` for any other number of them.
    var asTwoNumbers: (high: UInt64, low: UInt64)? {
        // Ids are read by the thousand, almost always from an array.
        let known = withContiguousStorageIfAvailable { bytes -> (UInt64, UInt64)? in
            guard bytes.count == 16 else { return nil }
            let raw = UnsafeRawBufferPointer(bytes)
            return (
                UInt64(bigEndian: raw.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        if let known { return known }
        var numbers: (high: UInt64, low: UInt64) = (0, 0)
        var count = 0
        for byte in self {
            if count < 8 {
                numbers.high = numbers.high << 8 | UInt64(byte)
            } else {
                numbers.low = numbers.low << 8 | UInt64(byte)
            }
            count += 1
        }
        return count == 16 ? numbers : nil
    }
}

extension RecordID: Codable {
    /// Reads the text form.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let id = RecordID(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not a record id")
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

extension Collection where Element == UInt8 {
    /// The bytes as lower-case hexadecimal digits, two for each.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(count * 2)
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension Array where Element == UInt8 {
    /// The bytes that hexadecimal digits stand for; `nil` where they do not.
    public init?(hexadecimal text: some StringProtocol) {
        let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count.isMultiple(of: 2), !digits.contains(nil) else { return nil }
        let values = digits.compactMap(\.self)
        self = stride(from: 0, to: values.count, by: 2).map {
            UInt8(values[$0] << 4 | values[$0 + 1])
        }
    }
}
