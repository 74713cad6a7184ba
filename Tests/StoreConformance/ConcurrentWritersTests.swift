import Foundation
import SyncProtocol
import SyncServer
import Synchronization
import Testing

/// Several daemons on one store, each with many writers, and readers that never wait.
struct ConcurrentWritersTests {
    private static let areas = [Sample.gaoting, Sample.dongsha, Sample.area("330921103")]

    /// A record of one writer.
    private static func state(_ writer: Int, _ round: Int) -> RecordState {
        var change = Change(
            record: RecordID(
                derivedFrom: [UInt8(writer), UInt8(round)] + [UInt8](repeating: 7, count: 14)
            ),
            type: Person.recordType.number,
            base: .none,
            observedAt: Sample.noon
        )
        change.fields = Person { $0.name = "\(writer)-\(round)" }.fieldMap
        return merge(
            change,
            by: Author(device: Sample.deviceID(UInt8(writer)), name: "林小梅"),
            into: nil,
            of: Person.recordType,
            epoch: Sample.epoch
        ).record
    }

    /// What a device does that asks again and again: it reads from its bookmark to the head.
    private struct Reader {
        var bookmarks: [AreaCode: Position] = [:]
        var seen: Set<RecordID> = []
        /// Positions at or below a bookmark that came to light later, or heads that went back.
        var trespasses = 0

        mutating func read(_ store: any Store) async throws {
            let before = self
            self = try await store.read { transaction in
                var reader = before
                for head in try transaction.heads(under: [Sample.area("33")]) {
                    let bookmark = reader.bookmarks[head.area] ?? .start
                    if head.head < bookmark { reader.trespasses += 1 }
                    try transaction.feed(of: head.area, after: bookmark) { entry in
                        if case .record(let copy, _) = entry.content { reader.seen.insert(copy.id) }
                        if entry.position > head.head { reader.trespasses += 1 }
                        return true
                    }
                    reader.bookmarks[head.area] = head.head
                }
                return reader
            }
        }
    }

    /// How a writer comes by its positions.
    private enum Manner {
        /// In the transaction that puts something there.
        case together
        /// In one of its own, before: as a sequence gives numbers, and this is why none is used.
        case before
    }

    /// What the readers of a busy store have seen, and what there was to be seen.
    private static func story(
        of kind: StoreKind,
        _ manner: Manner
    ) async throws -> (readers: [Reader], all: Set<RecordID>) {
        let (daemons, writers, rounds) = (3, 9, 12)
        let all = (0..<writers).flatMap { writer in
            (0..<rounds).map { state(writer, $0).id }
        }
        let readers = try await kind.withStore { first, folder in
            let stores = [first] + (try (1..<daemons).map { _ in try kind.open(folder) })
            let isDone = Flag()
            return try await withThrowingTaskGroup(of: Reader?.self) { group in
                for writer in 0..<writers {
                    let store = stores[writer % daemons]
                    group.addTask {
                        for round in 0..<rounds {
                            try await write(writer, round, to: store, manner)
                        }
                        return nil
                    }
                }
                for reader in 0..<4 {
                    let store = stores[reader % daemons]
                    group.addTask {
                        var reader = Reader()
                        while !isDone.isSet, !Task.isCancelled { try await reader.read(store) }
                        try await reader.read(store)
                        return reader
                    }
                }
                var (ended, readers) = (0, [Reader]())
                for try await reader in group {
                    if let reader { readers.append(reader) } else { ended += 1 }
                    if ended == writers { isDone.set() }
                }
                return readers
            }
        }
        return (readers, Set(all))
    }

    private static func write(
        _ writer: Int,
        _ round: Int,
        to store: any Store,
        _ manner: Manner
    ) async throws {
        let state = state(writer, round)
        let wanted = Set([areas[writer % 3], areas[(writer + round) % 3]]).sorted()
        // Between taking positions and committing, others have time to pass by.
        let pause = UInt32(300 * ((writer * 7 + round * 3) % 10))
        switch manner {
        case .together:
            try await store.write { transaction in
                try transaction.place(state, in: wanted)
                usleep(pause)
            }
        case .before:
            let taken = try await store.write { transaction in
                try wanted.map {
                    Placement(area: $0, position: try transaction.takePositions(in: $0, count: 1))
                }
            }
            try await store.write { transaction in
                usleep(pause)
                try transaction.place(state, at: taken)
            }
        }
    }

