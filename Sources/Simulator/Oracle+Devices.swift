internal import SyncClient
internal import SyncProtocol
internal import SyncServer
internal import SyncTrust

// What the oracle compares between handhelds and server, once everything is quiet.

extension Oracle {
    /// A copy of a record, by what everybody has to agree on.
    struct Copy: Hashable, Sendable {
        let revision: Revision
        let type: UInt32
        let fields: FieldMap
    }

    /// What one handheld holds.
    struct Holding: Sendable {
        var copies: [RecordID: Copy] = [:]
        var standing: [RecordID: Set<AreaCode>] = [:]
        var references: [(source: RecordID, target: RecordID)] = []
        var unanswered = 0
        var bookmarks: [Bookmark] = []
        var grant = Grant(number: 0, areas: [])
        var digest = AreaDigest.empty
        var recounted = 0
        var strays: [RecordID] = []
        /// The numbers of what was returned to it and not dealt with yet.
        var returned: Set<SequenceNumber> = []
        /// How many changes of each record wait, or were returned.
        var counts: [RecordID: [Int]] = [:]
        /// The open conflicts that it shows.
        var conflicts: [ConflictEntry] = []
    }

    mutating func judge(
        _ device: any Handheld,
        _ standing: Standing,
        in door: ServerDoor
    ) async throws {
        guard let id = device.id else { return }
        let holding = try await Self.holding(of: device)
        let areas = door.areas(of: id)
        judgeSame(device, holding, standing, areas)
        judgeScope(device, holding, standing, areas)
        judgeReading(device, holding, standing, areas)
        judgeConflicts(device, holding, standing, areas)
        judgeReturned(device, holding, standing)
    }

    static func holding(of device: any Handheld) async throws -> Holding {
        try await device.store.write { transaction in
            var holding = Holding()
            holding.unanswered = try transaction.unansweredCount()
            holding.bookmarks = try transaction.bookmarks()
            holding.grant = try transaction.profile()?.grant ?? holding.grant
            holding.recounted = try transaction.recount { RecordMark.of($0, $1, $2) }
            holding.digest = try transaction.digests().values.reduce(.empty, +)
            holding.strays = try transaction.strays()
            holding.returned = Set(try transaction.returned().map(\.sequence))
            holding.conflicts = try transaction.conflicts().compactMap { ConflictEntry($0) }
            for area in try transaction.placedAreas() {
                for record in try transaction.records(standingIn: area) {
                    holding.counts[record.id] = [record.pending, record.returned]
                    guard let known = record.acknowledged, !known.isDeleted, known.redirect == nil
                    else { continue }
                    holding.copies[record.id] = Copy(
                        revision: known.base.revision,
                        type: record.type,
                        fields: known.fields
                    )
                    holding.standing[record.id, default: []].insert(area)
                    for field in Schema.current.type(record.type)?.placing ?? []
                    where field.format == .reference {
                        if let target = known.fields.reference(field.number) {
                            holding.references.append((record.id, target))
                        }
                    }
                }
            }
            return holding
        }
    }

    // > I3 devices with the same area, once quiet, hold the same bytes as the server.

    private mutating func judgeSame(
        _ device: any Handheld,
        _ holding: Holding,
        _ standing: Standing,
        _ areas: [AreaCode]
    ) {
        var expected: [RecordID: Copy] = [:]
        for (id, record) in standing.records where record.state.isLive {
            let isHere = record.placements.contains { areas.cover($0.area) }
            if isHere {
                expected[id] = Copy(
                    revision: record.state.revision,
                    type: record.state.type,
                    fields: record.state.fields
                )
            }
        }
        for (id, copy) in expected.sorted(by: { $0.key < $1.key }) where holding.copies[id] != copy
        {
            let mine = holding.copies[id]
            let words =
                mine == nil
                ? "does not hold"
                : "holds revision \(mine?.revision.rawValue ?? 0), not \(copy.revision.rawValue), of"
            accuse("I3", "\(device.name) \(words) a record of its areas", about: id)
        }
        for id in holding.copies.keys.sorted() where expected[id] == nil {
            accuse(
                "I3",
                "\(device.name) holds a record that does not stand in its areas",
                about: id
            )
        }
    }

