internal import SyncProtocol

/// What a device is sent besides outcomes, as one consistent state has it.
struct Reading: Sendable {
    var news = FeedReader.News()
    var settlements: [Settlement] = []
    var announcement: Announcement?

    /// The records of which it says anything.
    var records: [RecordID] { news.pages.flatMap { $0.records.map(\.id) } }

    /// Puts it into the answer to a request.
    func tell(in response: inout SyncResponse, to request: SyncRequest, whoPins pin: String?) {
        if let announcement, announcement.number > request.announcement,
            announcement.isFit(forWhoServes: pin)
        {
            response.announcement = announcement
        }
        response.pages = news.pages
        response.hasMore = news.hasMore
        response.digest = news.digest
        response.settlements = settlements
    }
}

/// What was read for a device before the writer was asked to note that it was there.
struct ReadAhead: Sendable {
    /// The device and the epoch by which it was read.
    let device: StoredDevice
    let epoch: Epoch
    let reading: Reading
    /// Who reads what [L-01]; `nil` where that is nothing.
    let access: Access?

    /// What it holds in memory.
    var bytes: Int { reading.news.pages.reduce(0) { $0 + $1.records.reduce(0) { $0 + $1.weight } } }

    /// Notes the reading in the transaction that takes the request in; `nil` where anything about the device is
    /// otherwise by now: a grant that was taken away shows nothing any more [F-05].
    func noted(
        for known: StoredDevice,
        in epoch: Epoch,
        _ transaction: some StoreTransaction
    ) throws -> Reading? {
        guard known == device, epoch == self.epoch else { return nil }
        if let access { try transaction.append([access]) }
        return reading
    }
}

extension SyncError {
    /// Whether the store could not do what it was asked.
    var isOfStore: Bool {
        ["disk_full", "database_busy", "database_unavailable", "database_unreadable"].contains(code)
    }
}

extension SyncService {
    // With one commit for what a device brings, for that it was here and for what it reads, instead of two one after
    // the other, it waits for the disk once. A store with one writer reads in that commit's own transaction. Where many
    // write side by side, reading there would hold up others and see what they commit meanwhile: it reads before.

    /// Reads for a device that brings nothing, before a writer is asked; `nil` where that has to wait.
    ///
    /// Whatever is wrong with the request or the store is found, and told, by whoever takes the request in.
    func readAhead(for request: SyncRequest, from id: DeviceID) async -> ReadAhead? {
        guard store.hasManyWriters, request.payloads.isEmpty, request.hole == nil,
            request.bookmarkToken.isEmpty,
            accessLog.backlog.waiting == 0, !commits.refuses(id)
        else { return nil }
        let ahead: ReadAhead?? = try? await store.read { transaction in
            let epoch = try transaction.epoch()
            guard let device = try transaction.device(id), device.revoked == nil,
                request.epoch == epoch || request.epoch == .none
            else { return nil }
            var reader = device
            var request = request
            request.bookmarks = try bookmarks(shownBy: request, &reader)
            let reading = try reading(for: request, of: device, in: transaction)
            let records = reading.records
            let access = Access(.sync, records, by: Principal(device), at: clock())
            return ReadAhead(
                device: device,
                epoch: epoch,
                reading: reading,
                access: records.isEmpty ? nil : access
            )
        }
        return ahead ?? nil
    }

    /// Reads for a device in the transaction that takes its request in, and notes what it reads; `nil` where that is so
    /// much, or of so many areas, that others would wait.
    func readAlong(
        for request: SyncRequest,
        of taken: Taken,
        in transaction: any StoreTransaction
    ) throws -> Reading? {
        guard !store.hasManyWriters, taken.bookmarks.count <= limits.bookmarksShown,
            taken.device.feeds.allSatisfy({ $0.rawValue.count >= Self.townshipDigits })
        else { return nil }
        var request = request
        request.bookmarks = taken.bookmarks
        let reader = FeedReader(transaction: transaction, limits: limits)
        guard let news = try reader.brief(for: request, of: taken.device.feeds) else { return nil }
        let reading = try reading(news, for: request, of: taken.device, in: transaction)
        let records = reading.records
        if !records.isEmpty {
            let access = Access(.sync, records, by: Principal(taken.device), at: clock())
            try transaction.append([access])
        }
        return reading
    }

    // A county has hundreds of areas, a township (乡镇) some twenty.
    private static var townshipDigits: Int { 9 }

    /// Reads for a device whose request was taken in, and notes what it reads.
    func read(for request: SyncRequest, of taken: Taken) async throws -> Reading {
        let reading = try await store.read { transaction in
            // Another daemon may have begun an epoch in between: the next request will hear of it.
            guard try transaction.epoch() == taken.epoch else {
                return Reading(
                    news: FeedReader.News(hasMore: true),
                    announcement: try transaction.announcement()
                )
            }
            return try self.reading(for: request, of: taken.device, in: transaction)
        }
        let records = reading.records
        if !records.isEmpty { await note(.sync, records, by: Principal(taken.device)) }
        return reading
    }

    private func reading(
        for request: SyncRequest,
        of device: StoredDevice,
        in transaction: any StoreReader
    ) throws -> Reading {
        let reader = FeedReader(transaction: transaction, limits: limits)
        let news = try reader.pages(for: request, of: device.feeds)
        return try reading(news, for: request, of: device, in: transaction)
    }

    private func reading(
        _ news: FeedReader.News,
        for request: SyncRequest,
        of device: StoredDevice,
        in transaction: any StoreReader
    ) throws -> Reading {
        Reading(
            news: news,
            settlements: try transaction.settlements(
                countedFor: device,
                after: request.settlements
            ),
            announcement: try transaction.announcement()
        )
    }
}
