internal import SyncProtocol

/// Reads what is new in a device's areas, up to a budget of bytes.
struct FeedReader {
    let transaction: any StoreReader
    let epoch: Epoch
    let limits: Limits

    /// The pages from a device's bookmarks on, and whether there is more.
    ///
    /// > [F-05] A device receives no record outside the areas of its grant.
    func pages(
        for request: SyncRequest,
        of areas: [AreaCode]
    ) throws -> (pages: [AreaPage], hasMore: Bool) {
        let asked = Dictionary(
            request.bookmarks.map { ($0.area, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let limit = limits.pageBytes
        var left = request.budget > 0 ? min(request.budget, limit) : limit
        var pages: [AreaPage] = []
        for feed in try transaction.heads(under: areas) {
            let (area, head) = (feed.area, feed.head)
            let known = asked[area]
            var start = start(known, isSameEpoch: request.epoch == epoch, area: area, head)
            // > [F-08] A reader whose bookmark lies below what has left starts again at 0 and drops what
            // > it is not sent by then.
            let reach = max(start.position, start.floor)
            let restarts = known != nil && reach < feed.pruned
            if restarts { start = Bookmark(area: area, position: .start, floor: head) }
            guard start.position < head else { continue }
            guard left > 0 else { return (pages, true) }
            var page = try read(from: start, head: head, left: &left)
            page.restarts = restarts
            pages.append(page)
            if page.position < head { return (pages, true) }
        }
        return (pages, false)
    }

    // > [F-07] A bookmark above the server's head, or of another epoch, starts again at 0.
    // > [F-03] A reader that starts at 0 gets no departure at or below the head that it started with.
    private func start(
        _ bookmark: Bookmark?,
        isSameEpoch: Bool,
        area: AreaCode,
        _ head: Position
    ) -> Bookmark {
        guard let bookmark else { return Bookmark(area: area, position: .start, floor: head) }
        // Whoever read the area before may hold what has gone since.
        guard isSameEpoch, bookmark.position <= head, bookmark.position > .start else {
            return Bookmark(area: area, position: .start, floor: .start)
        }
        return bookmark
    }

    // > [F-04] A page is bounded in bytes.
    private func read(from start: Bookmark, head: Position, left: inout Int) throws -> AreaPage {
        var page = AreaPage(area: start.area, position: start.position, floor: start.floor)
        var isFull = false
        var room = left
        try transaction.feed(of: start.area, after: start.position) { entry in
            // At least one entry travels, however large: or the reader would never get past it.
            if room <= 0 {
                isFull = true
                return false
            }
            room -= try add(entry, to: &page)
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
        switch entry.content {
        case .record(var copy, let openConflicts):
            if copy.isDeleted, entry.position <= page.floor { return 0 }
            // > [F-06] A record travels with its open conflicts.
            if openConflicts > 0 {
                copy.conflicts = try transaction.conflicts(of: copy.id, openOnly: true)
                    .map(\.encoded)
            }
            page.records.append(copy)
            return copy.message.count + copy.conflicts.reduce(32) { $0 + $1.count }
        case .departure(let id):
            guard entry.position > page.floor else { return 0 }
            page.departures.append(id)
            return 18
        }
    }
}
