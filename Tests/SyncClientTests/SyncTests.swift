import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct SyncTests {
    @Test func `a second device has everything after a sync`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国")
        let person = try await lin.client.capture(Sample.person("张三"))
        let dwelling = try await lin.client.capture(Sample.dwelling("渔港路1号"))
        let lives = try await lin.client.capture(
            Sample.registration(of: person, at: dwelling)
        )

        let sent = try await lin.sync()
        let received = try await chen.sync()

        let registration = try await chen.client.read(lives, as: Registration.self)
        let name = try await chen.person(person)?.name
        let address = try await chen.client.read(dwelling, as: Dwelling.self)?.address
        #expect(sent.outcomes == [Outcome.Kind.applied: 3])
        #expect(sent.unanswered == 0)
        #expect(received.received == 3)
        #expect(registration?.person == person.reference)
        #expect(registration?.dwelling == dwelling.reference)
        #expect(name == "张三")
        #expect(address == "渔港路1号")
    }

    @Test func `a sync without news brings and sends nothing`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()

        let report = try await lin.sync()

        #expect(report.roundTrips == 1)
        #expect(report.received == 0)
        #expect(report.outcomes.isEmpty)
    }

    @Test func `edits of different fields merge`() async throws {
        let (_, lin, chen, id) = try await shared()

        try await lin.remark(id, "周末在家")
        try await chen.client.edit(id, as: Person.self) { $0.ethnicity = .she }
        for device in [lin, chen, lin] { try await device.sync() }

        for device in [lin, chen] {
            let read = try await device.person(id)
            let conflicts = try await device.client.conflicts(of: id)
            #expect(read?.remark == "周末在家")
            #expect(read?.ethnicity == .she)
            #expect(conflicts.isEmpty)
        }
    }

    @Test(arguments: [true, false])
    func `of two values the one observed later stands, whoever syncs first`(
        earlierSyncsFirst: Bool
    ) async throws {
        let (world, lin, chen, id) = try await shared()

        world.pass(Sample.minute)
        try await lin.remark(id, "早")
        world.pass(Sample.minute)
        try await chen.remark(id, "晚")
        let order = earlierSyncsFirst ? [lin, chen, lin] : [chen, lin, chen]
        for device in order { try await device.sync() }

        for device in [lin, chen] {
            let remark = try await device.person(id)?.remark
            #expect(remark == "晚")
        }
    }

    @Test("[F-06] a reviewed field leaves a conflict that travels to both devices")
    func review() async throws {
        let (_, lin, chen, id) = try await shared()

        try await lin.rename(id, to: "张山")
        try await chen.rename(id, to: "章三")
        try await lin.sync()
        let report = try await chen.sync()
        try await lin.sync()

        #expect(report.outcomes == [Outcome.Kind.conflicted: 1])
        for device in [lin, chen] {
            let name = try await device.person(id)?.name
            let conflicts = try await device.client.conflicts(of: id)
            let status = try await device.client.status()
            #expect(name == "张山")
            #expect(conflicts.count == 1)
            #expect(status.conflicts == 1)
        }
    }

    @Test func `the same person captured on two devices offline is one record`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国")
        var seenByLin = Sample.person("张三")
        seenByLin.phones = ["13800000001"]
        var seenByChen = Sample.person("张三")
        seenByChen.phones = ["13800000002"]

        let id = try await lin.client.capture(seenByLin)
        let same = try await chen.client.capture(seenByChen)
        for device in [lin, chen, lin] { try await device.sync() }

        let counts = try await world.service.counts()
        #expect(same == id)
        #expect(counts.records == [UInt32(1): 1])
        for device in [lin, chen] {
            let phones = try await device.person(id)?.phones
            #expect(phones == ["13800000001", "13800000002"])
        }
    }

    @Test("[Q-03] a capture of somebody known elsewhere, and its edit, go into one batch or two")
    func concurrentCreationElsewhere() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅", areas: [Sample.harbour])
        let chen = try await world.device(named: "陈建国", areas: [Sample.hill])
        try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()

        let id = try await chen.client.capture(Sample.person("张三", in: [Sample.hill]))
        try await chen.remark(id, "周末在家")
        try await chen.sync()

        let status = try await chen.client.status()
        let kept = try await world.record(id)
        #expect(status.returned.map { $0.outcome?.code ?? "" } == [])
        #expect(kept?.state.fields.text(of: 17) == "周末在家")
    }

    /// Two devices that both hold a person.
    private func shared() async throws -> (World, lin: Device, chen: Device, id: RecordID) {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国")
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        try await chen.sync()
        return (world, lin, chen, id)
    }
}
