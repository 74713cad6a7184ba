import Foundation
import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct GoneTests {
    @Test("[F-07] what went while a device was away is gone in a later epoch")
    func laterEpoch() async throws {
        let away = try await Away()
        try await away.everythingGoes()

        try await away.world.beginLaterEpoch()
        try await away.lin.sync()

        let listed = try await away.listed()
        #expect(listed == [away.kept])
    }

    @Test("[F-07] [F-08] what has left the feed by then is gone in a later epoch, too")
    func laterEpochAfterPruning() async throws {
        let away = try await Away()
        try await away.everythingGoes()
        try await away.halfAYearPasses()

        try await away.world.beginLaterEpoch()
        try await away.lin.sync()

        let listed = try await away.listed()
        #expect(listed == [away.kept])
    }

    @Test(
        "[F-08] a device that comes back after half a year starts again and drops what has gone",
        arguments: [1, Limits().pageBytes]
    )
    func restart(pageBytes: Int) async throws {
        let away = try await Away(pageBytes: pageBytes)
        try await away.everythingGoes()
        try await away.halfAYearPasses()

        try await away.lin.sync()

        let listed = try await away.listed()
        let name = try await away.lin.person(away.kept)?.name
        #expect(listed == [away.kept])
        #expect(name == "张三")
        for id in [away.deleted, away.erased, away.moved] {
            let held = try await away.lin.client.record(id)
            #expect(held == nil)
        }
    }

    @Test("[F-08] nothing is dropped before an area was read to its end")
    func interrupted() async throws {
        let away = try await Away(pageBytes: 1)
        for number in 7...9 {
            try await away.chen.client.capture(Sample.person("王五", passport: "E\(number)"))
        }
        try await away.everythingGoes()
        try await away.halfAYearPasses()

        away.lin.weather.next(.arrives)
        away.lin.weather.otherwise(.requestLost)
        let code = try await errorCode { try await away.lin.sync() }
        let between = try await away.listed()
        away.lin.weather.otherwise(.arrives)
        try await away.lin.sync()

        let after = try await away.listed()
        #expect(code == "server_unreachable")
        #expect(between.isSuperset(of: [away.kept, away.deleted, away.moved]))
        #expect(after.count == 4)
        #expect(after.isDisjoint(with: [away.deleted, away.erased, away.moved]))
    }

    @Test("[F-07] what was not sent yet is taken in a later epoch")
    func unsentInALaterEpoch() async throws {
        let away = try await Away()
        try await away.lin.remark(away.kept, "周末在家")
        try await away.lin.remark(away.deleted, "已搬走")
        try await away.everythingGoes()

        try await away.world.beginLaterEpoch()
        let report = try await away.lin.sync()

        let kept = try await away.world.record(away.kept)?.state.fields.text(of: 17)
        let back = try await away.lin.person(away.deleted)?.remark
        let conflicts = try await away.lin.client.conflicts(of: away.deleted)
        #expect(report.unanswered == 0)
        // What was erased meanwhile is told, and its copy is offered to nobody.
        #expect(report.outcomes[.quarantined] == nil)
        #expect(try await away.lin.client.record(away.erased)?.visible == nil)
        #expect(kept == "周末在家")
        #expect(back == "已搬走")
        #expect(conflicts.count == 1)
    }

    @Test("[F-08] what was not sent yet stays when an area starts again")
    func unsentAtARestart() async throws {
        var limits = Limits()
        limits.changesPerBatch = 1
        let away = try await Away(limits: limits)
        try await away.everythingGoes()
        try await away.halfAYearPasses()
        let (lin, id) = (away.lin, away.deleted)
        let new = try await lin.client.capture(Sample.person("李四", passport: "E9"))
        try await lin.remark(id, "已搬走")

        // The first of two round trips brings the area anew; the second is lost.
        lin.weather.next(.arrives)
        lin.weather.otherwise(.requestLost)
        let code = try await errorCode { try await lin.sync() }
        let between = try await lin.client.record(id)
        let listed = try await away.listed()
        lin.weather.otherwise(.arrives)
        try await lin.sync()

        let kept = try await away.world.record(id)?.state.fields.text(of: 17)
        let remark = try await lin.person(id)?.remark
        #expect(code == "server_unreachable")
        #expect(between?.areas.isEmpty == true)
        #expect(between?.pending == 1)
        #expect(between?.visible?.text(of: 17) == "已搬走")
        #expect(listed == [away.kept, new, id])
        #expect(kept == "已搬走")
        #expect(remark == "已搬走")
    }

    @Test("[E-02] of an erased person nothing stays in the device's files")
    func nothingInTheFiles() async throws {
        let folder = TemporaryFolder()
        let away = try await Away(in: folder)
        let words = ["E00000003", "只有我知道", "还没说过"]
        try await away.lin.remark(away.erased, words[1])
        try await away.lin.sync()
        try await away.lin.remark(away.erased, words[2])
        let before = try words.map { try folder.holds($0) }

        try await away.everythingGoes()
        try await away.lin.sync()

        let after = try words.map { try folder.holds($0) }
        #expect(before == [true, true, true])
        #expect(after == [false, false, false])
    }

    @Test("[E-02] [F-08] nor where the erasure has left the feed before the device came back")
    func nothingInTheFilesAfterPruning() async throws {
        let folder = TemporaryFolder()
        let away = try await Away(in: folder)
        let number = "E00000003"
        let before = try folder.holds(number)
        try await away.everythingGoes()
        try await away.halfAYearPasses()

        for _ in 0..<2 { try await away.lin.sync() }

        let after = try folder.holds(number)
        #expect(before)
        #expect(!after)
    }
}

