internal import SyncProtocol

extension SyncService {
    /// How long tombstones and departures are kept at least, in milliseconds: 180 days.
    ///
    /// A device that was not heard of for as long is expired: it starts again when it comes back.
    public static let horizon: Int64 = 180 * 24 * 3600 * 1000

    // > [F-08] Tombstones and departures leave a feed when every device of the area that is not expired
    // > has read them, and after 180 days at the earliest.

    /// Takes out of every feed what nobody needs any more; returns how many entries.
    public func prune() async throws -> Int {
        let whole = AreaCode.everywhere
        let horizon = clock() - Self.horizon
        let (areas, devices) = try await store.read { transaction in
            (try transaction.heads(under: whole), try transaction.devices())
        }
        // One that was re-keyed reads on under its new key.
        let active = devices.filter {
            ($0.lastContact ?? $0.enrolledAt) >= horizon && $0.succession.rekeyedAt == nil
        }
        var pruned = 0
        for feed in areas {
            let holders = active.filter { $0.feeds.cover(feed.area) }.map(\.id)
            pruned += try await store.write { transaction in
                let readings = try transaction.readings(of: feed.area)
                // A device that has read nothing yet is sent no tombstone when it begins, but of erasures.
                let read = holders.compactMap { readings[$0] }.min() ?? feed.head
                return try transaction.prune(feed.area, upTo: read, goneBefore: horizon)
            }
        }
        return pruned
    }
}

extension AreaCode {
    /// Every province: together they contain every area.
    static var everywhere: [AreaCode] {
        (0...99).compactMap { AreaCode($0 < 10 ? "0\($0)" : String($0)) }
    }
}
