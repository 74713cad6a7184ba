internal import CDeflate

/// Compressors of libdeflate that were used before.
final class Compressors: Sendable {
    static let shared = Compressors()

    private let spares = Spares()

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
        if let kept = spares.take() { return kept }
        guard let made = libdeflate_alloc_compressor(6) else {
            preconditionFailure("there is no memory for a compressor")
        }
        return made
    }

    private func give(_ compressor: OpaquePointer) {
        if !spares.keep(compressor) { libdeflate_free_compressor(compressor) }
    }
}
