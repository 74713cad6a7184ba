import Foundation
import LocalSQLite
import SyncClient
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

/// A device's copy is not what the server has, and heals.
struct RepairTests {
    /// What may be wrong with a copy.
    enum Damage: CaseIterable, Sendable {
        case bytesChanged, unreadable, missing, rowMissing, older, newer, extra, tombstoneInstead

        /// Does it to one record of a device.
        func strike(_ id: RecordID, on device: Device) async throws {
            try await device.store.write { transaction in
                guard var record = try transaction.record(id) else { return }
                let original = record.acknowledged
                func change(_ body: (inout LocalRecord.Acknowledged) -> Void) throws {
                    guard var acknowledged = original else { return }
                    body(&acknowledged)
                    record.acknowledged = acknowledged
                    record.visible = acknowledged.isDeleted ? nil : acknowledged.fields
                    try transaction.save(record)
                }
                switch self {
                case .bytesChanged:
                    try change { $0.fields = $0.fields.setting(text: "别处", of: 1) }
                case .older:
                    try change { known in
                        known.base.revision = Revision(rawValue: 1)
                        known.fields = known.fields.setting(text: "旧址", of: 1)
                    }
                case .newer:
                    try change { known in
                        known.base.revision = Revision(rawValue: 99)
                        known.fields = known.fields.setting(text: "新址", of: 1)
                    }
                case .tombstoneInstead: try change { $0.isDeleted = true }
                case .missing: try transaction.erase(id)
                case .extra:
                    var random = SystemRandomNumberGenerator()
                    let other = RecordID.minted(at: Sample.noon, using: &random)
                    var extra = LocalRecord(id: other, type: record.type)
                    extra.acknowledged = original
                    extra.visible = original?.fields
                    try transaction.save(extra)
                    try transaction.place(other, in: Sample.harbour, mark: 12345, isKept: true)
                case .unreadable, .rowMissing: break
                }
            }
            switch self {
            case .unreadable: try await device.damageFile { Self.breakLength(in: &$0, of: "渔港路7号") }
            case .rowMissing: try await device.store.loseRow(of: id)
            default: break
            }
        }

        /// The length of a text becomes larger than what follows.
        private static func breakLength(in bytes: inout [UInt8], of text: String) {
            let wanted = [10, UInt8(text.utf8.count)] + Array(text.utf8)
            var start = 0
            while start + wanted.count <= bytes.count {
                if bytes[start] == 10, Array(bytes[start..<start + wanted.count]) == wanted {
                    bytes[start + 1] = 0x7F
                }
                start += 1
            }
        }
    }

    @Test(
        "[G-02] [G-03] a copy that differs in any way heals with the next sync",
        arguments: Damage.allCases
    )
    func heals(damage: Damage) async throws {
        let (world, lin) = try await stationed()
        let ids = try await lin.client.records(of: Dwelling.recordType, limit: 500)
            .filter { $0.visible?.text(of: 1) == "渔港路7号" }.map(\.id)
        let id = try #require(ids.first)
        let unsent = try await lin.client.capture(Sample.person("未发", passport: "E99"))

        try await damage.strike(id, on: lin)
        let device = try lin.reopen()
        let found = try await device.client.check()
        device.weather.otherwise(.arrives)
        let report = try await device.sync()
        let after = try await device.sync()

        let repair = try #require(report.repair)
        let status = try await device.client.status()
        let address = try await device.client.read(id, as: Dwelling.self)?.address
        let person = try await world.record(unsent)
        #expect(found.differing > 0 || [.missing, .extra].contains(damage))
        #expect(repair.records >= 1)
        // A hundred records of an area, and one that differs.
        #expect(repair.bytes < 12_000)
        #expect(after.repair == nil)
        #expect(address == "渔港路7号")
        #expect(person != nil)
        #expect(status.unanswered == 0)
        #expect(status.profile?.lastRepair == repair.stamped(status))
        try await world.expectAlike(device)
    }

    /// What may be wrong with what a row shows, while what it keeps is right.
    enum Blemish: CaseIterable, Sendable {
        case anothersFields, hidden, pending, returned, redirected, erased

        func strike(_ record: inout LocalRecord) {
            switch self {
            case .anothersFields: record.visible = record.visible?.setting(text: "别处", of: 1)
            case .hidden: record.visible = nil
            case .pending: record.pending = 3
            case .returned: record.returned = 1
            case .redirected: record.redirect = RecordID(bytes: [UInt8](repeating: 7, count: 16))
            case .erased: record.acknowledged?.isErased = true
            }
        }
    }

