import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// A handheld that was not heard of for too long shows nothing until it was.
struct LeaseTests {
    private static let day: Int64 = 86_400_000

    /// A handheld that has synced, and whom it holds.
    private func started(in world: World) async throws -> (lin: Device, id: RecordID) {
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("王一一"))
        try await lin.sync()
        return (lin, id)
    }

    @Test(
        "[A-13] after so many days without an answer nothing is shown, captures go on, and one sync mends it"
    )
    func expired() async throws {
        let world = try await World(lease: 30)
        let (lin, id) = try await started(in: world)
        world.pass(29 * Self.day)
        let late = try await lin.client.record(id)
        let left = try await lin.client.status().lease?.daysLeft
        world.pass(Self.day)

        let (client, type) = (lin.client, Person.recordType)
        var refused: [String?] = []
        refused.append(try await errorCode { try await client.record(id) })
        refused.append(try await errorCode { try await client.read(id, as: Person.self) })
        refused.append(try await errorCode { try await client.records(of: type) })
        refused.append(try await errorCode { try await client.search("王") })
        refused.append(
            try await errorCode { try await client.record(withPrefix: id.description) }
        )
        refused.append(try await errorCode { try await client.openConflicts() })
        refused.append(try await errorCode { try await client.returnedCaptures() })
        refused.append(try await errorCode { try await client.duplicates() })
        refused.append(try await errorCode { try await client.history(of: id) })
        let new = try await client.capture(Sample.person("王二二", passport: "E00000002"))
        try await lin.rename(id, to: "王一二")
        let status = try await client.status()
        try await lin.sync()

        #expect(late != nil && left == 1)
        #expect(refused == Array(repeating: "lease_expired", count: 9))
        #expect(status.lease?.hasExpired == true && status.unanswered == 2)
        #expect(try await lin.person(id)?.name == "王一二")
        #expect(try await lin.person(new)?.name == "王二二")
    }

    @Test(
        "[A-13] without a lease nothing ever runs out, and one that the server takes back is over"
    )
    func off() async throws {
        let world = try await World()
        let (lin, id) = try await started(in: world)
        world.pass(10 * Sample.year)

        #expect(try await lin.person(id)?.name == "王一一")
        #expect(try await lin.client.status().lease == nil)
    }

    @Test("[A-13] a wall clock that is set back does not prolong it while the device runs")
    func setBack() async throws {
        let world = try await World(lease: 7)
        let lin = try await world.device(named: "林小梅")
        lin.clock.start()
        let id = try await lin.client.capture(Sample.person("王一一"))
        try await lin.sync()

        for _ in 0..<7 {
            lin.clock.advance(by: Self.day)
            lin.clock.set(to: Sample.noon - 100 * Self.day)
        }

        #expect(try await errorCode { try await lin.client.record(id) } == "lease_expired")
    }

    @Test(
        "[A-13] a wall clock that is set forward, or was wrong, takes nothing off while the device runs"
    )
    func setForward() async throws {
        let world = try await World(lease: 7)
        let lin = try await world.device(named: "林小梅")
        lin.clock.start()
        let id = try await lin.client.capture(Sample.person("王一一"))
        try await lin.sync()

        lin.clock.set(to: Sample.noon + Sample.year)
        lin.clock.advance(by: Self.day)

        #expect(try await lin.person(id)?.name == "王一一")
        #expect(try await lin.client.status().lease?.daysLeft == 6)
    }

    @Test(
        "[A-13] across a start of the device the wall clock counts, and only forwards; what had passed stays passed"
    )
    func started() async throws {
        let world = try await World(lease: 7)
        let lin = try await world.device(named: "林小梅")
        lin.clock.start()
        let id = try await lin.client.capture(Sample.person("王一一"))
        try await lin.sync()
        lin.clock.advance(by: 3 * Self.day)
        _ = try await lin.client.record(id)

        // Started again with a clock that was set back: nothing is added, and nothing taken off.
        lin.clock.set(to: Sample.noon - Sample.year)
        lin.clock.start()
        let back = try await lin.reopen().client.status().lease?.daysLeft
        // Off for three days, and started again.
        lin.clock.advance(by: 3 * Self.day)
        lin.clock.start()
        let off = try await lin.reopen().client.status().lease?.daysLeft
        lin.clock.advance(by: Self.day)
        let over = try await errorCode { try await lin.client.record(id) }
        lin.clock.set(to: Sample.noon - 2 * Sample.year)
        lin.clock.start()
        let stays = try await errorCode { try await lin.reopen().client.record(id) }

        #expect(back == 4 && off == 1)
        #expect(over == "lease_expired" && stays == "lease_expired")
    }

    @Test(
        "[A-13] a suspended device's lease runs out, too; how it stands is kept until the server answers"
    )
    func suspended() async throws {
        let world = try await World(lease: 7)
        let (lin, id) = try await started(in: world)
        let device = try #require(try await lin.client.profile()?.device)
        try await world.service.suspend(device, true)
        world.pass(8 * Self.day)

        let refused = try await errorCode { try await lin.sync() }
        let shown = try await errorCode { try await lin.client.record(id) }
        let standing = try await lin.client.status().profile?.refusal?.code
        try await world.service.suspend(device, false)
        try await lin.sync()

        #expect(refused == "device_suspended" && shown == "lease_expired")
        #expect(standing == "device_suspended")
        let status = try await lin.client.status()
        #expect(status.profile?.refusal == nil && status.lease?.daysLeft == 7)
    }
}
