/// Reads numbers and bytes in turn, for the formats that are ours alone.
struct ByteReader {
    private let source: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { source = bytes }

    var isAtEnd: Bool { offset == source.count }

    mutating func byte() throws(WireError) -> UInt8 {
        guard offset < source.count else { throw .truncated }
        offset += 1
        return source[offset - 1]
    }

    mutating func bytes(_ count: UInt64) throws(WireError) -> [UInt8] {
        guard count <= UInt64(source.count - offset) else { throw .truncated }
        offset += Int(count)
        return Array(source[offset - Int(count)..<offset])
    }

    mutating func rest() throws(WireError) -> [UInt8] { try bytes(UInt64(source.count - offset)) }

    mutating func varint() throws(WireError) -> UInt64 {
        var scanner = WireScanner(source, offset..<source.count)
        let value = try scanner.varint()
        offset = scanner.position
        return value
    }
}
