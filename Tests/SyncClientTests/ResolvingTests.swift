import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct ResolvingTests {
    @Test(
        "[C-03] a reviewer's choice is seen at once, and ends the conflict on every side",
        arguments: Change.Resolution.Choice.allCases
    )
    func settled(choice: Change.Resolution.Choice) async throws {
        let dispute = try await Dispute()

        try await dispute.settle(choice)
        let seen = try await dispute.hu.person(dispute.id)?.name
        let left = try await dispute.hu.client.openConflicts()
        for device in dispute.everybody { try await device.sync() }

        let known = try await dispute.world.service.record(dispute.id, in: [Sample.province])
        let closing = known?.conflicts.first?.closing
        #expect(seen == Dispute.names[choice])
        #expect(left.isEmpty)
        #expect(known?.conflicts.map(\.state) == [ConflictEntry.State.resolved])
        #expect(closing?.choice == choice)
        #expect(closing?.author == "胡敏")
        #expect(closing?.reason == "已核对证件")
        for device in dispute.everybody {
            let name = try await device.person(dispute.id)?.name
            let conflicts = try await device.client.conflicts(of: dispute.id)
            #expect(name == Dispute.names[choice])
            #expect(conflicts.isEmpty)
        }
    }

    @Test("[C-03] whoever looked at an older revision settles nothing")
    func outdated() async throws {
        let dispute = try await Dispute()
        let seen = try await dispute.hu.client.record(dispute.id)?.acknowledged?.base.revision
        try await dispute.moveOn()
        try await dispute.hu.sync()

        let code = try await errorCode { try await dispute.settle(.standing, seen: seen) }

        let status = try await dispute.hu.client.status()
        let open = try await dispute.hu.client.openConflicts()
        #expect(code == "conflict_outdated")
        #expect(status.unanswered == 0)
        #expect(open.map(\.id) == [dispute.number])
    }

    @Test("[C-03] a choice that the server refuses shows the conflict again, to be settled again")
    func refused() async throws {
        let dispute = try await Dispute()
        let (hu, id) = (dispute.hu, dispute.id)

        try await dispute.settle(.proposed)
        try await dispute.moveOn()
        let report = try await hu.sync()
        let returned = try await hu.client.returnedCaptures().map(\.outcome.code)
        let again = try await hu.client.openConflicts().map(\.id)
        let standing = try await hu.person(id)?.name
        try await dispute.settle(.proposed)
        try await hu.sync()

        let name = try await hu.person(id)?.name
        let left = try await dispute.left()
        #expect(report.outcomes == [Outcome.Kind.quarantined: 1])
        #expect(returned == ["conflict_outdated"])
        #expect(again == [dispute.number])
        #expect(standing == "张山")
        #expect(name == "章三")
        #expect(left == [0, 0, 0])
    }

    @Test(
        "[V-05] a choice that was refused is asked again as it was",
        arguments: Change.Resolution.Choice.allCases
    )
    func askedAgain(choice: Change.Resolution.Choice) async throws {
        let dispute = try await Dispute()
        try await dispute.settle(choice)
        try await dispute.moveOn()
        try await dispute.hu.sync()

        try await dispute.hu.client.mend(dispute.id)
        let seen = try await dispute.hu.person(dispute.id)?.name
        let report = try await dispute.hu.sync()

        let name = try await dispute.hu.person(dispute.id)?.name
        let left = try await dispute.left()
        #expect(report.outcomes[.quarantined] == nil)
        #expect(seen == Dispute.names[choice])
        #expect(name == Dispute.names[choice])
        #expect(left == [0, 0, 0])
    }

    @Test("[V-05] a choice that was refused is taken back, and the conflict stays open")
    func takenBack() async throws {
        let dispute = try await Dispute()
        try await dispute.settle(.proposed)
        try await dispute.moveOn()
        try await dispute.hu.sync()

        try await dispute.hu.client.withdraw(dispute.id)
        try await dispute.hu.sync()

        let name = try await dispute.hu.person(dispute.id)?.name
        let open = try await dispute.hu.client.openConflicts().map(\.id)
        let left = try await dispute.left()
        #expect(name == "张山")
        #expect(open == [dispute.number])
        #expect(left == [1, 0, 0])
    }

    @Test("[C-01] of two reviewers the first one's choice stands, and the second takes theirs back")
    func twoReviewers() async throws {
        let dispute = try await Dispute()
        let (world, id) = (dispute.world, dispute.id)
        let zhou = try await world.device(named: "周立", role: .reviewer)
        try await zhou.sync()

        try await dispute.settle(.proposed)
        try await zhou.client.resolve(dispute.number, .standing)
        for device in [dispute.hu, zhou] { try await device.sync() }
        let refused = try await zhou.client.returnedCaptures().map(\.outcome.code)
        let again = try await errorCode { try await zhou.client.mend(id) }
        try await zhou.client.withdraw(id)
        try await zhou.sync()

        let name = try await zhou.person(id)?.name
        let returned = try await zhou.client.returnedCaptures()
        let left = try await dispute.left()
        #expect(refused == ["conflict_closed"])
        #expect(again == "conflict_unknown")
        #expect(name == "章三")
        #expect(returned.isEmpty)
        #expect(left == [0, 0, 0])
    }

    @Test("[C-03] [A-05] a coordinator's device settles nothing")
    func coordinator() async throws {
        let dispute = try await Dispute()
        let lin = dispute.lin
        try await lin.sync()

        let code = try await errorCode {
            try await lin.client.resolve(dispute.number, .standing)
        }

        let status = try await lin.client.status()
        let open = try await lin.client.openConflicts()
        #expect(code == "role_forbidden")
        #expect(status.unanswered == 0)
        #expect(open.map(\.id) == [dispute.number])
    }

    @Test("[C-03] a third value is of the fields in conflict, of nothing else, and keeps the rules")
    func thirdValue() async throws {
        let dispute = try await Dispute()
        let (client, number) = (dispute.hu.client, dispute.number)

        let others = try await errorCode {
            try await client.resolve(number, .other) { fields, _ in
                fields.setting(text: "张叁", of: 1).setting(text: "周末在家", of: 17)
            }
        }
        let none = try await errorCode { try await client.resolve(number, .other) }
        let broken = try await errorCode {
            try await client.resolve(number, .other) { fields, _ in fields.clearing([1]) }
        }
        let unknown = try await errorCode { try await client.resolve(number + 1, .standing) }

        let status = try await client.status()
        #expect(others == "value_unfit")
        #expect(none == "value_unfit")
        #expect(broken == "name_missing")
        #expect(unknown == "conflict_unknown")
        #expect(status.unanswered == 0)
    }

    @Test("[C-04] an own edit made with both sides in view hides the conflict before it is sent")
    func ownEdit() async throws {
        let dispute = try await Dispute()
        let (hu, id) = (dispute.hu, dispute.id)

        try await hu.remark(id, "周末在家")
        let afterAnother = try await hu.client.openConflicts().map(\.id)
        try await hu.rename(id, to: "张叁")
        let after = try await hu.client.openConflicts()
        for device in dispute.everybody { try await device.sync() }

        let known = try await dispute.world.service.record(id, in: [Sample.province])
        #expect(afterAnother == [dispute.number])
        #expect(after.isEmpty)
        #expect(known?.conflicts.map(\.state) == [ConflictEntry.State.superseded])
        for device in dispute.everybody {
            let name = try await device.person(id)?.name
            #expect(name == "张叁")
        }
    }

    @Test("[C-05] what would change more stands first, and filters leave the rest out")
    func ordered() async throws {
        let dispute = try await Dispute(overLease: true)
        let client = dispute.hu.client

        let all = try await client.openConflicts().map(\.type)
        let registrations = try await dispute.listed { $0.type = Registration.recordType.number }
        let names = try await dispute.listed { $0.field = "姓名" }
        let harbour = try await dispute.listed { $0.area = Sample.harbour }
        let hill = try await dispute.listed { $0.area = Sample.hill }
        let byLin = try await dispute.listed(ofDevice: dispute.lin)
        let byHu = try await dispute.listed(ofDevice: dispute.hu)

        let (person, registration) = (Person.recordType.number, Registration.recordType.number)
        #expect(all == [person, registration])
        #expect(registrations == [registration])
        #expect(names == [person])
        #expect(harbour == [person, registration])
        #expect(hill.isEmpty)
        #expect(byLin == [person, registration])
        #expect(byHu.isEmpty)
    }
}

