import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct DepartureTests {
    @Test("[D-04] a record is erased when its last placement has gone")
    func erased() async throws {
        let (world, lin, chen, id) = try await shared()

        try await moveToHill(id, by: chen)
        let report = try await lin.sync()

        let held = try await lin.client.record(id)
        let found = try await lin.client.search("张三")
        let kept = try await world.record(id)
        let stillWithChen = try await chen.person(id)
        #expect(report.departed == 1)
        #expect(held == nil)
        #expect(found.isEmpty)
        #expect(kept?.placements.map(\.area) == [Sample.hill])
        #expect(stillWithChen?.name == "张三")
    }

    @Test("[D-04] a record that leaves one of two areas stays")
    func oneOfTwo() async throws {
        let (_, lin, chen, id) = try await shared()

        try await lin.client.edit(id, as: Person.self) {
            $0.capturedIn = [Sample.harbour.rawValue, Sample.hill.rawValue]
        }
        try await lin.sync()
        let refused = try await lin.client.status().returned
        try await moveToHill(id, by: chen)

        let held = try await chen.client.record(id)
        #expect(refused.isEmpty)
        #expect(held?.areas == Set([Sample.hill]))
        #expect(held?.visible != nil)
    }

    @Test("[D-04] a record that left keeps its unsent work, and goes when that was answered")
    func unsentWork() async throws {
        let (world, lin, chen, id) = try await shared()
        try await lin.client.capture(Sample.person("李四", passport: "E2"))
        try await lin.remark(id, "周末在家")
        try await moveToHill(id, by: chen)

        // The first of two round trips brings the departure; the second is lost.
        lin.weather.next(.arrives)
        lin.weather.otherwise(.requestLost)
        let code = try await errorCode { try await lin.sync() }
        let between = try await lin.client.record(id)
        let remark = try await lin.person(id)?.remark
        lin.weather.otherwise(.arrives)
        try await lin.sync()

        let kept = try await world.record(id)
        let after = try await lin.client.record(id)
        #expect(code == "server_unreachable")
        #expect(between?.areas.isEmpty == true)
        #expect(between?.pending == 1)
        #expect(remark == "周末在家")
        #expect(kept?.state.fields.text(of: 17) == "周末在家")
        #expect(after == nil)
    }

    @Test("[D-04] a grant without an area takes that area's records away, and no unsent work")
    func grantWithoutArea() async throws {
        let (world, lin, _, id) = try await shared()
        let other = try await lin.client.capture(Sample.person("李四", passport: "E2"))
        try await lin.sync()
        try await lin.remark(other, "周末在家")
        let epoch = try await lin.epoch()

        var answer = SyncResponse()
        answer.epoch = epoch
        answer.serverTime = world.clock.now
        answer.highWater = SequenceNumber(rawValue: 9)
        answer.grant = Grant(number: 2, areas: [Sample.hill])
        lin.weather.next(.answered(answer))
        lin.weather.otherwise(.requestLost)
        _ = try await errorCode { try await lin.sync() }

        let gone = try await lin.client.record(id)
        let remark = try await lin.person(other)?.remark
        let grant = try await lin.client.profile()?.grant
        #expect(gone == nil)
        #expect(remark == "周末在家")
        #expect(grant == Grant(number: 2, areas: [Sample.hill]))
    }

    // residence-sim --seed 19 --weather rain: half a year went by, and a record was told apart from another.
    @Test(
        "[D-04] a record that comes back elsewhere no longer stands where its tombstone was pruned"
    )
    func pruned() async throws {
        let (world, lin, chen, id) = try await shared()
        let du = try await world.device(named: "杜鹃", areas: [Sample.harbour, Sample.hill])
        try await du.sync()
        // A registration carries whom it refers to: they stand where it does.
        let home = try await du.client.capture(Sample.dwelling("渔港路1号", in: Sample.hill))
        try await du.client.capture(Sample.registration(of: id, at: home, in: Sample.hill))
        try await chen.client.delete(id, reason: Change.Deletion(reason: 1, text: ""))
        for _ in 0..<3 {
            try await chen.sync()
            try await lin.sync()
            world.pass(91 * 86_400_000)
        }

        let pruned = try await world.service.prune()
        try await du.sync()
        let report = try await chen.sync()

        let held = try await chen.client.record(id)
        let check = try await chen.client.check()
        #expect(pruned == 1)
        #expect(held?.visible != nil)
        #expect(held?.areas == Set([Sample.hill]))
        #expect(check.differing == 0)
        #expect(report.repair == nil)
    }

    /// Lin keeps the harbour, Chen the harbour and the hill; both hold a person at the harbour.
    private func shared() async throws -> (World, lin: Device, chen: Device, id: RecordID) {
        let world = try await World()
        var limits = Limits()
        limits.changesPerBatch = 1
        let lin = try await world.device(named: "林小梅", limits: limits)
        let chen = try await world.device(
            named: "陈建国",
            areas: [Sample.harbour, Sample.hill]
        )
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        try await chen.sync()
        return (world, lin, chen, id)
    }

    private func moveToHill(_ id: RecordID, by device: Device) async throws {
        try await device.client.edit(id, as: Person.self) {
            $0.capturedIn = [Sample.hill.rawValue]
        }
        try await device.sync()
    }
}
