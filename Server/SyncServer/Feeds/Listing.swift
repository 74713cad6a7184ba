internal import SyncProtocol

/// Walks live records of some areas in the order of their ids.
///
/// By id, where many of those that it passes stand in the areas. Where few do, it would read nearly all that the database
/// holds for one village: then what stands in the areas is looked up instead.
struct Listing {
    /// Whoever wants one at a time has it found among as many: asking costs more than reading some more.
    private static let leastStep = 100

    private let transaction: any StoreReader
    private let type: UInt32?
    private let areas: [AreaCode]
    private let step: Int
    private var last: RecordID?
    /// How many records it may still pass before it looks up those of the areas.
    private var passable: Int
    private var lookedUp: ArraySlice<RecordID>?

    init(
        ofType type: UInt32?,
        in areas: [AreaCode],
        after id: RecordID?,
        step: Int,
        _ transaction: any StoreReader
    ) throws {
        (self.transaction, self.type, self.areas) = (transaction, type, areas)
        self.step = max(Self.leastStep, step)
        last = id
        let standing = try transaction.heads(under: areas).reduce(0) { $0 + $1.digest.records }
        // To pass one costs some times as much as to look one up.
        passable = max(4 * self.step, standing / 16)
    }

    /// The next ones; none at the end, and among them none that stands elsewhere or is of another type.
    mutating func next() throws -> [StoredRecord]? {
        let found = try lookedUp == nil && passable > 0 ? passed() : standing()
        guard let end = found.last?.state.id else { return nil }
        last = end
        return found.filter { record in
            record.state.isLive && (type == nil || record.state.type == type)
                && record.placements.contains { areas.cover($0.area) }
        }
    }

    private mutating func passed() throws -> [StoredRecord] {
        let found = try transaction.records(ofType: nil, after: last, limit: step)
        passable -= found.count
        return found
    }

    private mutating func standing() throws -> [StoredRecord] {
        let ids = try lookedUp ?? transaction.ids(ofType: type, under: areas, after: last)[...]
        lookedUp = ids.dropFirst(step)
        let found = try transaction.records(ids.prefix(step))
        return ids.prefix(step).compactMap { found[$0] }
    }
}
