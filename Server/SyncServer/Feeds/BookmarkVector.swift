internal import SyncProtocol
internal import SyncTrust

/// How far a holder of very many areas has read, as it has shown: what a token stands for.
///
/// > [F-11] The token moves on by what the device has shown that it took, and by nothing else.
struct BookmarkVector {
    private var bookmarks: [AreaCode: Bookmark] = [:]
    /// What stood for the vector before its last change: the device may not have heard of that.
    private var former: [UInt8] = []

    /// A vector of nothing.
    init() {}

    /// The vector that a device's row keeps; nothing where it keeps none.
    init(stored bytes: [UInt8]?) {
        guard let bytes, bytes.count >= Self.tokenBytes,
            let kept = try? SyncRequest(Array(bytes[Self.tokenBytes...]), as: .protobuf)
        else { return }
        former = Array(bytes[..<Self.tokenBytes])
        for bookmark in kept.bookmarks { bookmarks[bookmark.area] = bookmark }
    }

    private static let tokenBytes = 16

    /// What stands for the vector.
    var token: [UInt8] { Array(Chain.hash(of: encoded).prefix(Self.tokenBytes)) }

    /// What a device's row keeps.
    var stored: [UInt8] {
        let padding = [UInt8](repeating: 0, count: Self.tokenBytes - former.count)
        return former + padding + encoded
    }

    /// Whether a token stands for this vector, or for the one before it.
    ///
    /// What the two differ in, the device shows again as long as it has not heard of this one's token.
    func isMeant(by token: [UInt8]) -> Bool {
        !bookmarks.isEmpty && (token == self.token || token == former)
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
        let known = bookmarks.isEmpty ? [] : token
        for bookmark in shown {
            bookmarks[bookmark.area] = bookmark.floor == .start ? bookmark : nil
        }
        if !known.isEmpty, known != token { former = known }
    }

    private var encoded: [UInt8] {
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
    /// Throws `bookmark_token_unknown`.
    func bookmarks(
        shownBy request: SyncRequest,
        _ device: inout StoredDevice
    ) throws -> [Bookmark] {
        var vector = BookmarkVector()
        if !request.bookmarkToken.isEmpty {
            vector = BookmarkVector(stored: device.vector)
            guard vector.isMeant(by: request.bookmarkToken) else {
                throw SyncError(
                    "bookmark_token_unknown",
                    "The bookmark token stands for nothing that is known here",
                    hint: "Show every bookmark instead.",
                    subject: "bookmark_token"
                )
            }
        }
        let all = vector.with(request.bookmarks)
        guard all.count > limits.bookmarksShown else {
            device.vector = nil
            return all
        }
        vector.take(request.bookmarks)
        device.vector = vector.stored
        return all
    }
}
