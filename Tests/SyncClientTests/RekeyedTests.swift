import Foundation
import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// A device that goes on under a new key: its own was cloned, or somebody may know it.
struct RekeyedTests {
    /// A handheld that has synced once, and what it had captured then.
    private func started(in world: World) async throws -> (lin: Device, id: DeviceID) {
        let lin = try await world.device(named: "林小梅")
        try await lin.client.capture(Sample.person("王一一", passport: "E00000001"))
        try await lin.sync()
        return (lin, try #require(try await lin.client.profile()?.device))
    }

    /// Everybody whom a device sees, by name.
    private func names(on device: Device) async throws -> [String] {
        try await device.client.records(of: Person.recordType)
            .map { try Person(try #require($0.visible)).name }.sorted()
    }

    @Test(
        "[A-12] both copies of a cloned handheld go on, and what they captured is on the server once"
    )
    func cloned() async throws {
        let world = try await World()
        let (lin, former) = try await started(in: world)
        try await lin.client.capture(Sample.person("王二二", passport: "E00000002"))
        let clone = try await lin.copy()
        try await lin.client.capture(Sample.person("王三三", passport: "E00000003"))
        try await clone.client.capture(Sample.person("王四四", passport: "E00000004"))
        try await lin.sync()
        let forked = try await errorCode { try await clone.sync() }

        let links = [
            try await world.rekeyLink(for: former), try await world.rekeyLink(for: former),
        ]
        let refused = try await errorCode { try await lin.sync() }
        let renewed = try await lin.client.enrol(link: links[0], .rekeyed)
        let other = try await clone.client.enrol(link: links[1], .rekeyed)
        for device in [clone, lin, clone] { try await device.sync() }

        #expect(forked == "device_forked" && refused == "device_rekeyed")
        let everybody = ["王一一", "王二二", "王三三", "王四四"].sorted()
        for device in [lin, clone] {
            let (seen, status) = try await (names(on: device), device.client.status())
            #expect(seen == everybody && status.unanswered == 0 && status.returned.isEmpty)
        }
        let counts = try await world.service.counts()
        let audit = try await world.service.auditChains(for: world.clerk)
        #expect(counts.changes == 4 && counts.openConflicts + counts.decidedConflicts == 0)
        #expect(audit.breaks.isEmpty && audit.devices >= 3)

        let devices = try await world.service.devices()
        let old = try #require(devices.first { $0.id == former })
        let new = devices.filter { $0.succession.predecessor == former }
        #expect(old.succession.rekeyedAt != nil && old.forkedAt != nil)
        #expect(Set(new.map(\.id)) == Set([renewed.device, other.device].compactMap(\.self)))
        #expect(new.allSatisfy { $0.name == "林小梅" && $0.grant.areas == [Sample.harbour] })
        var noted: [String] = []
        try await world.service.accesses(for: world.clerk) { page in
            noted += page.compactMap(\.access).filter { $0.act == .rekey }.compactMap(\.reason)
            return true
        }
        #expect(noted.count == 4 && noted[0].contains("分叉"))
    }

    @Test(
        "[A-12] a copy that was answered for a part before it was found out goes on behind that part",
        arguments: [2, 3]
    )
    func answeredInPart(own: Int) async throws {
        // residence-sim --seed 6 --weather rain --days 20: it was told for ever that the server is behind.
        let world = try await World()
        var limits = Limits()
        limits.changesPerBatch = 1
        let lin = try await world.device(named: "林小梅", limits: limits)
        try await lin.client.capture(Sample.dwelling("人民路1号"))
        let clone = try await lin.copy()
        for number in 2...4 { try await clone.client.capture(Sample.dwelling("人民路\(number)号")) }
        try await clone.sync()
        for number in 5...(4 + own) {
            try await lin.client.capture(Sample.dwelling("人民路\(number)号"))
        }
        let former = try #require(try await lin.client.profile()?.device)
        let forked = try await errorCode { try await lin.sync() }

        for device in [lin, clone] {
            let link = try await world.rekeyLink(for: former)
            _ = try await device.client.enrol(link: link, .rekeyed)
        }
        for device in [lin, clone, lin] { try await device.sync() }

        let counts = try await world.service.counts()
        #expect(forked == "device_forked" && counts.changes == 4 + own)
        for device in [lin, clone] {
            let pending = try await device.client.status().unanswered
            let homes = try await device.client.count(of: Dwelling.recordType)
            #expect(pending == 0 && homes == 4 + own)
            // Only its own receipts tell an undeclared restore.
            let receipt = try await device.client.lastReceipt()
            #expect(receipt?.device == (try await device.client.profile()?.device))
        }
    }

    @Test("[A-12] a link that was given out before the device was revoked is of no use any more")
    func revoked() async throws {
        let world = try await World()
        let (lin, former) = try await started(in: world)
        let link = try await world.rekeyLink(for: former)
        try await world.service.revoke(former, takesOutbox: true)

        let refused = try await errorCode { try await lin.client.enrol(link: link, .rekeyed) }

        #expect(refused == "code_expired")
        #expect(try await world.service.devices().filter { $0.revoked == nil }.count <= 1)
    }

    @Test("[O-02] what a device captured before it was re-keyed is handed over with its work")
    func handedOver() async throws {
        let world = try await World()
        let (lin, former) = try await started(in: world)
        let chen = try await world.device(named: "陈建国")
        let taker = try #require(try await chen.client.profile()?.device)
        // Outside its areas: returned.
        try await lin.client.capture(Sample.dwelling("山路1号", in: Sample.hill))
        try await lin.sync()
        let link = try await world.rekeyLink(for: former)
        let renewed = try await lin.client.enrol(link: link, .rekeyed).device

        let report = try await world.service.handOver(
            from: try #require(renewed),
            to: taker,
            for: world.clerk
        )
        let handed = try await world.service.devices().first { $0.id == taker }
        let second = try await world.rekeyLink(for: taker)
        _ = try await chen.client.enrol(link: second, .rekeyed)
        let heir = try #require(
            try await world.service.devices().last { $0.succession.predecessor == taker }
        )
        let seen = try await world.service.quarantine(for: Principal(heir)).entries.count

        #expect(report.returned == 1)
        #expect(handed != nil && seen == 1)
    }

    @Test(
        "[P-07] what was captured before the map changed is accepted under a key that came before any answer"
    )
    func renamedMeanwhile() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let former = try #require(try await lin.client.profile()?.device)
        try await lin.client.capture(Sample.person("王一一", passport: "E00000001"))
        let new = Sample.area("330921201")
        let change = AreaChange(
            .rename,
            [Sample.harbour],
            to: [new],
            by: "运维",
            at: world.service.now
        )
        _ = try await world.service.change(map: change, for: world.clerk)
        let link = try await world.rekeyLink(for: former)
        _ = try await lin.client.enrol(link: link, .rekeyed)

        let report = try await lin.sync()

        #expect(report.outcomes == [.applied: 1])
        #expect(try await lin.client.profile()?.grant.areas == [new])
    }

    @Test("[S-01] a device hears what was decided about what it captured under its former key")
    func decidedMeanwhile() async throws {
        let world = try await World()
        let (lin, former) = try await started(in: world)
        try await lin.client.capture(Sample.dwelling("山路1号", in: Sample.hill))
        try await lin.sync()
        let link = try await world.rekeyLink(for: former)
        let renewed = try await lin.client.enrol(link: link, .rekeyed).device
        let device = try #require(try await world.service.devices().first { $0.id == renewed })
        let watch = try #require(world.service.watch(for: device, knowing: nil))
        let before = await watch.next()

        let returned = try #require(try await world.returned().first)
        try await world.service.discard(returned.id, reason: "不是这里的", for: world.clerk)
        let after = await watch.next()

        #expect(before != after)
        if case .news(let mark) = after { #expect(mark.settlement > 0) } else { Issue.record() }
        world.service.end(watch)
    }

    @Test(
        "[A-12] what neither copy had sent counts once, whichever of them comes first",
        arguments: [true, false]
    )
    func common(isCloneFirst: Bool) async throws {
        let world = try await World()
        let (lin, former) = try await started(in: world)
        try await lin.client.capture(Sample.person("王二二", passport: "E00000002"))
        try await lin.client.capture(Sample.dwelling("人民路1号"))
        let clone = try await lin.copy()
        for device in [lin, clone] {
            let link = try await world.rekeyLink(for: former)
            _ = try await device.client.enrol(link: link, .rekeyed)
        }
        try await lin.client.capture(Sample.dwelling("人民路2号"))
        try await clone.client.capture(Sample.dwelling("人民路3号"))

        let (first, second) = isCloneFirst ? (clone, lin) : (lin, clone)
        for device in [first, second, first] { try await device.sync() }
        try await second.client.capture(Sample.dwelling("人民路4号"))
        try await second.sync()

        let counts = try await world.service.counts()
        let audit = try await world.service.auditChains(for: world.clerk)
        #expect(counts.changes == 6 && audit.breaks.isEmpty)
        #expect(counts.records[Dwelling.recordType.number] == 4)
        #expect(try await first.client.count(of: Dwelling.recordType) == 3)
        #expect(try await second.client.count(of: Dwelling.recordType) == 4)
    }

    @Test(
        "[A-12] what the old key delivered and was not answered for is the device's own, and counts once"
    )
    func unanswered() async throws {
        let world = try await World()
        let (lin, former) = try await started(in: world)
        let id = try #require(try await lin.client.records(of: Person.recordType).first?.id)
        try await lin.rename(id, to: "王一二")
        // The one attempt: the next would be answered.
        let once = try lin.reopen(attempts: 1)
        once.weather.next(.answerLost)
        let lost = try await errorCode { try await once.sync() }
        try await lin.rename(id, to: "王一三")
        let link = try await world.rekeyLink(for: former)
        _ = try await lin.client.enrol(link: link, .rekeyed)

        try await lin.sync()

        let (counts, held) = try await (world.service.counts(), world.record(id))
        #expect(lost == "server_unreachable")
        #expect(counts.changes == 3 && counts.openConflicts + counts.decidedConflicts == 0)
        #expect(try held.map { try Person($0.state.fields).name } == "王一三")
        #expect(try await lin.person(id)?.name == "王一三")
    }

    @Test(
        "[A-12] what the other copy wrote meanwhile is somebody else's: it is contested, and noted"
    )
    func others() async throws {
        let world = try await World()
        let (lin, former) = try await started(in: world)
        let id = try #require(try await lin.client.records(of: Person.recordType).first?.id)
        let clone = try await lin.copy()
        try await lin.rename(id, to: "王一二")
        try await lin.sync()
        try await clone.rename(id, to: "王一三")
        let link = try await world.rekeyLink(for: former)
        _ = try await clone.client.enrol(link: link, .rekeyed)

        try await clone.sync()

        let counts = try await world.service.counts()
        #expect(counts.changes == 3 && counts.openConflicts + counts.decidedConflicts == 1)
    }

    @Test("[A-12] grants and returned work go along, and what is mended is mended")
    func returned() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("王一一", in: [Sample.hill]))
        try await lin.sync()
        let before = try await lin.client.status()
        let former = try #require(try await lin.client.profile()?.device)
        try await world.service.assign([Sample.harbour, Sample.hill], to: former)
        let link = try await world.rekeyLink(for: former)
        let renewed = try await lin.client.enrol(link: link, .rekeyed)
        try await lin.sync()
        try await lin.client.edit(id, as: Person.self) { $0.remark = "已核对" }

        try await lin.sync()

        let device = try #require(try await world.service.devices().last)
        #expect(before.returned.count == 1 && device.id == renewed.device)
        #expect(device.grant.number == 2 && device.grant.areas.count == 2)
        #expect(try await world.returned().isEmpty)
        #expect(try await lin.client.status().returned.isEmpty)
        #expect(try await lin.person(id)?.remark == "已核对")
    }

