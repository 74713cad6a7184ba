/// Walks protobuf's wire format field by field, without decoding any value.
///
/// <https://protobuf.dev/programming-guides/encoding/>
package struct WireScanner {
    /// One field as it stands in the bytes.
    package struct Field {
        package let number: UInt32
        package let wire: WireType
        /// The field with its key.
        package let whole: Range<Int>
        /// The value, without key and length.
        package let value: Range<Int>
    }

    /// Wire types in use; groups (3 and 4) are nobody's any more.
    package enum WireType: UInt8, Sendable {
        case varint = 0
        case fixed64 = 1
        case bytes = 2
        case fixed32 = 5
    }

    private let bytes: [UInt8]
    private var offset: Int
    private let end: Int

    package init(_ bytes: [UInt8]) { self.init(bytes, bytes.startIndex..<bytes.endIndex) }

    package init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    /// The next field, or `nil` at the end.
    package mutating func next() throws(WireError) -> Field? {
        guard offset < end else { return nil }
        let start = offset
        let key = try varint()
        // A key has 32 bits, and protobuf's own library takes no more than the five bytes that they fill: what
        // passed here and not there would stop whoever tells it on.
        guard offset - start <= 5, key >> 3 > 0, key >> 3 < 1 << 29,
            let wire = WireType(rawValue: UInt8(key & 7))
        else { throw .malformed }
        let value = try value(of: wire)
        return Field(
            number: UInt32(key >> 3),
            wire: wire,
            whole: start..<offset,
            value: value
        )
    }

    private mutating func value(of wire: WireType) throws(WireError) -> Range<Int> {
        let length: Int
        switch wire {
        case .varint:
            let start = offset
            _ = try varint()
            return start..<offset
        case .fixed64: length = 8
        case .fixed32: length = 4
        case .bytes:
            let announced = try varint()
            guard announced <= UInt64(end - offset) else { throw .truncated }
            length = Int(announced)
        }
        guard length <= end - offset else { throw .truncated }
        offset += length
        return offset - length..<offset
    }

    /// The next number in base-128.
    package mutating func varint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard offset < end else { throw .truncated }
            let byte = bytes[offset]
            offset += 1
            guard shift < 63 || (shift == 63 && byte <= 1) else { throw .malformed }
            value |= UInt64(byte & 0x7F) << shift
            guard byte & 0x80 != 0 else { return value }
            shift += 7
        }
    }

    package var isAtEnd: Bool { offset >= end }

    /// Where the next field begins.
    var position: Int { offset }
}

extension Array where Element == UInt8 {
    /// Appends a number in base-128, in its shortest form.
    package mutating func append(varint: UInt64) {
        var rest = varint
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    /// Appends a field's key.
    package mutating func append(key number: UInt32, _ wire: WireScanner.WireType) {
        append(varint: UInt64(number) << 3 | UInt64(wire.rawValue))
    }

    /// Appends a length-delimited field.
    package mutating func append(field number: UInt32, bytes: some Collection<UInt8>) {
        append(key: number, .bytes)
        append(varint: UInt64(bytes.count))
        append(contentsOf: bytes)
    }
}
