import SyncProtocol
import SyncServer
import Testing

/// What a store promises about conflicts, quarantine, redirects, readings and redaction.
struct DecisionsTests {
    private static func sequence(_ number: UInt64) -> SequenceNumber {
        SequenceNumber(rawValue: number)
    }

    /// A change in quarantine.
    private static func refused(
        _ number: UInt64,
        of device: UInt8 = 1,
        to record: UInt8
    ) -> StoredChange {
        var change = Sample.change(number, of: device, to: Sample.record(record), .quarantined)
        change.outcome.code = "name_missing"
        change.outcome.message = "缺少姓名 The name is missing"
        return change
    }

    // MARK: - Conflicts

    @Test(
        "[C-01] a conflict is found by its number, as it was last kept",
        arguments: StoreKind.available
    )
    func conflictByNumber(kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            let number = try await store.write { try $0.save(Sample.conflict(of: 1, impact: 7)) }
            var entry = Sample.conflict(of: 1, impact: 7)
            entry.id = number
            let first = try await store.read { try $0.conflict(number) }
            entry.state = .resolved
            entry.conflict.isOpen = false
            entry.closing = ConflictEntry.Closing(
                device: Sample.deviceID(2),
                author: "周审核",
                closedAt: Sample.noon,
                revision: Revision(rawValue: 3),
                choice: .proposed,
                reason: "已看证件"
            )

            let again = try await store.write { [entry] in try $0.save(entry) }

            let second = try await store.read { try $0.conflict(number) }
            let unknown = try await store.read { try $0.conflict(number + 1) }
            let counts = try await store.read { try $0.counts() }
            #expect(again == number && first?.isOpen == true && first?.impact == 7)
            #expect(second == entry)
            #expect(unknown == nil)
            #expect(counts.openConflicts == 0 && counts.decidedConflicts == 1)
        }
    }

    @Test(
        "[C-05] open conflicts come by impact, then by age, a page at a time",
        arguments: StoreKind.available
    )
    func ranked(kind: StoreKind) async throws {
        let impacts: [UInt32] = [100, 400, 300, 400, 100]

        try await kind.withStore { store, _ in
            let numbers = try await store.write { transaction in
                try impacts.enumerated().map { index, impact in
                    try transaction.save(
                        Sample.conflict(of: UInt8(index + 1), isOpen: index != 2, impact: impact)
                    )
                }
            }

            let (all, pages) = try await store.read { transaction in
                var pages: [[UInt64]] = []
                var rank: ConflictRank?
                while pages.count < 9 {
                    let page = try transaction.openConflicts(after: rank, limit: 3)
                    pages.append(page.map(\.id))
                    guard let last = page.last else { break }
                    rank = ConflictRank(impact: last.impact, id: last.id)
                }
                return (try transaction.openConflicts(after: nil, limit: 9).map(\.id), pages)
            }
            #expect(all == [numbers[1], numbers[3], numbers[0], numbers[4]])
            #expect(pages == [Array(all[..<3]), Array(all[3...]), []])
        }
    }

    @Test(
        "[R-02] conflicts about a record are its own and those that it brought",
        arguments: StoreKind.available
    )
    func about(kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            let numbers = try await store.write { transaction in
                var numbers: [UInt64] = []
                let brought: [(of: UInt8, via: UInt8?)] = [(1, nil), (2, 1), (2, nil), (3, 2)]
                for conflict in brought {
                    var entry = Sample.conflict(of: conflict.of)
                    entry.via = conflict.via.map { Sample.record($0) }
                    numbers.append(try transaction.save(entry))
                }
                return numbers
            }

            let about = try await store.read { transaction in
                try [1, 2, 3].map { try transaction.conflicts(about: Sample.record($0)).map(\.id) }
            }
            #expect(about == [Array(numbers[..<2]), Array(numbers[1...]), [numbers[3]]])
        }
    }

    // MARK: - Quarantine

    @Test("[V-06] a returned change is found in all four ways", arguments: StoreKind.available)
    func returnedChanges(kind: StoreKind) async throws {
        let refused = Self.refused(2, to: 1)
        let others = Self.refused(1, of: 2, to: 1)

        try await kind.withStore { store, _ in
            let numbers = try await store.write { transaction in
                for device: UInt8 in [1, 2] { try transaction.save(Sample.device(device)) }
                let applied = Sample.change(1, to: Sample.record(1))
                return try [applied, refused, others, Self.refused(3, to: 2)]
                    .map { try transaction.append($0, effects: []) }
            }

            try await store.read { transaction in
                let one = Sample.deviceID(1)
                let mine = ReturnedChange(id: numbers[1], change: refused, settlement: nil)
                let page = try transaction.returned(after: 0, unsettledOnly: true, limit: 2)
                let rest = try transaction.returned(
                    after: page[1].id,
                    unsettledOnly: false,
                    limit: 9
                )
                try #expect(transaction.returned(numbers[1]) == mine)
                try #expect(transaction.returned(numbers[0]) == nil)
                try #expect(transaction.returned(Self.sequence(2), of: one) == mine)
                try #expect(transaction.returned(Self.sequence(1), of: one) == nil)
                try #expect(transaction.returned(of: one, to: Sample.record(1)) == [mine])
                try #expect(transaction.returned(of: one, to: Sample.record(9)).isEmpty)
                #expect(page.map(\.id) == [numbers[1], numbers[2]])
                #expect(rest.map(\.id) == [numbers[3]])
            }
        }
    }

    @Test(
        "[V-06] what was decided is numbered, heard by its device and listed no more",
        arguments: StoreKind.available
    )
    func settlements(kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            let numbers = try await store.write { transaction in
                for device: UInt8 in [1, 2] { try transaction.save(Sample.device(device)) }
                return try [
                    Self.refused(4, to: 1), Self.refused(1, of: 2, to: 1), Self.refused(5, to: 1),
                ].map { try transaction.append($0, effects: []) }
            }
            let discarded = Settlement(
                number: 0,
                sequence: .none,
                kind: .discarded,
                by: "周审核",
                reason: "重复采集",
                settledAt: Sample.noon
            )
            var mended = discarded
            mended.kind = .mended

            try await store.write { [mended] transaction in
                try transaction.settle(numbers[2], by: discarded)
                try transaction.settle(numbers[1], by: mended)
                try transaction.settle(numbers[0], by: mended)
            }

            try await store.read { transaction in
                let (one, two) = (Sample.deviceID(1), Sample.deviceID(2))
                let heard = try transaction.settlements(of: one, after: 0)
                let first = try #require(heard.first)
                let later = try transaction.settlements(of: one, after: first.number)
                let others = try transaction.settlements(of: two, after: 0)
                let all = try transaction.returned(after: 0, unsettledOnly: false, limit: 9)
                let open = try transaction.returned(after: 0, unsettledOnly: true, limit: 9)
                let ofOne = try transaction.returned(of: one, to: Sample.record(1))
                let counts = try transaction.counts()
                var expected = discarded
                expected.number = first.number
                expected.sequence = Self.sequence(5)
                #expect(first == expected)
                #expect(heard.map(\.sequence.rawValue) == [5, 4] && later == Array(heard[1...]))
                #expect(heard.map(\.kind) == [.discarded, .mended])
                #expect(others.map(\.sequence.rawValue) == [1])
                #expect(first.number < others[0].number && others[0].number < later[0].number)
                #expect(all.map(\.settlement?.kind) == [.mended, .mended, .discarded])
                #expect(open.isEmpty && ofOne.isEmpty)
                #expect(counts.quarantined == 0 && counts.settled == 3)
            }
        }
    }

    // MARK: - Redirects

    @Test(
        "[R-02] who points to a record is found, and is no record of its own",
        arguments: StoreKind.available
    )
    func redirects(kind: StoreKind) async throws {
        let pointing = [3, 1].map { Sample.state($0).pointing(to: Sample.record(9)) }
        var target = StoredRecord(state: Sample.state(9), placements: [], openConflicts: 0)
        target.own = Sample.workedState(9)

        try await kind.withStore { store, _ in
            try await store.write { [target] transaction in
                let sources = pointing.map {
                    StoredRecord(state: $0, placements: [], openConflicts: 0)
                }
                try transaction.save((sources + [target]).map { RecordWrite(record: $0) })
            }

            try await store.read { [target] transaction in
                let found = try transaction.records([Sample.record(1), Sample.record(9)])
                let counts = try transaction.counts()
                let sources = [Sample.record(1), Sample.record(3)].sorted()
                try #expect(transaction.redirects(to: Sample.record(9)) == sources)
                try #expect(transaction.redirects(to: Sample.record(1)).isEmpty)
                #expect(found[Sample.record(1)]?.state == pointing[1])
                #expect(found[Sample.record(9)] == target)
                #expect(counts.records == [1: 1] && counts.tombstones == 2)
            }
        }
    }

    @Test(
        "[R-04] what followed a redirect is noted once, until it is forgotten",
        arguments: StoreKind.available
    )
    func followers(kind: StoreKind) async throws {
        let (one, two) = (Self.follower(of: 1, in: 1), Self.follower(of: 1, in: 2))
        let other = Self.follower(of: 2, in: 1)

        try await kind.withStore { store, _ in
            try await store.write { transaction in
                for follower in [two, two, one, other] { try transaction.note(follower: follower) }
            }
            let first = try await store.read { try $0.followers(of: Sample.record(1)) }

            try await store.write { try $0.forgetFollowers(of: Sample.record(1)) }

            let left = try await store.read { transaction in
                try [1, 2].map { try transaction.followers(of: Sample.record($0)) }
            }
            #expect(Set(first) == [one, two] && first.count == 2)
            #expect(left == [[], [other]])
        }
    }

    private static func follower(of former: UInt8, in field: UInt32) -> Reference {
        Reference(target: Sample.record(former), source: Sample.record(5), field: field)
    }
}
