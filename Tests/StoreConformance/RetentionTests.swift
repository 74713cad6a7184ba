import SyncProtocol
import SyncServer
import Testing

/// What a store promises about what it keeps, for how long, and what it forgets by law.
struct RetentionTests {
    /// A step of a history as this suite compares it.
    private struct Told: Hashable {
        var sequence: UInt64
        var revision: UInt64
        var undo: [UInt8]
        var via: RecordID?

        init(_ step: StoredStep) {
            sequence = step.change.sequence.rawValue
            revision = step.revision.rawValue
            undo = step.undo
            via = step.via
        }

        init(_ sequence: UInt64, _ revision: UInt64, _ undo: [UInt8], via: UInt8? = nil) {
            self.sequence = sequence
            self.revision = revision
            self.undo = undo
            self.via = via.map { Sample.record($0) }
        }
    }

    private static func change(
        _ number: UInt64,
        to record: UInt8,
        at revision: UInt64,
        undo: [UInt8]
    ) -> StoredChange {
        var change = Sample.change(number, to: Sample.record(record))
        change.outcome.revision = Revision(rawValue: revision)
        change.undo = undo
        return change
    }

    private static func effect(
        on record: UInt8,
        at revision: UInt64,
        undo: [UInt8],
        via: UInt8
    ) -> StoredEffect {
        StoredEffect(
            record: Sample.record(record),
            revision: Revision(rawValue: revision),
            undo: undo,
            via: Sample.record(via)
        )
    }

    /// Two records of which the first came to point to the second between the second's changes.
    private static func keepHistory(in store: any Store) async throws {
        try await store.write { transaction in
            try transaction.save(Sample.device(1))
            try transaction.append(Self.change(1, to: 2, at: 1, undo: [21]), effects: [])
            try transaction.append(Self.change(2, to: 1, at: 1, undo: [11]), effects: [])
            try transaction.append(
                Self.change(3, to: 1, at: 2, undo: [12]),
                effects: [Self.effect(on: 2, at: 2, undo: [22], via: 1)]
            )
            try transaction.append(Self.change(4, to: 2, at: 3, undo: [23]), effects: [])
            var refused = Self.change(5, to: 1, at: 0, undo: [])
            refused.outcome.kind = .quarantined
            refused.outcome.message = "王芳"
            let number = try transaction.append(refused, effects: [])
            try transaction.settle(
                number,
                by: Settlement(
                    number: 0,
                    sequence: .none,
                    kind: .discarded,
                    by: "周审核",
                    reason: "王芳重复",
                    settledAt: Sample.noon
                )
            )
        }
    }

    private static func steps(of record: UInt8, in store: any Store) async throws -> [Told] {
        try await store.read { try $0.steps(of: Sample.record(record)) }.map { Told($0) }
    }