/// Lin's device holds four people, and goes away; then three of them go.
private struct Away {
    let world: World
    let lin: Device
    let chen: Device
    let kept: RecordID
    let deleted: RecordID
    let erased: RecordID
    let moved: RecordID

    init(
        pageBytes: Int = Limits().pageBytes,
        limits: Limits = Limits(),
        in folder: TemporaryFolder = TemporaryFolder()
    ) async throws {
        var small = Limits()
        small.pageBytes = pageBytes
        world = try await World(limits: small)
        lin = try Device(
            world: world,
            folder: folder,
            clock: TestClock(at: Sample.noon, seed: 7),
            limits: limits
        )
        _ = try await lin.client.enrol(link: try await world.link(for: "林小梅"))
        chen = try await world.device(named: "陈建国", areas: [Sample.harbour, Sample.hill])
        kept = try await lin.client.capture(Sample.person("张三", passport: "E00000001"))
        deleted = try await lin.client.capture(Sample.person("张四", passport: "E00000002"))
        erased = try await lin.client.capture(Sample.person("张五", passport: "E00000003"))
        moved = try await lin.client.capture(Sample.person("张六", passport: "E00000004"))
        for device in [lin, chen, lin] { try await device.sync() }
    }

    /// One is deleted, one moves away, one is erased by law.
    func everythingGoes() async throws {
        try await chen.sync()
        try await chen.client.delete(deleted, reason: Change.Deletion(reason: 1, text: ""))
        try await chen.client.edit(moved, as: Person.self) {
            $0.capturedIn = [Sample.hill.rawValue]
        }
        try await chen.sync()
        _ = try await world.service.erase(erased, reason: "依申请", for: world.clerk)
    }

    /// Lin's device expires, Chen's has read everything, and the feeds forget what has gone.
    func halfAYearPasses() async throws {
        let later = SyncService.horizon + 86_400_000
        world.pass(later)
        lin.clock.advance(by: later)
        // The second time it tells how far it has read.
        for _ in 0..<2 { try await chen.sync() }
        let pruned = try await world.service.prune()
        #expect(pruned == 3)
    }

    /// The people whom Lin's device shows.
    func listed() async throws -> Set<RecordID> {
        Set(try await lin.client.records(of: Person.recordType).map(\.id))
    }
}

extension TemporaryFolder {
    /// Whether a text stands anywhere in the files of the folder.
    fileprivate func holds(_ text: String) throws -> Bool {
        let bytes = Data(text.utf8)
        return try FileManager.default
            .contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
            .contains { try Data(contentsOf: $0).range(of: bytes) != nil }
    }
}