/// Lin and Chen named one person differently; Hu, a reviewer, has heard of both.
private struct Dispute {
    let world: World
    let lin: Device
    let chen: Device
    let hu: Device
    let id: RecordID
    /// The server's number for the conflict.
    let number: UInt64

    static let names: [Change.Resolution.Choice: String] = [
        .standing: "张山", .proposed: "章三", .other: "张叁",
    ]

    var everybody: [Device] { [hu, lin, chen] }

    /// With `overLease`, an older conflict about a lease stands beside it.
    init(overLease: Bool = false) async throws {
        world = try await World()
        lin = try await world.device(named: "林小梅")
        chen = try await world.device(named: "陈建国")
        hu = try await world.device(named: "胡敏", role: .reviewer)
        id = try await lin.client.capture(Sample.person("张三"))
        let home = try await lin.client.capture(Sample.dwelling("渔港路1号"))
        let lives = try await lin.client.capture(Sample.registration(of: id, at: home))
        for device in [lin, chen, hu] { try await device.sync() }
        if overLease {
            for (device, date) in [(lin, Int32(2026_12_31)), (chen, 2027_06_30)] {
                try await device.client.edit(lives, as: Registration.self) { $0.leaseUntil = date }
                try await device.sync()
            }
        }
        for (device, name) in [(lin, "张山"), (chen, "章三")] {
            try await device.rename(id, to: name)
            try await device.sync()
        }
        try await hu.sync()
        let entries = try await hu.client.openConflicts()
        number = try #require(entries.first).id
    }

    func settle(_ choice: Change.Resolution.Choice, seen: Revision? = nil) async throws {
        try await hu.client.resolve(number, choice, seen: seen, reason: "已核对证件") { fields, _ in
            fields.setting(text: "张叁", of: 1)
        }
    }

    /// Lin writes to the record, unheard by Hu.
    func moveOn() async throws {
        try await lin.remark(id, "周末在家")
        try await lin.sync()
    }

    /// Open conflicts on the server, and what is returned on Hu's device and on the server.
    func left() async throws -> [Int] {
        [
            try await world.service.openConflicts(for: world.clerk).conflicts.count,
            try await hu.client.returnedCaptures().count,
            try await world.returned().count,
        ]
    }

    /// The types of the records in conflict that a filter admits on Hu's device.
    func listed(_ narrow: (inout ConflictFilter) -> Void) async throws -> [UInt32] {
        var filter = ConflictFilter()
        narrow(&filter)
        return try await hu.client.openConflicts(filter).map(\.type)
    }

    func listed(ofDevice device: Device) async throws -> [UInt32] {
        let profile = try await device.client.profile()
        return try await listed { $0.device = profile?.device }
    }
}
