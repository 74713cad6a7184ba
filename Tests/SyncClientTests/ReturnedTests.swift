import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct ReturnedTests {
    @Test func `a returned capture stays visible and is counted`() async throws {
        let (_, lin, id) = try await returned()

        let name = try await lin.person(id)?.name
        let held = try await lin.client.record(id)
        let status = try await lin.client.status()

        #expect(name == "张三")
        #expect(held?.returned == 1)
        #expect(status.unanswered == 0)
        #expect(status.returned.map(\.record) == [id])
        #expect(status.returned.map { $0.outcome?.code ?? "" } == ["outside_areas"])
    }

    @Test func `mending a returned capture sends it whole and settles it`() async throws {
        let (world, lin, id) = try await returned()
        let chen = try await world.device(named: "陈建国")

        try await mend(id, on: lin)
        let report = try await lin.sync()
        try await chen.sync()

        let status = try await lin.client.status()
        let held = try await lin.client.record(id)
        let received = try await chen.person(id)
        #expect(report.outcomes == [Outcome.Kind.applied: 1])
        #expect(status.returned.isEmpty)
        #expect(held?.returned == 0)
        #expect(received?.name == "张三")
        #expect(received?.documentNumber == "E00000001")
        #expect(received?.capturedIn == [Sample.harbour.rawValue])
    }

    @Test("[D-01] what was mended is what is seen, before it is sent")
    func mendedAtOnce() async throws {
        let (_, lin, id) = try await returned()

        try await mend(id, on: lin)

        let areas = try await lin.person(id)?.capturedIn
        #expect(areas == [Sample.harbour.rawValue])
    }

    @Test("[V-01] one bad record delays no other")
    func othersGoOn() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国")
        let first = try await lin.client.capture(Sample.person("张三", passport: "E1"))
        try await lin.client.capture(Sample.person("李四", passport: "E2", in: [Sample.hill]))
        let third = try await lin.client.capture(Sample.person("王五", passport: "E3"))

        let report = try await lin.sync()
        try await chen.sync()

        let received = try await chen.client.records(of: Person.recordType).map(\.id)
        #expect(report.outcomes == [Outcome.Kind.applied: 2, .quarantined: 1])
        #expect(report.unanswered == 0)
        #expect(Set(received) == [first, third])
    }

    @Test("[V-02] what depends on a returned capture waits with it, and both are mended")
    func dependents() async throws {
        let (_, lin, person) = try await returned()
        let dwelling = try await lin.client.capture(Sample.dwelling("渔港路1号"))
        let lives = try await lin.client.capture(
            Sample.registration(of: person, at: dwelling)
        )
        try await lin.sync()
        let waiting = try await lin.client.status().returned.map { $0.outcome?.code ?? "" }

        try await mend(person, on: lin)
        try await lin.client.edit(lives, as: Registration.self) { $0.remark = "同住" }
        try await lin.sync()

        let status = try await lin.client.status()
        let held = try await lin.client.record(lives)
        #expect(waiting == ["outside_areas", "waits_for_creation"])
        #expect(status.returned.isEmpty)
        #expect(held?.acknowledged?.fields.text(of: 14) == "同住")
    }

    @Test("[V-02] what waited goes by itself once the creation that it waited for was mended")
    func leavesWithIt() async throws {
        let (_, lin, person) = try await returned()
        let dwelling = try await lin.client.capture(Sample.dwelling("渔港路1号"))
        let lives = try await lin.client.capture(
            Sample.registration(of: person, at: dwelling)
        )
        try await lin.sync()

        try await mend(person, on: lin)
        let report = try await lin.sync()

        let status = try await lin.client.status()
        let held = try await lin.client.record(lives)
        #expect(report.unanswered == 0)
        #expect(status.returned.isEmpty)
        #expect(held?.acknowledged?.base.revision == Revision(rawValue: 1))
    }

    @Test func `an accepted edit of another field settles no returned one`() async throws {
        let world = try await World(rules: NothingPending())
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()

        try await lin.remark(id, NothingPending.remark)
        try await lin.client.edit(id, as: Person.self) { $0.ethnicity = .she }
        let report = try await lin.sync()

        let status = try await lin.client.status()
        let seen = try await lin.person(id)
        #expect(report.outcomes == [Outcome.Kind.quarantined: 1, .applied: 1])
        #expect(status.returned.count == 1)
        #expect(seen?.remark == NothingPending.remark)
    }

    @Test func `a returned edit is mended by editing its field again`() async throws {
        let world = try await World(rules: NothingPending())
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        try await lin.remark(id, NothingPending.remark)
        try await lin.sync()

        try await lin.remark(id, "已核实")
        try await lin.sync()

        let status = try await lin.client.status()
        let seen = try await lin.person(id)
        #expect(status.returned.isEmpty)
        #expect(seen?.remark == "已核实")
    }

    /// A device whose one capture lies outside its areas, and was returned.
    private func returned() async throws -> (World, lin: Device, id: RecordID) {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("张三", in: [Sample.hill]))
        try await lin.sync()
        return (world, lin, id)
    }

    private func mend(_ id: RecordID, on device: Device) async throws {
        try await device.client.edit(id, as: Person.self) {
            $0.capturedIn = [Sample.harbour.rawValue]
        }
    }

    @Test(
        "[D-01] what a refused finding had shown is gone, whichever record is heard of first",
        arguments: [("E1", "E2"), ("E2", "E1"), ("E5", "E6"), ("E6", "E5")]
    )
    func refusedInAChain(numbers: (first: String, second: String)) async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国")
        let first = try await chen.client.capture(Sample.person("张三", passport: numbers.first))
        var middle = Sample.person("张三", passport: numbers.second)
        middle.phones = ["13800000001"]
        let second = try await chen.client.capture(middle)
        let third = try await chen.client.capture(Sample.person("张三", passport: "E3"))
        let fourth = try await chen.client.capture(Sample.person("张三", passport: "E4"))
        for device in [chen, lin] { try await device.sync() }
        try await chen.client.reidentify(first, as: second)
        for device in [chen, lin] { try await device.sync() }
        try await chen.client.split(first)
        try await chen.client.reidentify(second, as: fourth)
        try await chen.sync()

        try await lin.client.reidentify(second, as: third)
        let before = try await lin.person(third)?.phones
        try await lin.sync()

        let refused = try await lin.client.returnedCaptures().map(\.outcome.code)
        let after = try await lin.person(third)?.phones
        #expect(refused == ["record_redirected"])
        #expect(before == ["13800000001"] && after == [])
        try await world.expectAlike(lin, chen)
    }
}

/// Rules of a server that knows better than its devices: it wants no such remark.
private struct NothingPending: RecordRules {
    static let remark = "待定"

    func violations(of fields: FieldMap, as type: RecordType) -> [Violation] {
        let others = SchemaRules().violations(of: fields, as: type)
        guard type.name == "Person", fields.text(of: 17) == Self.remark else { return others }
        return others + [
            Violation(code: "remark_refused", field: 17, zh: "请写明。", en: "Say what is.")
        ]
    }
}
