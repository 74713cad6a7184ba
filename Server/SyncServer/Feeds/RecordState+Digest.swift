public import SyncProtocol
internal import SyncTrust

extension RecordState {
    /// The record's part in the digest of every area where it stands [G-01].
    public var digest: AreaDigest {
        isLive ? AreaDigest(mark: RecordMark.of(id, revision, fields.bytes)) : .empty
    }
}

extension StoreReader {
    /// An area's digest, added up from its rows.
    public func recount(_ area: AreaCode) throws -> AreaDigest {
        var sum = AreaDigest.empty
        try feed(of: area, after: .start) { entry in
            if case .record(let copy, _) = entry.content, let mark = RecordMark.of(copy) {
                sum = sum + AreaDigest(mark: mark)
            }
            return true
        }
        return sum
    }
}
