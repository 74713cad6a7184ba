import Foundation
import LocalSQLite
import SyncClient
import SyncProtocol
import SyncTrust
import Testing

/// What a locked device tells whoever holds its disk.
struct SealingTests {
    private static let passphrase = DeviceSecret.passphrase("海岛渔港 2026")
    private static let name = "欧阳修竹"
    private static let number = "34011119701005450X"
    private let scratch = Scratch()

    /// A store that holds something in every table that may say something of a person.
    private func filled() async throws -> LocalSQLiteStore {
        let store = try LocalSQLiteStore(folder: scratch.folder)
        var record = Sample.person(1, Self.name, remark: Self.number, areas: [Sample.harbour])
        record.acknowledged = LocalRecord.Acknowledged(
            base: Base(epoch: Sample.epoch, revision: Revision(rawValue: 1)),
            fields: record.visible ?? FieldMap(),
            isDeleted: false,
            clock: 1
        )
        let told = Array("\(Self.name) \(Self.number)".utf8)
        let (kept, copy) = (record, record.acknowledged)
        try await store.write { transaction in
            var profile = Sample.profile
            profile.keySeed = Array(Self.number.utf8)
            profile.name = Self.name
            try transaction.save(profile)
            try transaction.save(enrolmentSeed: told)
            try transaction.save(kept)
            var change = Sample.change(1, of: kept.id)
            change.payload = told
            try transaction.append(change)
            var outcome = Sample.outcome(1, .quarantined)
            outcome.message = Self.name
            try transaction.answer(outcome, in: Sample.epoch)
            try transaction.set(conflicts: [told], of: kept.id)
            if let copy { try transaction.save(Salvage(id: kept.id, type: kept.type, copy: copy)) }
            try transaction.save(
                Settlement(
                    number: 1,
                    sequence: SequenceNumber(rawValue: 1),
                    kind: .discarded,
                    by: Self.name,
                    reason: Self.number,
                    settledAt: 1
                )
            )
            try transaction.noteImported(told)
        }
        return store
    }

    private func reopened(
        _ secret: DeviceSecret?,
        at now: Int64 = 0
    ) throws -> LocalSQLiteStore {
        try LocalSQLiteStore(
            folder: scratch.folder,
            unlockedBy: secret.map { Unlocking($0, now: now) }
        )
    }

    private func code(_ body: () throws -> LocalSQLiteStore) -> String? {
        do {
            _ = try body()
            return nil
        } catch { return (error as? SyncError)?.code.rawValue }
    }

    /// Every byte of every file in the device's folder.
    private func bytes() throws -> Data {
        let files = try FileManager.default.contentsOfDirectory(
            at: scratch.folder,
            includingPropertiesForKeys: nil
        )
        return try files.reduce(Data()) { try $0 + Data(contentsOf: $1) }
    }

    @Test("[D-05] no file of a sealed device holds a name or a number, though it held them before")
    func nothingLeft() async throws {
        let store = try await filled()
        let before = try bytes()
        #expect(before.range(of: Data(Self.name.utf8)) != nil)

        try await store.seal(under: Self.passphrase)
        try await store.write { transaction in
            try transaction.save(Sample.person(2, Self.name + "二", remark: Self.number))
        }

        let after = try bytes()
        #expect(after.range(of: Data(Self.name.utf8)) == nil)
        #expect(after.range(of: Data(Self.number.utf8)) == nil)
        // As JSON writes bytes: numbers with commas between.
        let seed = Self.number.utf8.map { String($0) }.joined(separator: ",")
        #expect(after.range(of: Data(seed.utf8)) == nil)
    }

    @Test("[D-06] what was there before is there after, listed and found as before")
    func allIsThere() async throws {
        let store = try await filled()
        let before = try await Self.everything(store)

        try await store.seal(under: Self.passphrase)
        let sealed = try await Self.everything(store)
        let opened = try await Self.everything(reopened(Self.passphrase))

        #expect(before == sealed && before == opened)
    }