    @Test(
        "[G-04] what a record shows other than it keeps is put right by a count, without the server",
        arguments: Blemish.allCases
    )
    func shows(blemish: Blemish) async throws {
        let (_, lin) = try await stationed()
        let sound = try #require(try await lin.client.records(of: Dwelling.recordType).first)
        try await lin.store.write { transaction in
            var record = sound
            blemish.strike(&record)
            try transaction.save(record)
        }
        let device = try lin.reopen()

        let found = try await device.client.check()
        let after = try await device.client.records(of: Dwelling.recordType).first
        let again = try await device.client.check()

        #expect(found.differing == 1 && again.differing == 0)
        #expect(after == sound)
    }

    @Test("[G-03] a repair lays nothing over unsent work")
    func unsentWork() async throws {
        let (world, lin) = try await stationed()
        let dwelling = try #require(try await lin.client.records(of: Dwelling.recordType).first)
        try await lin.client.edit(dwelling.id, as: Dwelling.self) { $0.landlordName = "王房东" }
        try await Damage.bytesChanged.strike(dwelling.id, on: lin)
        lin.weather.next(.requestLost)
        _ = try await lin.client.check()

        try await lin.sync()

        let stored = try await world.record(dwelling.id)?.state.fields
        let held = try await lin.client.read(dwelling.id, as: Dwelling.self)
        #expect(held?.landlordName == "王房东")
        #expect(stored.map { Dwelling.recordType.title(of: $0) } != nil)
        #expect(held?.address != "别处")
        try await world.expectAlike(lin)
    }

    @Test(
        "[G-03] an extra copy is offered before it is dropped, and returned for somebody to look at"
    )
    func extraIsOffered() async throws {
        let (world, lin) = try await stationed()
        let some = try #require(try await lin.client.records(of: Dwelling.recordType).first)
        try await Damage.extra.strike(some.id, on: lin)

        try await lin.sync()
        try await lin.sync()

        let returned = try await world.returned()
        let counts = try await world.service.counts()
        #expect(returned.map(\.change.outcome.code) == ["copy_unknown"])
        #expect(counts.records[Dwelling.recordType.number] == 100)
    }

    @Test("[G-01] both sides keep the digest with each placement", arguments: 0..<12)
    func kept(seed: UInt64) async throws {
        var story = try await RandomStory(seed: seed)
        try await story.run(steps: 60)

        let holdings = try await story.world.service.checkHoldings(for: story.world.clerk)
        #expect(holdings.flaws.isEmpty)
        #expect(holdings.records > 0)
        for device in story.devices {
            let found = try await device.client.check()
            #expect(found.differing == 0 && found.flaws.isEmpty)
        }
        try await story.world.expectAlike(story.devices[0])
        try await story.world.expectAlike(story.devices[1])
    }

    @Test("[G-02] where both hold the same, a digest travels and nothing else")
    func same() async throws {
        let (_, lin) = try await stationed()

        let report = try await lin.sync()

        #expect(report.repair == nil)
        #expect(report.roundTrips == 1)
    }

    @Test(
        "[G-01] a record of a type that the device does not know counts, and leaves with its area"
    )
    func unknownType() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        let before = try await lin.client.digest()
        var random = SystemRandomNumberGenerator()
        let copy = RecordCopy(
            id: RecordID.minted(at: Sample.noon, using: &random),
            type: 900,
            revision: Revision(rawValue: 1),
            message: [10, 1, 65],
            isDeleted: false,
            clock: Sample.noon
        )
        var page = AreaPage(area: Sample.harbour, position: Position(rawValue: 2), floor: .start)
        page.records = [copy]
        var answer = SyncResponse()
        answer.epoch = try await lin.epoch()
        answer.serverTime = world.clock.now
        answer.highWater = SequenceNumber(rawValue: 1)
        answer.pages = [page]
        answer.digest =
            before + AreaDigest(mark: RecordMark.of(copy.id, copy.revision, copy.message))

        lin.weather.next(.answered(answer))
        let report = try await lin.sync()

        let after = try await lin.client.digest()
        #expect(report.repair == nil)
        #expect(after.records == 2)
    }

    /// A device that holds a hundred dwellings of the harbour.
    private func stationed() async throws -> (World, Device) {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        for number in 1...100 { try await lin.client.capture(Sample.dwelling("渔港路\(number)号")) }
        try await lin.sync()
        try await lin.sync()
        return (world, lin)
    }
}

extension DeviceProfile.Repair {
    /// The same at the time at which the profile has it.
    fileprivate func stamped(_ status: ClientStatus) -> DeviceProfile.Repair {
        var repair = self
        repair.time = status.profile?.lastRepair?.time ?? 0
        return repair
    }
}

extension LocalSQLiteStore {
    /// Loses a record's row, and nothing else: what a damaged page may do.
    fileprivate func loseRow(of id: RecordID) async throws {
        try await write { transaction in
            guard let record = try transaction.record(id), let known = record.acknowledged else {
                return
            }
            let mark = RecordMark.of(id, known.base.revision, known.fields.bytes)
            try transaction.erase(id)
            try transaction.place(id, in: Sample.harbour, mark: mark, isKept: true)
        }
    }
}