    // > [V-06] A returned change is kept whole until it is mended, or discarded by a reviewer with a reason. Its device
    // > hears of either at its next sync.

    private mutating func judgeReturned(
        _ device: any Handheld,
        _ holding: Holding,
        _ standing: Standing
    ) {
        // Copies share what was returned to either, and after a restore it is returned again.
        guard restores == 0, let id = device.id, isAlone(device.name) else { return }
        let theirs = standing.unsettled[id] ?? []
        guard holding.returned != theirs else { return }
        let numbers = [holding.returned, theirs].map { $0.map(\.rawValue).sorted() }
        let differing = holding.returned.symmetricDifference(theirs)
        let concerned = standing.returned.first {
            $0.device == id && differing.contains($0.sequence)
        }
        accuse(
            "V",
            "\(device.name) shows \(numbers[0]) as returned, not \(numbers[1])",
            about: concerned?.record
        )
    }

    // > [F-06] A record travels with its open conflicts.

    private mutating func judgeConflicts(
        _ device: any Handheld,
        _ holding: Holding,
        _ standing: Standing,
        _ areas: [AreaCode]
    ) {
        // What left stays where there is work on it, and hears of nothing any more.
        func isHere(_ entry: ConflictEntry) -> Bool {
            standing.records[entry.record]?.placements.contains { areas.cover($0.area) } ?? false
        }
        let all = Dictionary(
            standing.conflicts.values.joined().map { ($0.id, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let shown = Set(holding.conflicts.filter(isHere))
        let expected = Set(all.values.filter { $0.isOpen && isHere($0) })
        guard shown != expected else { return }
        let differing = shown.symmetricDifference(expected).map(\.id).min()
        accuse(
            "F",
            "\(device.name) shows conflicts \(shown.map(\.id).sorted()), not \(expected.map(\.id).sorted())",
            about: differing.flatMap { all[$0]?.record }
        )
    }

    // > I7 a device receives no record outside its areas.
    // > I15 once a sync has ended, no reference dangles.

    private mutating func judgeScope(
        _ device: any Handheld,
        _ holding: Holding,
        _ standing: Standing,
        _ areas: [AreaCode]
    ) {
        for (id, places) in holding.standing.sorted(by: { $0.key < $1.key })
        where !places.allSatisfy({ areas.cover($0) }) {
            accuse("I7", "\(device.name) holds a record in an area that is not its own", about: id)
        }
        for (source, target) in holding.references where holding.copies[target] == nil {
            // A record that points to another is seen there; one that is deleted is seen nowhere.
            guard let record = standing.records[target], record.state.isLive else { continue }
            accuse(
                "I15",
                "\(device.name) holds a reference to what it does not hold",
                about: source
            )
        }
        for id in device.strays {
            accuse("I7", "\(device.name) was sent a record from outside its areas", about: id)
        }
    }

    // > I6 no bookmark ever skips a committed change.
    // > I10 the outbox empties within bounded time once faults stop.

    private mutating func judgeReading(
        _ device: any Handheld,
        _ holding: Holding,
        _ standing: Standing,
        _ areas: [AreaCode]
    ) {
        if holding.unanswered > 0 {
            accuse("I10", "\(device.name) still has \(holding.unanswered) unanswered changes")
        }
        for head in standing.heads where areas.cover(head.area) {
            let bookmark = holding.bookmarks.first { $0.area == head.area }
            if bookmark?.position != head.head {
                accuse(
                    "I6",
                    "\(device.name) has read \(head.area.rawValue) to \(bookmark?.position.rawValue ?? 0) of \(head.head.rawValue)"
                )
            }
        }
        let theirs = standing.heads.filter { areas.cover($0.area) }.map(\.digest).reduce(.empty, +)
        if theirs != holding.digest {
            accuse("G", "\(device.name) adds up to another digest than the server")
        }
        if holding.recounted > 0 {
            accuse("G", "\(device.name): \(holding.recounted) rows were not as they were counted")
        }
        if !holding.strays.isEmpty {
            accuse(
                "I3",
                "\(device.name) shows records that stand nowhere",
                about: holding.strays[0]
            )
        }
    }
}
