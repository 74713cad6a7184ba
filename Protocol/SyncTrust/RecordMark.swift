internal import Crypto
public import SyncProtocol

/// A record's part in the digest of every area where it stands [G-01].
public enum RecordMark {
    /// The first 16 bytes of SHA-256 over id, revision and bytes, as a number.
    public static func of(_ id: RecordID, _ revision: Revision, _ bytes: [UInt8]) -> UInt128 {
        var hasher = SHA256()
        hasher.update(data: id.bytes)
        hasher.update(data: withUnsafeBytes(of: revision.rawValue.bigEndian) { Array($0) })
        hasher.update(data: bytes)
        return hasher.finalize().prefix(16).reduce(0) { $0 << 8 | UInt128($1) }
    }

    /// The mark of a copy as it travels; `nil` of a tombstone, which counts for nothing.
    public static func of(_ copy: RecordCopy) -> UInt128? {
        copy.isDeleted ? nil : of(copy.id, copy.revision, copy.message)
    }
}
