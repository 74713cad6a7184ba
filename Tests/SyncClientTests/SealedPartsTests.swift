import Foundation
import LocalSQLite
import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// What is too much for one sealed outbox goes in parts.
struct SealedPartsTests {
    /// A device with four captures, of which one sealed outbox takes one.
    private static func device(in world: World) async throws -> (Device, [RecordID]) {
        var limits = Limits()
        (limits.changesPerBatch, limits.outboxPartBytes) = (1, 1)
        let device = try await world.device(named: "船上", limits: limits)
        var people: [RecordID] = []
        for number in 1...4 {
            let person = Sample.person("胡敏\(number)", passport: "E0000000\(number)")
            people.append(try await device.client.capture(person))
        }
        return (device, people)
    }

    private static func revoke(_ device: Device, in world: World, takesOutbox: Bool) async throws {
        let id = try #require(try await device.client.profile()?.device)
        try await world.service.revoke(id, takesOutbox: takesOutbox)
    }

    @Test("[A-09] a delivery that was cut goes on where it was, and each change counts once")
    func resumed() async throws {
        let world = try await World()
        let (device, people) = try await Self.device(in: world)
        try await Self.revoke(device, in: world, takesOutbox: true)

        // The order; the first part; the second, of which the answer is lost.
        device.weather.next(.arrives, .arrives, .answerLost)
        _ = try await errorCode { try await device.sync() }
        let kept = try await device.client.status().kept
        let again = try device.reopen()
        let code = try await errorCode { try await again.sync() }
        let after = try await again.client.status()

        #expect(kept?.changes == 3 && code == "device_revoked" && after.kept == nil)
        #expect(again.weather.requests.count == 3)
        for person in people {
            let record = try await world.record(person)
            #expect(record?.state.revision.rawValue == 1)
        }
    }

    @Test("[A-09] a file holds every part, and is taken once, with a sync or after it")
    func file() async throws {
        let world = try await World()
        let (device, people) = try await Self.device(in: world)

        let file = try await device.client.sealedOutbox()
        let first = try await world.service.take(file: file.file)
        let again = try await world.service.take(file: file.file)
        let report = try await device.sync()

        #expect(file.changes == 4)
        #expect(first.outcomes.values.reduce(0, +) == 4 && again.known == 4)
        #expect(report.unanswered == 0)
        let record = try await world.record(people[3])
        #expect(record?.state.revision.rawValue == 1)
    }

    @Test("[A-09] of a revoked device, the file holds every part, also those that were delivered")
    func restOnFile() async throws {
        let world = try await World()
        let (device, people) = try await Self.device(in: world)
        try await Self.revoke(device, in: world, takesOutbox: true)
        device.weather.next(.arrives, .arrives, .requestLost)
        _ = try await errorCode { try await device.sync() }

        let file = try await device.client.sealedOutbox()
        let report = try await world.service.take(file: file.file)
        try await device.client.forgetKeptOutbox()
        let code = try await errorCode { try await device.sync() }

        #expect(file.changes == 4 && report.outcomes.values.reduce(0, +) == 3)
        #expect(report.known == 1)
        #expect(code == "device_revoked")
        let record = try await world.record(people[3])
        #expect(record != nil)
    }

    /// A revoked device of whose parts two were delivered before the server lost its disk.
    private static func half(
        in world: World
    ) async throws -> (device: Device, people: [RecordID], copy: World.Copy) {
        let (device, people) = try await device(in: world)
        try await revoke(device, in: world, takesOutbox: true)
        let copy = try await world.backUp()
        device.weather.next(.arrives, .arrives, .arrives, .requestLost)
        _ = try await errorCode { try await device.sync() }
        return (device, people, copy)
    }

    @Test("[A-09] a server that was restored in between is given every part again, from the first")
    func restored() async throws {
        let world = try await World()
        let (device, people, copy) = try await Self.half(in: world)
        let kept = try await device.client.status().kept

        try await world.restore(copy)
        let code = try await errorCode { try await device.sync() }
        let after = try await device.client.status()

        #expect(kept?.changes == 2 && code == "device_revoked" && after.kept == nil)
        for person in people { #expect(try await world.record(person) != nil) }
        let parts = try await device.store.read { try $0.keptPart(after: 0) }
        #expect(parts == nil)
    }

    @Test("[A-09] where it lacks what came before the first part, all is kept")
    func gapBeforeTheFirst() async throws {
        let world = try await World()
        let (device, people, copy) = try await Self.half(in: world)

        try await world.restore(copy)
        let gap = SyncError("sequence_gap", "Changes are missing before these", hint: "")
        device.weather.set(refusesDelivery: gap)
        _ = try await errorCode { try await device.sync() }
        let kept = try await device.client.status().kept
        device.weather.set(refusesDelivery: nil)
        let file = try await device.client.sealedOutbox().file
        let report = try await world.service.take(file: file)

        #expect(kept?.changes == people.count)
        #expect(report.outcomes.values.reduce(0, +) == people.count)
    }

    @Test("[A-09] of a file whose parts are not all of one device nothing is taken")
    func mixedFile() async throws {
        let world = try await World()
        let (one, two) = (
            try await world.device(named: "船上"), try await world.device(named: "岸上")
        )
        let person = try await one.client.capture(Sample.person())
        _ = try await two.client.capture(Sample.person("李四", passport: "E2"))
        let parts = [
            try await one.client.sealedOutbox().file, try await two.client.sealedOutbox().file,
        ]

        let code = try await errorCode {
            _ = try await world.service.take(file: SealedOutbox.file(of: parts))
        }

        #expect(code == "outbox_malformed")
        let record = try await world.record(person)
        #expect(record == nil)
    }

    @Test("[A-09] what a device sealed before there were parts is its one part")
    func small() async throws {
        let world = try await World()
        let device = try await world.device(named: "船上")
        _ = try await device.client.capture(Sample.person())

        let file = try await device.client.sealedOutbox().file

        #expect(try SealedOutbox.parts(ofFile: file) == [SealedOutbox(file)])
    }
}
