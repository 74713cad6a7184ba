import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct DeletionTests {
    private let mistake = Change.Deletion(reason: 1, text: "误录")

    @Test func `a deleted record is gone here at once, and on the other device after a sync`()
        async throws
    {
        let (world, lin, chen, id) = try await shared()

        try await lin.client.delete(id, reason: mistake)
        let here = try await lin.person(id)
        for device in [lin, chen] { try await device.sync() }

        let there = try await chen.person(id)
        let count = try await chen.client.count(of: Person.recordType)
        let tombstone = try await chen.client.record(id)
        let counts = try await world.service.counts()
        #expect(here == nil)
        #expect(there == nil)
        #expect(count == 0)
        #expect(tombstone?.acknowledged?.isDeleted == true)
        #expect(counts.tombstones == 1)
    }

    @Test("[M-12] a deletion that meets an edit leaves the record and an open conflict")
    func meetsAnEdit() async throws {
        let (_, lin, chen, id) = try await shared()

        try await lin.remark(id, "周末在家")
        try await chen.client.delete(id, reason: mistake)
        for device in [lin, chen, lin] { try await device.sync() }

        for device in [lin, chen] {
            let remark = try await device.person(id)?.remark
            let conflicts = try await device.client.conflicts(of: id)
            #expect(remark == "周末在家")
            #expect(conflicts.count == 1)
        }
    }

    @Test("[M-12] an edit that meets a deletion brings the record back, with an open conflict")
    func editMeetsIt() async throws {
        let (_, lin, chen, id) = try await shared()

        try await lin.client.delete(id, reason: mistake)
        try await chen.remark(id, "周末在家")
        for device in [lin, chen, lin] { try await device.sync() }

        for device in [lin, chen] {
            let read = try await device.person(id)
            let conflicts = try await device.client.conflicts(of: id)
            #expect(read?.name == "张三")
            #expect(read?.remark == "周末在家")
            #expect(conflicts.count == 1)
        }
    }

    @Test func `a capture that is deleted before it was sent leaves nothing waiting`() async throws
    {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("张三"))

        try await lin.client.delete(id, reason: mistake)
        let report = try await lin.sync()

        let seen = try await lin.person(id)
        let counts = try await world.service.counts()
        #expect(report.outcomes == [Outcome.Kind.applied: 2])
        #expect(seen == nil)
        #expect(counts.records[1, default: 0] == 0)
    }

    @Test func `a person who was deleted by mistake can be captured again`() async throws {
        let (_, lin, chen, id) = try await shared()
        try await lin.client.delete(id, reason: mistake)
        for device in [lin, chen] { try await device.sync() }

        let again = try await chen.client.capture(Sample.person("张三"))
        for device in [chen, lin] { try await device.sync() }

        let status = try await chen.client.status()
        #expect(again == id)
        #expect(status.returned.map { $0.outcome?.code ?? "" } == [])
        for device in [lin, chen] {
            let name = try await device.person(id)?.name
            #expect(name == "张三")
        }
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
