internal import CZlib

/// Packs and unpacks bodies with zlib.
///
/// Unpacking is bounded: a small body must not become a large one.
public enum Zlib {
    /// The bytes packed under a coding; under `deflate` with a preset dictionary, where there is one.
    public static func pack(
        _ bytes: [UInt8],
        as coding: ContentCoding,
        with dictionary: PresetDictionary? = nil
    ) -> [UInt8] {
        switch (coding, dictionary) {
        case (.identity, _): bytes
        case (.deflate, let dictionary?): pack(bytes, with: dictionary)
        default: Compressors.shared.pack(bytes, as: coding)
        }
    }

    private static func pack(_ bytes: [UInt8], with dictionary: PresetDictionary) -> [UInt8] {
        PackingStreams.shared.with(dictionary) { stream in
            let bound = Int(deflateBound(stream, UInt(bytes.count)))
            var input = bytes
            return input.withUnsafeMutableBufferPointer { source in
                [UInt8](unsafeUninitializedCapacity: bound) { target, count in
                    stream.pointee.next_in = source.baseAddress
                    stream.pointee.avail_in = UInt32(source.count)
                    stream.pointee.next_out = target.baseAddress
                    stream.pointee.avail_out = UInt32(bound)
                    let status = deflate(stream, Z_FINISH)
                    precondition(status == Z_STREAM_END, "deflateBound was too small")
                    count = bound - Int(stream.pointee.avail_out)
                }
            }
        }
    }

    // > [W-04] Inflating stops at the limit. A body that is not what its encoding says, or that
    // > ends early, is refused whole.

    /// The bytes that were packed under a coding, at most `limit` of them; with any of some preset dictionaries.
    ///
    /// Throws `body_not_inflatable`, `body_truncated`, `body_too_large` or `dictionary_unknown`.
    public static func unpack(
        _ packed: [UInt8],
        as coding: ContentCoding,
        with dictionaries: [PresetDictionary] = [],
        limit: Int
    ) throws(SyncError) -> [UInt8] {
        guard coding != .identity else {
            guard packed.count <= limit else { throw .tooLarge(limit) }
            return packed
        }
        // zlib remembers where its stream lies, so it must not move.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        defer { stream.deallocate() }
        let status = inflateInit2_(
            stream,
            coding.windowBits,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        precondition(status == Z_OK, "zlib could not start: \(status)")
        defer { inflateEnd(stream) }
        var input = packed
        var output: [UInt8] = []
        let end = input.withUnsafeMutableBufferPointer { source in
            stream.pointee.next_in = source.baseAddress
            stream.pointee.avail_in = UInt32(source.count)
            return inflateAll(stream, with: dictionaries, into: &output, limit: limit)
        }
        switch end {
        case Z_STREAM_END where stream.pointee.avail_in == 0: return output
        case Z_OK, Z_BUF_ERROR:
            if output.count > limit { throw .tooLarge(limit) }
            throw SyncError(
                "body_truncated",
                "The body ends early: the connection was cut",
                hint: "Send it again."
            )
        case Z_NEED_DICT:
            throw SyncError(
                "dictionary_unknown",
                "The body needs a preset dictionary that nobody here has",
                hint: "Send it again without a preset dictionary."
            )
        default:
            throw SyncError(
                "body_not_inflatable",
                "The body is not \(coding.rawValue) data",
                hint: "Check Content-Encoding: deflate means zlib (RFC 1950)."
            )
        }
    }

    private static func inflateAll(
        _ stream: UnsafeMutablePointer<z_stream>,
        with dictionaries: [PresetDictionary],
        into output: inout [UInt8],
        limit: Int
    ) -> Int32 {
        var status = Z_OK
        while status == Z_OK, output.count <= limit {
            let room = min(64 << 10, limit + 1 - output.count)
            let chunk = [UInt8](unsafeUninitializedCapacity: room) { target, count in
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = UInt32(room)
                status = inflate(stream, Z_NO_FLUSH)
                if status == Z_NEED_DICT {
                    // zlib tells by this which one it needs.
                    let id = UInt32(truncatingIfNeeded: stream.pointee.adler)
                    guard let needed = dictionaries.first(where: { $0.id == id }) else { return }
                    status = inflateSetDictionary(
                        stream,
                        needed.bytes,
                        UInt32(needed.bytes.count)
                    )
                }
                count = room - Int(stream.pointee.avail_out)
            }
            output.append(contentsOf: chunk)
        }
        return status == Z_STREAM_END && output.count > limit ? Z_OK : status
    }
}

extension ContentCoding {
    /// The window of 32 KiB, and 16 more to ask zlib for gzip's frame.
    fileprivate var windowBits: Int32 { self == .gzip ? MAX_WBITS + 16 : MAX_WBITS }
}

extension SyncError {
    fileprivate static func tooLarge(_ limit: Int) -> SyncError {
        SyncError(
            "body_too_large",
            "The body is larger than \(limit) bytes",
            hint: "Send fewer changes at a time."
        )
    }
}
