internal import CZlib
internal import Synchronization

/// Streams of zlib that have read a dictionary already, to be copied: reading it costs more than packing a small body.
final class PrimedStreams: Sendable {
    static let shared = PrimedStreams()

    /// Addresses by the dictionaries' checksums.
    ///
    /// None is ever written to again, or freed: there are few dictionaries.
    private let primed = Mutex<[UInt32: UInt]>([:])

    /// A stream that has packed nothing, and knows a dictionary; whoever takes it gives it to `end`.
    func take(_ dictionary: PresetDictionary) -> UnsafeMutablePointer<z_stream> {
        let address = primed.withLock { primed in
            if let known = primed[dictionary.id] { return known }
            let made = UInt(bitPattern: Self.prime(dictionary))
            primed[dictionary.id] = made
            return made
        }
        let stream = Self.allocate()
        let status = deflateCopy(stream, UnsafeMutablePointer(bitPattern: address))
        precondition(status == Z_OK, "zlib did not copy a stream: \(status)")
        return stream
    }

    /// Frees a stream.
    static func end(_ stream: UnsafeMutablePointer<z_stream>) {
        deflateEnd(stream)
        stream.deallocate()
    }

    // zlib remembers where its stream lies, so it must not move.
    private static func allocate() -> UnsafeMutablePointer<z_stream> {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        return stream
    }

    private static func prime(_ dictionary: PresetDictionary) -> UnsafeMutablePointer<z_stream> {
        let stream = allocate()
        let size = Int32(MemoryLayout<z_stream>.size)
        var status = deflateInit_(stream, 6, ZLIB_VERSION, size)
        precondition(status == Z_OK, "zlib could not start: \(status)")
        status = deflateSetDictionary(
            stream,
            dictionary.bytes,
            UInt32(dictionary.bytes.count)
        )
        precondition(status == Z_OK, "zlib did not take the dictionary: \(status)")
        return stream
    }
}
