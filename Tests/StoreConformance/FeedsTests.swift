import SyncProtocol
import SyncServer
import Testing

struct FeedsTests {
    /// An entry of a feed without the record's bytes.
    struct Seen: Hashable, Sendable {
        var position: UInt64
        var id: RecordID
        var isDeparture = false
    }

    @Test("[G-01] an area's digest is kept, and added to", arguments: StoreKind.available)
    func digests(in kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await store.write { transaction in
                try transaction.place(Sample.state(1), in: [Sample.gaoting, Sample.dongsha])
                try transaction.add(AreaDigest(sum: .max, records: 2), to: Sample.gaoting)
                try transaction.add(AreaDigest(sum: 3, records: 1), to: Sample.gaoting)
                try transaction.set(AreaDigest(mark: 7), of: Sample.dongsha)
            }

            let heads = try await store.read {
                try $0.heads(under: [Sample.gaoting, Sample.dongsha])
            }
            let counted = try await store.read { try $0.recount(Sample.gaoting) }

            #expect(heads.map(\.digest) == [AreaDigest(sum: 2, records: 3), AreaDigest(mark: 7)])
            #expect(counted == Sample.state(1).digest)
        }
    }

    @Test("[X-01] a later epoch is above every one that was known", arguments: StoreKind.available)
    func epochs(in kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            let ahead = Epoch(rawValue: 9_000_000_000_000)
            let begun = try await store.write { transaction in
                try [
                    transaction.beginEpoch(at: Sample.noon, .created),
                    transaction.beginEpoch(above: ahead, at: Sample.noon, .restored),
                    transaction.beginEpoch(at: Sample.noon, .undeclared, commonUntil: 5),
                ]
            }

            let (now, known) = try await store.read { try ($0.epoch(), $0.epochs()) }

            #expect(begun == begun.sorted() && Set(begun).count == 3)
            #expect(begun[1] > ahead)
            #expect(now == begun[2])
            #expect(known.map(\.cause) == [.created, .restored, .undeclared])
            #expect(known.map(\.commonUntil) == [nil, 5, nil])
        }
    }

    @Test(arguments: StoreKind.available)
    func `a feed is walked in order from above a position`(in kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await store.write { transaction in
                for number: UInt8 in [3, 1, 2] {
                    try transaction.place(Sample.state(number), in: [Sample.gaoting])
                }
            }

            let all = try await Self.feed(of: Sample.gaoting, in: store)
            let rest = try await Self.feed(of: Sample.gaoting, after: 2, in: store)
            let none = try await Self.feed(of: Sample.dongsha, in: store)
            #expect(all == [3, 1, 2].enumerated().map { Self.seen(UInt64($0 + 1), $1) })
            #expect(rest == [Self.seen(3, 2)])
            #expect(none.isEmpty)
        }
    }

    @Test(arguments: StoreKind.available)
    func `a walk ends when the reader has had enough`(in kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await store.write { transaction in
                for number: UInt8 in 1...5 {
                    try transaction.place(Sample.state(number), in: [Sample.gaoting])
                }
            }

            let visited = try await store.read { transaction in
                var visited: [UInt64] = []
                try transaction.feed(of: Sample.gaoting, after: .start) { entry in
                    visited.append(entry.position.rawValue)
                    return visited.count < 2
                }
                return visited
            }
            #expect(visited == [1, 2])
        }
    }

    @Test(arguments: StoreKind.available)
    func `a walk that throws tells its caller`(in kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await store.write { try $0.place(Sample.state(1), in: [Sample.gaoting]) }

            await #expect(throws: ChangedMind.self) {
                try await store.read { transaction in
                    try transaction.feed(of: Sample.gaoting, after: .start) { _ in
                        throw ChangedMind()
                    }
                }
            }
        }
    }

    @Test(
        "[F-06] an entry carries the record and how many conflicts are open",
        arguments: StoreKind.available
    )
    func contents(kind: StoreKind) async throws {
        let state = Sample.workedState(1)

        try await kind.withStore { store, _ in
            try await store.write { transaction in
                try transaction.place(state, in: [Sample.gaoting])
                let record = StoredRecord(state: state, placements: [], openConflicts: 2)
                try transaction.save([RecordWrite(record: record)])
            }

            let found = try await store.read { transaction in
                var found: [(copy: RecordCopy, open: Int)] = []
                try transaction.feed(of: Sample.gaoting, after: .start) { entry in
                    if case .record(let copy, let open) = entry.content {
                        found.append((copy, open))
                    }
                    return true
                }
                return found
            }
            let copy = try #require(found.first?.copy)
            #expect(found.count == 1 && found.first?.open == 2)
            #expect(copy.id == state.id && copy.type == state.type)
            #expect(copy.revision == state.revision && copy.isDeleted)
            #expect(copy.message == state.fields.bytes && copy.clock == state.stamps.clock)
            #expect(copy.conflicts.isEmpty)
        }
    }

    @Test("[F-01] a record stands at its latest position only", arguments: StoreKind.available)
    func latestPosition(kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await store.write { transaction in
                try transaction.place(Sample.state(1), in: [Sample.gaoting])
                try transaction.place(Sample.state(2), in: [Sample.gaoting])
                try transaction.move(1, in: Sample.gaoting, from: 1)
            }

            let feed = try await Self.feed(of: Sample.gaoting, in: store)
            #expect(feed == [Self.seen(2, 2), Self.seen(3, 1)])
        }
    }

    @Test("[F-02] a departure ends one placement and no other", arguments: StoreKind.available)
    func departure(kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await store.write { transaction in
                try transaction.place(Sample.state(1), in: [Sample.gaoting, Sample.dongsha])
                try transaction.move(1, in: Sample.gaoting, from: 1, leaving: true)
            }

            let left = try await Self.feed(of: Sample.gaoting, in: store)
            let stayed = try await Self.feed(of: Sample.dongsha, in: store)
            let departures = try await store.read { try $0.departures(of: Sample.record(1)) }
            #expect(left == [Self.seen(2, 1, isDeparture: true)])
            #expect(stayed == [Self.seen(1, 1)])
            #expect(departures == [Sample.gaoting])
        }
    }

    @Test("[F-02] a record that comes back has not left", arguments: StoreKind.available)
    func reentry(kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await store.write { transaction in
                for number: UInt8 in [1, 2] {
                    try transaction.place(Sample.state(number), in: [Sample.gaoting])
                    try transaction.move(
                        number,
                        in: Sample.gaoting,
                        from: UInt64(number) * 2 - 1,
                        leaving: true
                    )
                }
            }

            try await store.write { try $0.move(1, in: Sample.gaoting, from: nil) }

            let feed = try await Self.feed(of: Sample.gaoting, in: store)
            let departures = try await store.read { transaction in
                try [1, 2].map { try transaction.departures(of: Sample.record($0)) }
            }
            #expect(feed == [Self.seen(4, 2, isDeparture: true), Self.seen(5, 1)])
            #expect(departures == [[], [Sample.gaoting]])
        }
    }

    private static func seen(
        _ position: UInt64,
        _ record: UInt8,
        isDeparture: Bool = false
    ) -> Seen {
        Seen(position: position, id: Sample.record(record), isDeparture: isDeparture)
    }

    private static func feed(
        of area: AreaCode,
        after position: UInt64 = 0,
        in store: any Store
    ) async throws -> [Seen] {
        try await store.read { transaction in
            var seen: [Seen] = []
            try transaction.feed(of: area, after: Position(rawValue: position)) { entry in
                let position = entry.position.rawValue
                switch entry.content {
                case .record(let copy, _): seen.append(Seen(position: position, id: copy.id))
                case .departure(let id):
                    seen.append(Seen(position: position, id: id, isDeparture: true))
                }
                return true
            }
            return seen
        }
    }
}