    @Test(
        "[H-01] the steps of a record are its own and those that came from others, in order",
        arguments: StoreKind.available
    )
    func steps(kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await Self.keepHistory(in: store)

            let first = try await Self.steps(of: 1, in: store)
            let second = try await Self.steps(of: 2, in: store)
            let none = try await Self.steps(of: 9, in: store)
            #expect(first == [Told(2, 1, [11]), Told(3, 2, [12])])
            #expect(
                second == [Told(1, 1, [21]), Told(3, 2, [22], via: 1), Told(4, 3, [23])]
            )
            #expect(none.isEmpty)
        }
    }

    @Test(
        "[E-01] redacted, a history keeps numbers and hashes, and nothing that was said",
        arguments: StoreKind.available
    )
    func redaction(kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await Self.keepHistory(in: store)

            try await store.write { transaction in
                try transaction.redactHistory(of: Sample.record(1)) { [UInt8($0.count)] }
            }

            let (changes, settlements) = try await store.read { transaction in
                let range = SequenceNumber(rawValue: 1)...SequenceNumber(rawValue: 5)
                return (
                    try transaction.changes(of: Sample.deviceID(1), in: range),
                    try transaction.settlements(of: Sample.deviceID(1), after: 0)
                )
            }
            let first = try await Self.steps(of: 1, in: store)
            let second = try await Self.steps(of: 2, in: store)
            let gone = Undo.forgotten
            #expect(changes.map(\.isRedacted) == [false, true, true, false, true])
            #expect(changes.map(\.payload) == [[1, 2, 1], [3], [3], [1, 2, 4], [3]])
            #expect(changes.map(\.hash) == (1...5).map { Sample.change($0).hash })
            #expect(changes.map(\.outcome.message) == ["", "", "", "", ""])
            #expect(settlements.map(\.reason) == [""] && settlements.map(\.by) == ["周审核"])
            #expect(first == [Told(2, 1, gone), Told(3, 2, gone)])
            // From where it reached the other record on, that one's past holds what it said, too.
            #expect(second == [Told(1, 1, [21]), Told(3, 2, gone, via: 1), Told(4, 3, gone)])
        }
    }

    @Test(
        "[F-08] how far each device has read an area is known as it last said",
        arguments: StoreKind.available
    )
    func readings(kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await store.write { transaction in
                for device: UInt8 in [1, 2] { try transaction.save(Sample.device(device)) }
                try transaction.place(Sample.state(1), in: [Sample.gaoting])
                for position: UInt64 in [7, 3] {
                    let read = Bookmark(
                        area: Sample.gaoting,
                        position: Position(rawValue: position)
                    )
                    // An area without a feed is nobody's to have read.
                    let nowhere = Bookmark(area: Sample.dongsha, position: .start)
                    try transaction.note(readings: [read, nowhere], of: Sample.deviceID(1))
                }
                try transaction.note(readings: [], of: Sample.deviceID(2))
            }

            let (here, there) = try await store.read { transaction in
                (
                    try transaction.readings(of: Sample.gaoting),
                    try transaction.readings(of: Sample.dongsha)
                )
            }
            #expect(here == [Sample.deviceID(1): Position(rawValue: 3)])
            #expect(there.isEmpty)
        }
    }

    /// A feed with a live record at 1, a tombstone at 2, departures at 3 and 4, all but the last old.
    private static func keepFeed(in store: any Store, openConflicts: Int = 0) async throws {
        try await store.write { transaction in
            let ages: [(record: UInt8, isDeparture: Bool, goneAt: Int64?)] = [
                (1, false, nil), (2, false, 100), (3, true, 100), (4, true, 200),
            ]
            for age in ages {
                let position = try transaction.takePositions(in: Sample.gaoting, count: 1)
                let state = age.record == 2 ? Sample.workedState(2) : Sample.state(age.record)
                let places = [Placement(area: Sample.gaoting, position: position)]
                let record = StoredRecord(
                    state: state,
                    placements: age.isDeparture ? [] : places,
                    openConflicts: age.record == 2 ? openConflicts : 0
                )
                try transaction.save([RecordWrite(record: record)])
                try transaction.put(
                    FeedMove(
                        id: state.id,
                        area: Sample.gaoting,
                        from: nil,
                        to: position,
                        isDeparture: age.isDeparture,
                        goneAt: age.goneAt
                    )
                )
            }
        }
    }

    private static func feed(in store: any Store) async throws -> [UInt64] {
        try await store.read { transaction in
            var positions: [UInt64] = []
            try transaction.feed(of: Sample.gaoting, after: .start) { entry in
                positions.append(entry.position.rawValue)
                return true
            }
            return positions
        }
    }

    @Test(
        "[F-08] tombstones and departures leave a feed once they are old and everybody has read them",
        arguments: StoreKind.available
    )
    func pruning(kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await Self.keepFeed(in: store)

            var gone: [Int] = []
            var left: [[UInt64]] = []
            for (position, time) in [(4, 100), (2, 101), (4, 101), (4, 101)] as [(UInt64, Int64)] {
                gone.append(
                    try await store.write { transaction in
                        try transaction.prune(
                            Sample.gaoting,
                            upTo: Position(rawValue: position),
                            goneBefore: time
                        )
                    }
                )
                left.append(try await Self.feed(in: store))
            }

            let (head, tombstone) = try await store.read { transaction in
                (
                    try transaction.heads(under: [Sample.gaoting]).first,
                    try transaction.records([Sample.record(2)])[Sample.record(2)]
                )
            }
            #expect(gone == [0, 1, 1, 0])
            #expect(left == [[1, 2, 3, 4], [1, 3, 4], [1, 4], [1, 4]])
            #expect(head?.head.rawValue == 4 && head?.pruned.rawValue == 3)
            #expect(tombstone?.state == Sample.workedState(2))
            #expect(tombstone?.placements.isEmpty == true)
        }
    }

    @Test(
        "[F-08] a tombstone with an open conflict stays, however old",
        arguments: StoreKind.available
    )
    func contested(kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await Self.keepFeed(in: store, openConflicts: 1)

            let gone = try await store.write { transaction in
                try transaction.prune(
                    Sample.gaoting,
                    upTo: Position(rawValue: 4),
                    goneBefore: 1_000
                )
            }

            let tombstone = try await store.read { try $0.records([Sample.record(2)]) }
            #expect(gone == 2)
            #expect(try await Self.feed(in: store) == [1, 2])
            #expect(tombstone[Sample.record(2)]?.placements.map(\.area) == [Sample.gaoting])
        }
    }

    @Test("[E-01] to scrub loses nothing that was kept", arguments: StoreKind.available)
    func scrubbing(kind: StoreKind) async throws {
        try await kind.withStore { store, folder in
            try await store.write { try $0.keepOneOfEverything() }
            let before = try await store.read { try $0.counts() }

            try await store.scrub()
            try await store.write { try $0.save(Sample.device(2)) }
            try await store.scrub()

            for store in [store, try kind.open(folder)] {
                let counts = try await store.read { try $0.counts() }
                let found = try await store.read { try $0.records([Sample.record(1)]) }
                #expect(counts.devices == before.devices + 1)
                #expect(counts.changes == before.changes && counts.records == before.records)
                #expect(found[Sample.record(1)]?.state == Sample.state(1))
            }
        }
    }
}
