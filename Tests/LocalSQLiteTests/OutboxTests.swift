import LocalSQLite
import SyncClient
import SyncProtocol
import Testing

@Suite(.plainAndSealed) struct OutboxTests {
    private let scratch = Scratch()
    private let id = Sample.id(1)
    private let other = Sample.id(2)

    @Test("[Q-01] changes wait in the order of their numbers, however they were answered")
    func order() async throws {
        let store = try await filled()

        try await store.write {
            try $0.answer(Sample.outcome(2, .applied, revision: 1), in: Sample.epoch)
        }

        try await store.read { reader in
            try #expect(reader.unanswered(limit: 10).map(\.sequence.rawValue) == [1, 3, 4])
            try #expect(reader.unanswered(limit: 2).map(\.sequence.rawValue) == [1, 3])
            try #expect(reader.unansweredCount() == 3)
            try #expect(reader.lastChange()?.sequence.rawValue == 4)
        }
    }

    @Test("[Q-01] the last change stays the last, answered or not")
    func lastChange() async throws {
        let store = try await filled()

        try await store.write { transaction in
            for number in 1...4 as ClosedRange<UInt64> {
                try transaction.answer(
                    Sample.outcome(number, .applied, revision: number),
                    in: Sample.epoch
                )
            }
            try transaction.settle(id, at: Revision(rawValue: 9))
            try transaction.erase(other)
        }

        let last = try await store.read { try $0.lastChange() }
        #expect(last?.sequence.rawValue == 4)
        #expect(last?.chain == [UInt8](repeating: 4, count: 32))
    }

    @Test("[D-02] an answered change is taken off its record at the revision of its outcome")
    func settling() async throws {
        let store = try await filled()
        try await store.write {
            try $0.answer(Sample.outcome(1, .applied, revision: 5), in: Sample.epoch)
        }

        try await store.write { try $0.settle(id, at: Revision(rawValue: 4)) }
        let early = try await overlay(of: id, in: store)
        try await store.write { try $0.settle(id, at: Revision(rawValue: 5)) }
        let late = try await overlay(of: id, in: store)

        #expect(early == [1, 3])
        #expect(late == [3])
    }

    @Test func `an unanswered change stays, whatever arrives`() async throws {
        let store = try await filled()

        try await store.write { transaction in
            try transaction.settle(id, at: Revision(rawValue: 99))
            try transaction.erase(id)
        }

        let waiting = try await overlay(of: id, in: store)
        #expect(waiting == [1, 3])
    }

    @Test func `a returned change stays until it is settled by its number`() async throws {
        let store = try await filled()
        var refusal = Sample.outcome(1, .quarantined)
        refusal.code = "name_missing"
        refusal.field = 1
        refusal.message = "缺少姓名"
        let returned = refusal
        try await store.write { transaction in
            try transaction.answer(returned, in: Sample.epoch)
            try transaction.settle(id, at: Revision(rawValue: 99))
        }
        let before = try await store.read { try $0.returned() }

        try await store.write { transaction in
            try transaction.answer(Sample.outcome(3, .applied, revision: 1), in: Sample.epoch)
            try transaction.settle(id, at: Revision(rawValue: 1))
        }
        let between = try await store.read { try $0.returned() }
        try await store.write { try $0.settleReturned(SequenceNumber(rawValue: 1)) }

        let after = try await store.read { try $0.returned() }
        #expect(before.map(\.outcome) == [returned])
        #expect(between.map(\.outcome) == [returned])
        #expect(after.isEmpty)
    }

    @Test func `a change of another record settles nothing`() async throws {
        let store = try await filled()

        try await store.write { transaction in
            try transaction.answer(Sample.outcome(1, .quarantined), in: Sample.epoch)
            try transaction.answer(Sample.outcome(2, .applied, revision: 1), in: Sample.epoch)
            try transaction.settle(id, at: Revision(rawValue: 9))
            try transaction.settle(other, at: Revision(rawValue: 9))
        }

        let returned = try await store.read { try $0.returned().map(\.sequence.rawValue) }
        let others = try await overlay(of: other, in: store)
        #expect(returned == [1])
        #expect(others == [4])
    }

    @Test("[Q-03] the first answer stands")
    func firstAnswer() async throws {
        let store = try await filled()

        try await store.write { transaction in
            try transaction.answer(Sample.outcome(1, .conflicted, revision: 2), in: Sample.epoch)
            try transaction.answer(Sample.outcome(1, .applied, revision: 7), in: Sample.epoch)
        }

        let first = try await store.read { try $0.overlay(of: id).first?.outcome }
        #expect(first == Sample.outcome(1, .conflicted, revision: 2))
    }

    /// A store with four changes, of one record and another in turn.
    private func filled() async throws -> LocalSQLiteStore {
        let store = try scratch.open()
        let ids = [id, other, id, other]
        try await store.write { transaction in
            for (index, id) in ids.enumerated() {
                try transaction.append(Sample.change(UInt64(index + 1), of: id))
            }
        }
        return store
    }

    private func overlay(
        of id: RecordID,
        in store: LocalSQLiteStore
    ) async throws -> [UInt64] {
        try await store.read { try $0.overlay(of: id).map(\.sequence.rawValue) }
    }
}
