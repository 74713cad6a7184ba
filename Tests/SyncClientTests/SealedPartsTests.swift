import Foundation
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

    @Test("[A-09] of a revoked device, the file holds what was not delivered yet")
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

        #expect(file.changes == 3 && report.outcomes.values.reduce(0, +) == 3)
        #expect(code == "device_revoked")
        let record = try await world.record(people[3])
        #expect(record != nil)
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