    @Test(
        "[A-12] [V-05] a creation that was mended at the server is its author's own under another key"
    )
    func mendedAtServer() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("王一一", in: [Sample.hill]))
        try await lin.sync()
        let former = try #require(try await lin.client.profile()?.device)
        let correction = Person {
            $0.capturedIn = [Sample.harbour.rawValue]
            $0.remark = "已核实"
        }
        _ = try await world.service.mend(
            try #require(try await world.returned().first).id,
            MendRequest(fields: correction.fieldMap, of: Person.recordType.number),
            for: world.clerk
        )
        let link = try await world.rekeyLink(for: former)
        _ = try await lin.client.enrol(link: link, .rekeyed)
        try await lin.client.edit(id, as: Person.self) { $0.name = "王一二" }

        try await lin.sync()

        // She says the wrong area again: that is contested with whoever corrected it, and nothing with herself.
        let fields = try await world.conflicts(of: id).map(\.conflict.fields)
        #expect(fields == [[15]])
        let held = try #require(try await world.record(id)).state.fields
        #expect(try Person(held).name == "王一二" && Person(held).remark == "已核实")
        #expect(try await lin.person(id)?.name == "王一二")
    }

    @Test(
        "[A-12] a link for another device, or of another kind, changes nothing; a lost answer is asked for again"
    )
    func unfit() async throws {
        let world = try await World()
        let (lin, former) = try await started(in: world)
        let chen = try await world.device(named: "陈建国")
        let stranger = try world.stranger(named: "王芳")
        let link = try await world.rekeyLink(for: former)

        let another = try await errorCode { try await chen.client.enrol(link: link, .rekeyed) }
        let nobody = try await errorCode { try await stranger.client.enrol(link: link, .rekeyed) }
        let fresh = try await errorCode { try await stranger.client.enrol(link: link) }
        let ordinary = try await world.link(for: "陈建国")
        let plain = try await errorCode { try await chen.client.enrol(link: ordinary, .rekeyed) }
        try await chen.sync()
        lin.weather.next(.answerLost)
        let lost = try await errorCode { try await lin.client.enrol(link: link, .rekeyed) }
        _ = try await lin.client.enrol(link: link, .rekeyed)
        try await lin.sync()
        let used = try await errorCode { try await chen.client.enrol(link: link, .rekeyed) }

        #expect(another == "predecessor_unfit" && nobody == "not_enrolled")
        #expect(fresh == "predecessor_missing" && plain == "predecessor_unexpected")
        #expect(lost == "server_unreachable" && used == "code_used")
    }

    @Test(
        "[A-12, A-09] a file that was sealed before counts once, whether it comes before or after"
    )
    func sealed() async throws {
        let world = try await World()
        let (lin, former) = try await started(in: world)
        try await lin.client.capture(Sample.dwelling("人民路1号"))
        let early = try SealedOutbox(try await lin.client.sealedOutbox().file)
        try await lin.client.capture(Sample.dwelling("人民路2号"))
        let late = try SealedOutbox(try await lin.client.sealedOutbox().file)
        _ = try await world.service.take(early, isFromOperator: true)
        let link = try await world.rekeyLink(for: former)
        _ = try await lin.client.enrol(link: link, .rekeyed)
        try await lin.sync()

        let report = try await world.service.take(late, isFromOperator: true)

        let (counts, audit) = try await (
            world.service.counts(), world.service.auditChains(for: world.clerk)
        )
        #expect(counts.changes == 3 && audit.breaks.isEmpty && report.outcomes.isEmpty)
    }

    @Test("[A-12, X-07] a server restored from before knows what came under the old key")
    func restored() async throws {
        let world = try await World()
        let (lin, former) = try await started(in: world)
        let backup = try await world.backUp()
        let link = try await world.rekeyLink(for: former)
        let renewed = try await lin.client.enrol(link: link, .rekeyed)
        try await lin.client.capture(Sample.dwelling("人民路1号"))
        try await lin.sync()
        try await world.restore(backup)

        let waits = try await errorCode { try await lin.sync() }
        let device = try #require(renewed.device)
        _ = try await world.service.confirm(device, areas: [Sample.harbour], role: .coordinator)
        try await lin.sync()

        let counts = try await world.service.counts()
        let old = try await errorCode { try await world.service.suspend(former, true) }
        #expect(waits == "device_awaits_confirmation" && old == "device_rekeyed")
        #expect(counts.changes == 2 && counts.records[Dwelling.recordType.number] == 1)
        #expect(try await lin.client.status().unanswered == 0)
    }
}
