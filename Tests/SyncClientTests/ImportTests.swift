import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct ImportTests {
    @Test func `the same rows twice change nothing`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let rows = [try await row(1, Sample.person("张三"), on: lin)]

        let first = try await lin.client.importRows(rows)
        let second = try await lin.client.importRows(rows)

        let status = try await lin.client.status()
        #expect(first.changed == 1)
        #expect(first.known == 0)
        #expect(second.changed == 0)
        #expect(second.known == 1)
        #expect(status.unanswered == 1)
    }

    @Test func `a correction made since is not undone by the old ledger`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let rows = [try await row(1, Sample.person("张叁"), on: lin)]
        _ = try await lin.client.importRows(rows)
        let id = try #require(rows.first?.captures.first?.id)

        try await lin.rename(id, to: "张三")
        _ = try await lin.client.importRows(rows)

        let name = try await lin.person(id)?.name
        #expect(name == "张三")
    }

    @Test func `a new row completes and adds to sets, and never replaces`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        var known = Sample.person("张三")
        known.phones = ["13800000001"]
        known.remark = "门牌已换"
        let id = try await lin.client.capture(known)
        var listed = Sample.person("张叁")
        listed.phones = ["13800000002"]
        listed.remark = "旧门牌"
        listed.ethnicity = .she

        let result = try await lin.client.importRows([try await row(1, listed, on: lin)])

        let read = try await lin.person(id)
        #expect(result.changed == 1)
        #expect(read?.name == "张三")
        #expect(read?.remark == "门牌已换")
        #expect(read?.ethnicity == .she)
        #expect(read?.phones == ["13800000001", "13800000002"])
    }

    @Test func `a row that breaks a rule is refused by its number, and the others are taken`()
        async throws
    {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let rows = [
            try await row(2, Sample.person("张三", passport: "E1"), on: lin),
            try await row(3, Sample.person("", passport: "E2"), on: lin),
            try await row(4, Sample.person("王五", passport: "E3"), on: lin),
        ]

        let result = try await lin.client.importRows(rows)

        let count = try await lin.client.count(of: Person.recordType)
        #expect(result.changed == 2)
        #expect(result.refused.map { $0.row } == [3])
        #expect(result.refused.map { $0.error.code.rawValue } == ["name_missing"])
        #expect(count == 2)
    }

    @Test func `two devices that import the same ledger make each record once`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国")

        for device in [lin, chen] {
            let rows = [try await row(1, Sample.person("张三"), on: device)]
            _ = try await device.client.importRows(rows)
            try await device.sync()
        }

        let counts = try await world.service.counts()
        #expect(counts.records == [UInt32(1): 1])
        #expect(counts.openConflicts + counts.decidedConflicts == 0)
    }

    private func row(
        _ number: Int,
        _ person: Person,
        on device: Device
    ) async throws -> ImportRow {
        let fields = person.fieldMap
        let id = try await device.client.id(for: fields, of: Person.recordType)
        return ImportRow(
            number: number,
            captures: [Capture(id: id, type: Person.recordType, fields: fields)]
        )
    }
}
