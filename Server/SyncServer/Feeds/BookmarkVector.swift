internal import SyncProtocol
internal import SyncTrust

/// How far a holder of very many areas has read, as it has shown: what a token stands for.
///
/// > [F-11] The token moves on by what the device has shown that it took, and by nothing else.
struct BookmarkVector {
    private var bookmarks: [AreaCode: Bookmark] = [:]
    /// What stood for the vector before its last change: the device may not have heard of that.
    private var former: [UInt8] = []
    /// Where the areas of its last change stood before; at the end of all where they were not read yet.
    private var before: [AreaCode: Bookmark] = [:]

    /// A vector of nothing.
    init() {}

    /// The vector that a device's row keeps; nothing where it keeps none.
    init(stored bytes: [UInt8]?) {
        guard let bytes, bytes.count >= Self.headBytes else { return }
        let length = Int(UInt32(bigEndian: bytes[Self.tokenBytes..<Self.headBytes]))
        let end = Self.headBytes + length
        guard bytes.count >= end,
            let before = try? SyncRequest(Array(bytes[Self.headBytes..<end]), as: .protobuf),
            let kept = try? SyncRequest(Array(bytes[end...]), as: .protobuf)
        else { return }
        former = Array(bytes[..<Self.tokenBytes])
        for bookmark in before.bookmarks { self.before[bookmark.area] = bookmark }
        for bookmark in kept.bookmarks { bookmarks[bookmark.area] = bookmark }
    }

    private static let tokenBytes = 16
    /// The former token, and in how many bytes follows what stood before.
    private static let headBytes = tokenBytes + 4
    private static let unread = Position(rawValue: .max)

    /// What stands for the vector.
    var token: [UInt8] {
        Array(Chain.hash(of: Self.encoded(bookmarks)).prefix(Self.tokenBytes))
    }

    /// What a device's row keeps.
    var stored: [UInt8] {
        let padding = [UInt8](repeating: 0, count: Self.tokenBytes - former.count)
        let before = Self.encoded(before)
        let length = withUnsafeBytes(of: UInt32(before.count).bigEndian) { Array($0) }
        return former + padding + length + before + Self.encoded(bookmarks)
    }

    /// The vector that a token stands for, this one or the one before it; `nil` where it stands for neither.
    ///
    /// Whoever shows the former one may be an image of the device from before: what it does not show again, it has
    /// not read.
    func meant(by token: [UInt8]) -> BookmarkVector? {
        guard !bookmarks.isEmpty else { return nil }
        if token == self.token { return self }
        guard token == former else { return nil }
        var vector = self
        for (area, bookmark) in before {
            vector.bookmarks[area] = bookmark.position == Self.unread ? nil : bookmark
        }
        (vector.former, vector.before) = ([], [:])
        return vector
    }

    /// The bookmarks of the vector, and those that are shown besides, which stand in their place.
    func with(_ shown: [Bookmark]) -> [Bookmark] {
        bookmarks.merging(shown.map { ($0.area, $0) }) { _, shown in shown }.values
            .sorted { $0.area < $1.area }
    }

    /// Takes in what was shown.
    ///
    /// Of an area that is read for the first time, the device goes on showing where it is.
    mutating func take(_ shown: [Bookmark]) {
        guard !shown.isEmpty else { return }
        let (known, standing) = (bookmarks.isEmpty ? [] : token, bookmarks)
        for bookmark in shown {
            bookmarks[bookmark.area] = bookmark.floor == .start ? bookmark : nil
        }
        guard !known.isEmpty, known != token else { return }
        former = known
        before = Dictionary(
            shown.map(\.area).filter { standing[$0] != bookmarks[$0] }
                .map { ($0, standing[$0] ?? Bookmark(area: $0, position: Self.unread)) }
        ) { first, _ in first }
    }

    private static func encoded(_ bookmarks: [AreaCode: Bookmark]) -> [UInt8] {
        var request = SyncRequest()
        request.bookmarks = bookmarks.values.sorted { $0.area < $1.area }
        return request.encoded
    }
}

extension SyncService {
    // > [F-11] Whoever holds very many areas is given a token for how far they have read, and shows it with those
    // > bookmarks alone that have moved since.

    /// How far a device has read, by its token and by what it shows besides; keeps what it has shown.
    ///
    /// What is shown of areas that are not the device's says nothing, and is not kept. Throws `bookmark_token_unknown`
    /// and `too_many_bookmarks`.
    func bookmarks(
        shownBy request: SyncRequest,
        _ device: inout StoredDevice
    ) throws -> [Bookmark] {
        var vector = BookmarkVector()
        if !request.bookmarkToken.isEmpty {
            let kept = BookmarkVector(stored: device.vector)
            guard let meant = kept.meant(by: request.bookmarkToken) else {
                throw SyncError(
                    "bookmark_token_unknown",
                    "The bookmark token stands for nothing that is known here",
                    hint: "Show every bookmark instead.",
                    subject: "bookmark_token"
                )
            }
            vector = meant
        }
        let shown = request.bookmarks.filter { device.feeds.cover($0.area) }
        let all = vector.with(shown)
        try check(bookmarks: all.count)
        guard all.count > limits.bookmarksShown else {
            device.vector = nil
            return all
        }
        vector.take(shown)
        device.vector = vector.stored
        return all
    }
}

extension UInt32 {
    /// A number from four bytes, the most significant first.
    fileprivate init(bigEndian bytes: ArraySlice<UInt8>) {
        self = bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }
}
