internal import CZlib

/// Streams of zlib that pack with a dictionary, and were used before.
///
/// Reading a dictionary of 16 KiB again takes zlib a fifth of the time that copying a stream takes which has read it.
final class PackingStreams: Sendable {
    static let shared = PackingStreams()

    private let spares = Spares()

    /// Runs a closure with a stream that has packed nothing, and knows a dictionary.
    func with<Result>(
        _ dictionary: PresetDictionary,
        _ body: (UnsafeMutablePointer<z_stream>) -> Result
    ) -> Result {
        let stream = take()
        defer { give(stream) }
        let status = deflateSetDictionary(
            stream,
            dictionary.bytes,
            UInt32(dictionary.bytes.count)
        )
        precondition(status == Z_OK, "zlib did not take the dictionary: \(status)")
        return body(stream)
    }

    private func take() -> UnsafeMutablePointer<z_stream> {
        if let stream = spares.take().map({ UnsafeMutablePointer<z_stream>($0) }) {
            let status = deflateReset(stream)
            precondition(status == Z_OK, "zlib could not start again: \(status)")
            return stream
        }
        // zlib remembers where its stream lies, so it must not move.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        let status = deflateInit_(stream, 6, ZLIB_VERSION, size)
        precondition(status == Z_OK, "zlib could not start: \(status)")
        return stream
    }

    private func give(_ stream: UnsafeMutablePointer<z_stream>) {
        guard !spares.keep(OpaquePointer(stream)) else { return }
        deflateEnd(stream)
        stream.deallocate()
    }
}
