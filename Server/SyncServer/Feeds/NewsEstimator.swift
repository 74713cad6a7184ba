public import SyncProtocol

extension SyncService {
    /// How much is new in a device's areas since some bookmarks; nothing of what it says.
    ///
    /// > [F-09] A device may ask how much a sync would bring: records by type, departures, open conflicts, and about how
    /// > many bytes.
    ///
    /// Throws `device_unknown`, what keeps a device from syncing, and `too_many_bookmarks`.
    public func estimate(
        _ question: NewsQuestion,
        for id: DeviceID
    ) async throws -> NewsEstimate {
        var request = SyncRequest()
        request.bookmarks = question.read
        try check(request)
        let (asked, limits, schema) = (request, limits, schema)
        return try await store.read { transaction in
            guard let device = try transaction.device(id) else { throw SyncError.deviceUnknown }
            try device.mustBeInUse()
            var estimator = NewsEstimator(schema: schema)
            try FeedReader(transaction: transaction, limits: limits)
                .walk(for: asked, of: device.feeds) { estimator.add($0) }
            return estimator.estimate(pageBytes: limits.pageBytes)
        }
    }
}

/// Counts what a reader would be sent, and weighs it by packing some of it.
struct NewsEstimator {
    /// Entries that are counted at most: a new device's township is told as "at least".
    static let most = 50_000
    /// Of so many bytes it is tried out how small they become.
    private static let sampleBytes = 64 << 10
    /// What the heads of a request and its answer weigh, about.
    private static let heads = 720

    let schema: Schema
    private var counted = NewsEstimate()
    private var entries = 0
    private var weight = 0
    private var sample: [UInt8] = []

    init(schema: Schema) { self.schema = schema }

    /// Counts an entry; returns whether to go on.
    mutating func add(_ entry: FeedEntry) -> Bool {
        guard entries < Self.most else {
            counted.isAtLeast = true
            return false
        }
        entries += 1
        switch entry.content {
        case .departure(let id):
            counted.departures += 1
            take(id.bytes)
        case .record(let copy, let openConflicts):
            counted.records[schema.type(copy.type)?.name ?? "", default: 0] += 1
            counted.conflicts += openConflicts
            take(copy.encoded)
            // A conflict holds two values, two authors and their times.
            weight += openConflicts * 160
        }
        return true
    }

    private mutating func take(_ bytes: [UInt8]) {
        weight += bytes.count + 3
        if sample.count < Self.sampleBytes { sample += bytes }
    }

    func estimate(pageBytes: Int) -> NewsEstimate {
        var estimate = counted
        guard weight > 0 else {
            estimate.bytes = Self.heads
            return estimate
        }
        let isSmall = weight <= PresetDictionary.bodyLimit
        let packed = Zlib.pack(sample, as: .deflate, with: isSmall ? .latest : nil)
        let pages = (weight + pageBytes - 1) / pageBytes
        estimate.bytes = pages * Self.heads + weight * packed.count / max(1, sample.count)
        return estimate
    }
}
