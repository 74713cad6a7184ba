internal import SyncProtocol

/// Reads what is new in a device's areas, up to a budget of bytes.
struct FeedReader {
    let transaction: any StoreReader
    let limits: Limits

    /// What a device is sent.
    struct News {
        var pages: [AreaPage] = []
        var hasMore = false
        /// What stands in its areas, once there is no more to read.
        var digest: AreaDigest?
    }

    /// The pages from a device's bookmarks on, and whether there is more.
    ///
    /// > [F-05] A device receives no record outside the areas of its grant.
    func pages(
        for request: SyncRequest,
        of areas: [AreaCode]
    ) throws -> News {
        let room = Room(bytes: bytes(for: request), entries: .max, conflicts: .max)
        let asked = Self.byArea(request.bookmarks)
        return try pages(from: try transaction.heads(under: areas), asked, room)
    }

    /// The same, where it is read in passing; `nil` where it is so much that others would wait for it.
    func brief(
        for request: SyncRequest,
        of areas: [AreaCode]
    ) throws -> News? {
        let heads = try transaction.heads(under: areas)
        let asked = Self.byArea(request.bookmarks)
        let unread = heads.reduce(UInt64(0)) { sum, feed in
            let position = start(asked[feed.area], feed).start.position
            return sum + feed.head.rawValue - position.rawValue
        }
        let most = UInt64(limits.changesPerCommit)
        let isSmall = (1...Self.smallBudget).contains(request.budget)
        guard unread <= most || isSmall else { return nil }
        let room = Room(
            bytes: min(bytes(for: request), Self.briefBytes),
            entries: limits.changesPerCommit,
            conflicts: Self.briefConflicts
        )
        let news = try pages(from: heads, asked, room)
        // Who was not told all would come again for the rest, unless they asked for no more.
        return !news.hasMore || (isSmall && !news.pages.isEmpty) ? news : nil
    }

    private func bytes(for request: SyncRequest) -> Int {
        request.budget > 0 ? min(request.budget, limits.pageBytes) : limits.pageBytes
    }

    /// Bytes of records that are read in passing, however much there is.
    private static let smallBudget = 8 << 10
    /// Bytes of records that are read in passing at most.
    private static let briefBytes = 64 << 10
    /// Open conflicts of one record that are read in passing.
    private static let briefConflicts = 50

    private func pages(
        from heads: [AreaHead],
        _ asked: [AreaCode: Bookmark],
        _ room: Room
    ) throws -> News {
        var left = room
        var news = News()
        var digest = AreaDigest.empty
        for feed in heads {
            let (area, head) = (feed.area, feed.head)
            digest = digest + feed.digest
            let (start, restarts) = start(asked[area], feed)
            guard start.position < head else { continue }
            guard !left.isUsedUp else {
                news.hasMore = true
                return news
            }
            var page = try read(from: start, head: head, left: &left)
            page.restarts = restarts
            if page.position > start.position { news.pages.append(page) }
            if page.position < head {
                news.hasMore = true
                return news
            }
        }
        news.digest = digest
        return news
    }

    /// What an answer may still take in.
    private struct Room {
        var bytes: Int
        /// Entries that are looked at, whether they are sent or not.
        var entries: Int
        /// Open conflicts that a record may have.
        let conflicts: Int

        var isUsedUp: Bool { bytes <= 0 || entries <= 0 }
    }

    private static func byArea(_ bookmarks: [Bookmark]) -> [AreaCode: Bookmark] {
        Dictionary(bookmarks.map { ($0.area, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Shows what a reader of some areas would be sent, entry by entry, until it has seen enough.
    func walk(
        for request: SyncRequest,
        of areas: [AreaCode],
        _ visit: (FeedEntry) -> Bool
    ) throws {
        let asked = Self.byArea(request.bookmarks)
        var goesOn = true
        for feed in try transaction.heads(under: areas) where goesOn {
            let (start, _) = start(asked[feed.area], feed)
            guard start.position < feed.head else { continue }
            try transaction.feed(of: feed.area, after: start.position) { entry in
                if isSent(entry, above: start.floor) { goesOn = visit(entry) }
                return goesOn
            }
        }
    }

    // > [F-03] A reader that starts at 0 gets no departure at or below the head that it started with.

    /// Where reading an area begins, and whether it begins again.
    private func start(_ asked: Bookmark?, _ feed: AreaHead) -> (start: Bookmark, restarts: Bool) {
        let beginning = Bookmark(area: feed.area, position: .start, floor: feed.head)
        guard let asked else { return (beginning, false) }
        return mustRestart(asked, feed) ? (beginning, true) : (asked, false)
    }

    // > [F-03] A reader that starts at 0 gets no departure at or below the head that it started with, and no
    // > tombstone there without an open conflict, but of what was erased by law.
    private func isSent(_ entry: FeedEntry, above floor: Position) -> Bool {
        switch entry.content {
        case .record(let copy, let openConflicts):
            !copy.isDeleted || copy.isErased || openConflicts > 0 || entry.position > floor
        case .departure: entry.position > floor
        }
    }

    // > [F-07] A bookmark above the server's head, or of another epoch, starts again at 0, and its reader
    // > drops what it is not sent by then: it may hold what has gone since.
    // > [F-08] A reader whose bookmark lies below what has left starts again at 0.
    //
    // Of another epoch nothing is taken: its reader comes back with bookmarks that stand at 0.
    private func mustRestart(_ bookmark: Bookmark, _ feed: AreaHead) -> Bool {
        bookmark.position == .start || bookmark.position > feed.head
            || max(bookmark.position, bookmark.floor) < feed.pruned
    }

    // > [F-04] A page is bounded in bytes.
    private func read(from start: Bookmark, head: Position, left: inout Room) throws -> AreaPage {
        var page = AreaPage(area: start.area, position: start.position, floor: start.floor)
        var isFull = false
        var room = left
        try transaction.feed(of: start.area, after: start.position) { entry in
            // At least one entry travels, however large: or the reader would never get past it.
            if room.isUsedUp || entry.openConflicts > room.conflicts {
                isFull = true
                return false
            }
            room.bytes -= try add(entry, to: &page)
            room.entries -= 1
            page.position = entry.position
            return true
        }
        left = room
        if !isFull { page.position = head }
        if page.position >= page.floor { page.floor = .start }
        return page
    }

    /// Adds an entry to a page and tells how many bytes it takes.
    private func add(_ entry: FeedEntry, to page: inout AreaPage) throws -> Int {
        guard isSent(entry, above: page.floor) else { return 0 }
        switch entry.content {
        case .record(let copy, let openConflicts):
            let whole = try transaction.whole(copy, openConflicts: openConflicts)
            page.records.append(whole)
            return whole.weight
        case .departure(let id):
            page.departures.append(id)
            return 18
        }
    }
}

extension StoreReader {
    // > [F-06] A record travels with its open conflicts.

    /// A copy with the conflicts that it has to bring.
    func whole(_ copy: RecordCopy, openConflicts: Int) throws -> RecordCopy {
        guard openConflicts > 0 else { return copy }
        var copy = copy
        copy.conflicts = try conflicts(of: copy.id, openOnly: true).map(\.encoded)
        return copy
    }
}

extension RecordCopy {
    /// About how many bytes it takes on the wire.
    var weight: Int { message.count + conflicts.reduce(32) { $0 + $1.count } }
}

extension FeedEntry {
    fileprivate var openConflicts: Int {
        if case .record(_, let openConflicts) = content { openConflicts } else { 0 }
    }
}
