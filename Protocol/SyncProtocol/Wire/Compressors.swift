internal import CDeflate
internal import Synchronization

/// Compressors that were used before: each holds some hundred kilobytes, which are not asked for anew for each body.
final class Compressors: Sendable {
    static let shared = Compressors()

    /// Where two cores pack, more than a few never wait.
    private static let most = 8

    /// Addresses of those that nobody uses: each is used by one thread at a time.
    private let idle = Mutex<[UInt]>([])

    /// The bytes packed under a coding: of the size that zlib gives at its level 6, in less than half the time.
    func pack(_ bytes: [UInt8], as coding: ContentCoding) -> [UInt8] {
        let compressor = take()
        defer { give(compressor) }
        return coding == .gzip
            ? pack(bytes, bound: libdeflate_gzip_compress_bound(compressor, bytes.count)) {
                libdeflate_gzip_compress(compressor, $0, bytes.count, $1, $2)
            }
            : pack(bytes, bound: libdeflate_zlib_compress_bound(compressor, bytes.count)) {
                libdeflate_zlib_compress(compressor, $0, bytes.count, $1, $2)
            }
    }

    private func pack(
        _ bytes: [UInt8],
        bound: Int,
        _ compress: (UnsafeRawPointer?, UnsafeMutableRawPointer?, Int) -> Int
    ) -> [UInt8] {
        bytes.withUnsafeBytes { source in
            [UInt8](unsafeUninitializedCapacity: bound) { target, count in
                count = compress(source.baseAddress, target.baseAddress, bound)
                precondition(count > 0, "the bound was too small")
            }
        }
    }

    private func take() -> OpaquePointer {
        if let kept = idle.withLock({ $0.popLast() }).flatMap(OpaquePointer.init(bitPattern:)) {
            return kept
        }
        guard let made = libdeflate_alloc_compressor(6) else {
            preconditionFailure("there is no memory for a compressor")
        }
        return made
    }

    private func give(_ compressor: OpaquePointer) {
        let isKept = idle.withLock { idle in
            guard idle.count < Self.most else { return false }
            idle.append(UInt(bitPattern: compressor))
            return true
        }
        if !isKept { libdeflate_free_compressor(compressor) }
    }
}
