import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// Devices that were away while areas were renamed or given to others.
struct RedrawnMapTests {
    private static let new = Sample.area("330921201")

    @Test("[P-06] a device that was away follows, with what it had not sent")
    func renamed() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国", areas: [Sample.area("330921")])
        let known = try await lin.client.capture(Sample.person("张三", passport: "E1"))
        try await lin.sync()
        try await lin.remark(known, "周末在家")
        let late = try await lin.client.capture(Sample.person("李四", passport: "E2"))

        try await world.rename(Sample.harbour, to: Self.new)
        let report = try await lin.sync()
        try await chen.sync()
        let later = try await lin.client.capture(Sample.person("王五", passport: "E3"))
        let again = try await lin.sync()

        let areas = try await lin.client.profile()?.grant.areas
        let remark = try await world.record(known)?.state.fields
        #expect(areas == [Self.new])
        #expect(report.outcomes == [.applied: 2] && report.repair == nil)
        #expect(remark == (try await lin.client.record(known)?.visible))
        for id in [known, late, later] {
            let held = try await lin.client.record(id)
            #expect(held?.areas == [Self.new] && held?.visible != nil)
        }
        #expect(again.repair == nil && again.outcomes == [.applied: 1])
        let (hers, his) = try await (lin.client.status().counts, chen.client.status().counts)
        #expect(hers != his && his.values.reduce(0, +) == 2)
    }

    @Test("[O-01] what was captured in an area that was given away goes once it was delivered")
    func givenAway() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国", areas: [Sample.hill])
        let known = try await lin.client.capture(Sample.person("张三", passport: "E1"))
        try await lin.sync()
        try await lin.remark(known, "周末在家")
        let late = try await lin.client.capture(Sample.person("李四", passport: "E2"))

        let (from, to) = try await (lin.client.profile()?.device, chen.client.profile()?.device)
        _ = try await world.service.handOver(
            from: try #require(from),
            to: try #require(to),
            for: world.clerk
        )
        let report = try await lin.sync()
        try await chen.sync()

        let left = try await lin.client.status().counts
        let gone = try await (lin.client.record(known), lin.client.record(late))
        #expect(report.outcomes == [.applied: 2])
        #expect(left.values.reduce(0, +) == 0 && gone.0 == nil && gone.1 == nil)
        let (remark, arrived) = try await (chen.person(known)?.remark, chen.person(late)?.name)
        #expect(remark == "周末在家" && arrived == "李四")
    }
}

extension World {
    /// Gives an area another code, as the authorities do.
    fileprivate func rename(_ old: AreaCode, to new: AreaCode) async throws {
        let change = AreaChange(.rename, [old], to: [new], by: "运维", at: clock.now)
        _ = try await service.change(map: change, for: clerk)
    }
}