    @Test(
        "[F-01] no reader passes a position whose transaction commits later, however many write",
        arguments: StoreKind.available
    )
    func noneIsPassed(kind: StoreKind) async throws {
        let (readers, all) = try await Self.story(of: kind, .together)

        #expect(readers.count == 4)
        for reader in readers {
            #expect(reader.trespasses == 0)
            #expect(reader.seen == all)
        }
    }

    @Test(
        "[F-01] positions that are given before the heads are held are noticed by this very story",
        arguments: StoreKind.available
    )
    func plantedIsNoticed(kind: StoreKind) async throws {
        let (readers, all) = try await Self.story(of: kind, .before)

        #expect(readers.contains { $0.seen != all })
    }

    @Test(
        "[Q-02] what two write to the same record at once is done one after the other",
        arguments: StoreKind.available
    )
    func sameRecord(kind: StoreKind) async throws {
        let writers = 8

        try await kind.withStore { first, folder in
            let stores = [first, try kind.open(folder)]
            try await withThrowingTaskGroup { group in
                for writer in 0..<writers {
                    let store = stores[writer % 2]
                    group.addTask {
                        for _ in 0..<5 {
                            try await store.write { transaction in
                                let id = Sample.record(1)
                                let known = try transaction.records([id])[id]
                                let first = Sample.state(1)
                                let state = RecordState(
                                    id: id,
                                    type: first.type,
                                    revision: known.map { $0.state.revision.next }
                                        ?? Revision(rawValue: 1),
                                    isDeleted: false,
                                    fields: first.fields,
                                    stamps: first.stamps
                                )
                                try transaction.save([
                                    RecordWrite(
                                        record: StoredRecord(
                                            state: state,
                                            placements: [],
                                            openConflicts: 0
                                        )
                                    )
                                ])
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }

            let found = try await first.read { try $0.records([Sample.record(1)]) }
            #expect(found[Sample.record(1)]?.state.revision.rawValue == UInt64(5 * writers))
        }
    }

    @Test(
        "[V-02] what was missing when a transaction looked is missing when it commits",
        arguments: StoreKind.available
    )
    func missingStaysMissing(kind: StoreKind) async throws {
        try await kind.withStore { first, folder in
            let second = try kind.open(folder)
            for number: UInt8 in 1...10 {
                // Each keeps a note of the record of the other, as long as that is not there.
                let (mine, other) = (Sample.record(number), Sample.record(100 + number))
                async let one: Void = Self.note(mine, unless: other, in: first, by: number)
                async let two: Void = Self.note(other, unless: mine, in: second, by: 100 + number)
                _ = try await (one, two)

                let found = try await first.read { try $0.records([mine, other]) }
                #expect(found.count == 1)
            }
        }
    }

    private static func note(
        _ id: RecordID,
        unless other: RecordID,
        in store: any Store,
        by number: UInt8
    ) async throws {
        try await store.write { transaction in
            guard try transaction.records([other]).isEmpty else { return }
            usleep(2_000)
            let state = Sample.state(number)
            try transaction.save([
                RecordWrite(
                    record: StoredRecord(state: state, placements: [], openConflicts: 0)
                )
            ])
        }
    }

    @Test(arguments: StoreKind.available)
    func `a text with a character that the database cannot keep stops nobody`(
        in kind: StoreKind
    ) async throws {
        try await kind.withStore { store, _ in
            var device = Sample.device(1)
            device.software = "residence\u{0}/1"
            var change = Sample.change(1, to: Sample.record(1), .quarantined)
            change.outcome.message = "无法理解 \u{0}"

            try await store.write { [device, change] transaction in
                try transaction.save(device)
                try transaction.append(change, effects: [])
            }

            let found = try await store.read { try $0.device(Sample.deviceID(1))?.software }
            #expect(found?.hasPrefix("residence") == true)
        }
    }
}

/// Something that was not and now is.
private final class Flag: Sendable {
    private let raised = Mutex(false)

    var isSet: Bool { raised.withLock { $0 } }
    func set() { raised.withLock { $0 = true } }
}
