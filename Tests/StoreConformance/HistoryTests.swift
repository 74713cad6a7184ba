import SyncProtocol
import SyncServer
import Testing

struct HistoryTests {
    @Test("[Q-03] an accepted change comes back as it was kept", arguments: StoreKind.available)
    func roundTrip(kind: StoreKind) async throws {
        let applied = Sample.change(1, to: Sample.record(1))
        let refused = Self.refused(2, to: Sample.record(2))
        let unreadable = Self.refused(3, to: nil)

        try await kind.withStore { store, _ in
            try await store.write { transaction in
                try transaction.save(Sample.device(1))
                for change in [applied, refused, unreadable] {
                    try transaction.append(change, effects: [])
                }
            }

            let found = try await store.read {
                try $0.changes(of: Sample.deviceID(1), in: Self.numbers(1...3))
            }
            #expect(found == [applied, refused, unreadable])
        }
    }

    @Test(arguments: StoreKind.available)
    func `changes are read by their numbers, each device's apart`(
        in kind: StoreKind
    ) async throws {
        try await kind.withStore { store, _ in
            try await store.write { transaction in
                for device: UInt8 in [1, 2] {
                    try transaction.save(Sample.device(device))
                    for number: UInt64 in 1...5 {
                        try transaction.append(Sample.change(number, of: device), effects: [])
                    }
                }
            }

            try await store.read { transaction in
                func numbers(_ device: UInt8, _ range: ClosedRange<UInt64>) throws -> [UInt64] {
                    try transaction.changes(of: Sample.deviceID(device), in: Self.numbers(range))
                        .map(\.sequence.rawValue)
                }
                try #expect(numbers(1, 2...4) == [2, 3, 4])
                try #expect(numbers(2, 5...9) == [5])
                try #expect(numbers(2, 6...9).isEmpty)
                try #expect(numbers(3, 1...9).isEmpty)
            }
        }
    }

    @Test(
        "[V-02] a creation in quarantine is known until its record exists",
        arguments: StoreKind.available
    )
    func quarantinedCreations(kind: StoreKind) async throws {
        let ids = [1, 2, 3].map { Sample.record($0) }

        try await kind.withStore { store, _ in
            try await store.write { transaction in
                try transaction.save(Sample.device(1))
                try transaction.append(Self.refused(1, to: ids[0]), effects: [])
                try transaction.append(Self.refused(2, to: ids[1]), effects: [])
                try transaction.place(Sample.state(2), in: [Sample.gaoting])

                // Also within the transaction that refused it.
                try #expect(transaction.quarantinedCreations(among: ids) == [ids[0]])
            }

            let waiting = try await store.read { try $0.quarantinedCreations(among: ids) }
            let others = try await store.read { try $0.quarantinedCreations(among: [ids[2]]) }
            #expect(waiting == [ids[0]])
            #expect(others.isEmpty)
        }
    }

    @Test(
        "[M-09] a conflict comes back with its number, the oldest first",
        arguments: StoreKind.available
    )
    func conflicts(kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await store.write { transaction in
                for (revision, isOpen) in [(1, true), (2, false), (3, true)] as [(UInt64, Bool)] {
                    try transaction.save(
                        Sample.conflict(of: 1, revision: revision, isOpen: isOpen)
                    )
                }
                try transaction.save(Sample.conflict(of: 2, revision: 9))
            }

            let all = try await store.read {
                try $0.conflicts(of: Sample.record(1), openOnly: false)
            }
            let open = try await store.read {
                try $0.conflicts(of: Sample.record(1), openOnly: true)
            }
            let numbers = all.map(\.id)
            #expect(all.map(\.base.revision.rawValue) == [1, 2, 3])
            #expect(numbers == Set(numbers).sorted())
            #expect(numbers.count == 3 && !numbers.contains(0))
            #expect(open == [all[0], all[2]])
        }
    }

    @Test(arguments: StoreKind.available)
    func `everything is counted`(in kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await store.write { transaction in
                try transaction.keepOneOfEverything()
                try transaction.place(Sample.workedState(2), in: [Sample.dongsha])
                try transaction.append(Self.refused(2, to: Sample.record(3)), effects: [])
                try transaction.save(Sample.conflict(of: 1, isOpen: false))
            }

            let counts = try await store.read { try $0.counts() }
            #expect(counts.records == [Person.recordType.number: 1])
            #expect(counts.tombstones == 1)
            #expect(counts.changes == 2)
            #expect(counts.quarantined == 1)
            #expect(counts.openConflicts == 1)
            #expect(counts.decidedConflicts == 1)
            #expect(counts.devices == 1)
            #expect(counts.areas == 2)
        }
    }

    private static func numbers(_ range: ClosedRange<UInt64>) -> ClosedRange<SequenceNumber> {
        SequenceNumber(rawValue: range.lowerBound)...SequenceNumber(rawValue: range.upperBound)
    }

    private static func refused(_ sequence: UInt64, to record: RecordID?) -> StoredChange {
        var change = Sample.change(sequence, to: record, .quarantined)
        change.payload =
            Change(
                record: record ?? Sample.record(9),
                type: Person.recordType.number,
                base: .none,
                observedAt: 1
            ).payload
        change.outcome.code = "name_missing"
        change.outcome.field = 1
        change.outcome.message = "缺少姓名，请补填。 The name is missing: fill it in."
        return change
    }
}
