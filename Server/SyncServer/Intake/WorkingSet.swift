internal import SyncProtocol

/// The records that a batch touches, as they were and as they become, within one transaction.
///
/// Later changes of a batch see what earlier ones did; the store is asked for each record once and
/// told of each once.
final class WorkingSet {
    private let transaction: any StoreTransaction
    private let schema: Schema
    private var before: [RecordID: StoredRecord] = [:]
    private var now: [RecordID: StoredRecord] = [:]
    private var asked: Set<RecordID> = []
    /// Who refers to a record, by the record referred to; only of those that were asked for.
    private var referrers: [RecordID: Set<Reference>] = [:]
    /// References that the batch made, by the record referred to.
    private var newReferences: [RecordID: Set<Reference>] = [:]
    private var touched: Set<RecordID> = []
    private var touchedConflicts: Set<RecordID> = []
    /// Where records stood when the batch deleted them, or found them to be others: after what it had done before.
    private(set) var lastPlaces: [RecordID: Set<AreaCode>] = [:]
    private var map: AreaMap?
    /// What others wrote and counts as the author's own; `nil` where nothing does.
    let heritage: Heritage?

    init(_ transaction: any StoreTransaction, schema: Schema, heritage: Heritage? = nil) {
        self.transaction = transaction
        self.schema = schema
        self.heritage = heritage
    }

    /// What was done to the map of areas.
    func areaMap() throws -> AreaMap {
        if let map { return map }
        let known = try transaction.areaMap()
        map = known
        return known
    }

    /// How many records stand elsewhere than they did before.
    var moved: Int {
        touched.count { before[$0]?.placements.map(\.area) != now[$0]?.placements.map(\.area) }
    }

    func load(_ ids: some Collection<RecordID>) throws {
        if ids.count > 1 { expect(ids.count) }
        let missing = ids.filter { asked.insert($0).inserted }
        guard !missing.isEmpty else { return }
        var found = try transaction.records(missing)
        if let heritage { found = try found.mapValues(heritage.asOwn) }
        before.merge(found) { _, new in new }
        now.merge(found) { mine, _ in mine }
    }

    /// Makes room for as many records at once, instead of as they come.
    private func expect(_ count: Int) {
        asked.reserveCapacity(asked.count + count)
        touched.reserveCapacity(touched.count + count)
        before.reserveCapacity(before.count + count)
        now.reserveCapacity(now.count + count)
    }

    func record(_ id: RecordID) throws -> StoredRecord? {
        if !asked.contains(id) { try load([id]) }
        return now[id]
    }

    func original(_ id: RecordID) -> StoredRecord? { before[id] }

    func set(_ record: StoredRecord) {
        let id = record.state.id
        asked.insert(id)
        touched.insert(id)
        if record.state.isLive { lastPlaces[id] = nil }
        for reference in references(of: record.state) {
            newReferences[reference.target, default: []].insert(reference)
        }
        now[id] = record
    }

    /// Notes where a record stood at the moment at which it ended: there its tombstone stands.
    func end(_ id: RecordID, in areas: Set<AreaCode>) { lastPlaces[id] = areas }

    /// Notes where a record stands from now on.
    func place(_ move: FeedMove) {
        guard var record = now[move.id] else { return }
        record.placements.removeAll { $0.area == move.area }
        if !move.isDeparture {
            record.placements.append(Placement(area: move.area, position: move.to))
            record.placements.sort { $0.area < $1.area }
        }
        now[move.id] = record
        touched.insert(move.id)
    }

    /// The records that the batch wrote to, in no order.
    var news: some Sequence<StoredRecord> {
        touched.lazy.compactMap { [now] id in now[id] }.filter { self.isNews($0) }
    }

    /// Whether readers have to hear of a record: it was written to, or a conflict was opened.
    ///
    /// Every writing gives a new revision, so nothing else needs comparing.
    func isNews(_ record: StoredRecord) -> Bool {
        guard let before = before[record.state.id] else { return true }
        return before.state.revision != record.state.revision
            || before.openConflicts != record.openConflicts
            || touchedConflicts.contains(record.state.id)
    }

    /// Notes that one of a record's open conflicts says something else now.
    func noteConflict(of id: RecordID) { touchedConflicts.insert(id) }

    /// What a record refers to.
    func references(of state: RecordState) -> [Reference] {
        guard let type = schema.type(state.type) else { return [] }
        return type.placing.compactMap { field in
            guard field.format == .reference, let target = state.fields.reference(field.number)
            else { return nil }
            return Reference(target: target, source: state.id, field: field.number)
        }
    }

    /// The records that refer to one, with the referring field, as the batch has made them by now.
    func referrers(
        of id: RecordID
    ) throws -> [(record: StoredRecord, field: RecordField)] {
        try load([id])
        if referrers[id] == nil {
            // Nothing is accepted that refers to a record which is not there.
            referrers[id] = before[id] == nil ? [] : Set(try transaction.referrers(of: [id]))
        }
        let known = (referrers[id] ?? []).union(newReferences[id] ?? [])
        try load(known.map(\.source))
        return known.compactMap { reference in
            guard let source = now[reference.source],
                source.state.fields.reference(reference.field) == id,
                let field = schema.type(source.state.type)?.field(reference.field)
            else { return nil }
            return (source, field)
        }
        .sorted { $0.record.state.id < $1.record.state.id }
    }

    /// Whether a live record refers to one.
    func isReferredTo(_ id: RecordID) throws -> Bool {
        try referrers(of: id).contains { $0.record.state.isLive }
    }

    /// The records that point to one, as the batch has made them by now, in the order of their ids.
    func sources(of id: RecordID) throws -> [StoredRecord] {
        try load(try transaction.redirects(to: id))
        return now.values.filter { $0.state.redirect == id }.sorted { $0.state.id < $1.state.id }
    }

    /// What to tell the store, in the order of the ids, so that locks are always taken in the same order.
    var writes: [RecordWrite] {
        // The ids are sorted: a record is large.
        touched.sorted().compactMap { id in
            guard let record = now[id] else { return nil }
            let known = before[id]
            guard
                isNews(record) || known?.placements != record.placements
                    || known?.own != record.own
            else { return nil }
            let new = Set(references(of: record.state))
            let old = Set(known.map { references(of: $0.state) } ?? [])
            return RecordWrite(
                record: heritage?.asWritten(record) ?? record,
                added: new.subtracting(old),
                removed: old.subtracting(new)
            )
        }
    }
}