    private static func everything(_ store: LocalSQLiteStore) async throws -> [String] {
        try await store.read { reader in
            let outbox = try reader.change(SequenceNumber(rawValue: 1))
            return [
                try reader.profile()?.name ?? "", "\(try reader.enrolmentSeed() ?? [])",
                "\(try reader.search(["欧阳"], limit: 9))",
                "\(try reader.records(ofType: Person.recordType.number, in: Sample.harbour, offset: 0, limit: 9))",
                "\(outbox?.payload ?? [])", outbox?.outcome?.message ?? "",
                "\(try reader.conflicts())", "\(try reader.salvaged())",
                "\(try reader.settlements(limit: 9))",
                "\(try reader.wasImported(Array("\(name) \(number)".utf8)))",
            ]
        }
    }

    @Test("[D-05] without the passphrase nothing opens, and nothing is lost by trying")
    func locked() async throws {
        try await filled().seal(under: Self.passphrase)

        #expect(code { try reopened(nil) } == "device_locked")
        #expect(code { try reopened(.passphrase("别的口令 1")) } == "secret_wrong")
        #expect(code { try reopened(.key([UInt8](repeating: 1, count: 32))) } == "secret_wrong")
        let opened = try reopened(Self.passphrase)
        let name = try await opened.read { try $0.profile()?.name }
        #expect(name == Self.name)
    }

    @Test("[D-07] after five wrong passphrases the next is heard after a while, the right one too")
    func attempts() async throws {
        try await filled().seal(under: Scratch.secret)
        let wrong = DeviceSecret.key([UInt8](repeating: 1, count: 32))
        for _ in 0..<5 { #expect(code { try reopened(wrong) } == "secret_wrong") }

        #expect(code { try reopened(Scratch.secret, at: 1_000) } == "secret_tried_too_often")
        #expect(code { try reopened(wrong, at: 30_000) } == "secret_wrong")
        #expect(code { try reopened(Scratch.secret, at: 60_000) } == "secret_tried_too_often")
        #expect(code { try reopened(Scratch.secret, at: 90_000) } == nil)
        // The right one begins the count anew.
        #expect(code { try reopened(wrong, at: 90_000) } == "secret_wrong")
        #expect(code { try reopened(Scratch.secret, at: 90_000) } == nil)
    }

    @Test("[D-07] a clock that was set back locks nobody out")
    func clockSetBack() async throws {
        try await filled().seal(under: Scratch.secret)
        let wrong = DeviceSecret.key([UInt8](repeating: 1, count: 32))
        for _ in 0..<6 { _ = code { try reopened(wrong, at: 1_000_000_000) } }

        #expect(code { try reopened(Scratch.secret, at: 5) } == nil)
    }

    @Test func `a passphrase is changed, and the old one opens nothing any more`() async throws {
        let store = try await filled()
        try await store.seal(under: Self.passphrase)

        try await store.change(secret: Scratch.secret)

        #expect(code { try reopened(Self.passphrase) } == "secret_wrong")
        #expect(code { try reopened(Scratch.secret) } == nil)
    }

    @Test func `a passphrase that is too short is refused, and nothing is sealed`() async throws {
        let store = try await filled()
        await #expect(throws: SyncError.self) { try await store.seal(under: .passphrase("12345")) }
        #expect(!store.isSealed)
        #expect(code { try reopened(nil) } == nil)
    }

    @Test("[D-05] sealed bytes that were moved to another record are found out")
    func moved() async throws {
        let key = DataKey()
        let sealed = try key.seal([1, 2, 3], at: "record.visible/01")
        #expect(try key.open(sealed, at: "record.visible/01") == [1, 2, 3])
        #expect(throws: SyncError.self) { try key.open(sealed, at: "record.visible/02") }
        #expect(throws: SyncError.self) { try DataKey().open(sealed, at: "record.visible/01") }
        var altered = sealed
        altered[15] ^= 1
        #expect(throws: SyncError.self) { try key.open(altered, at: "record.visible/01") }
    }

    @Test("[A-08] a revoked device keeps no key, and what comes after is not under the old one")
    func erased() async throws {
        let store = try await filled()
        try await store.seal(under: Self.passphrase)

        try await store.write { try $0.eraseEverything(keeping: nil, []) }
        try await store.scrub()
        try await store.write { try $0.save(Sample.profile) }

        #expect(!store.isSealed)
        let name = try await reopened(nil).read { try $0.profile()?.name }
        #expect(name == Sample.profile.name)
    }
}
