import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct ConvergenceTests {
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `devices of one area, once quiet, hold the same bytes as the server`(
        seed: UInt64
    ) async throws {
        var story = try await RandomStory(seed: seed)

        try await story.run(steps: 60)

        let kept = try await story.world.service.counts()
        for device in story.devices {
            let status = try await device.client.status()
            #expect(status.counts == kept.records)
            #expect(status.conflicts == kept.openConflicts)
            #expect(status.unanswered == 0)
            #expect(status.returned.isEmpty)
            for held in try await everything(on: device) {
                let record = try await story.world.record(held.id)
                #expect(held.visible == record?.state.fields)
                #expect(held.acknowledged?.fields == record?.state.fields)
                #expect(held.acknowledged?.base.revision == record?.state.revision)
                #expect(held.acknowledged?.clock == record?.state.stamps.clock)
            }
        }
    }

    @Test(arguments: [11, 12, 13, 14, 15] as [UInt64])
    func `no reference dangles once a sync has ended`(seed: UInt64) async throws {
        var story = try await RandomStory(seed: seed)

        try await story.run(steps: 60)

        for device in story.devices {
            let registrations = try await device.client.records(of: Registration.recordType)
            for registration in registrations {
                for field in [1, 2] as [UInt32] {
                    let target = try #require(registration.visible?.reference(field))
                    let held = try await device.client.record(target)
                    #expect(held?.visible != nil)
                }
            }
        }
    }

    @Test(arguments: [21, 22, 23] as [UInt64])
    func `every change that was captured is in the history exactly once`(
        seed: UInt64
    ) async throws {
        var story = try await RandomStory(seed: seed)

        try await story.run(steps: 60)

        let counts = try await story.world.service.counts()
        let marks = try await story.world.service.devices().map(\.highWater.rawValue)
        #expect(UInt64(counts.changes) == marks.reduce(0, +))
        #expect(counts.quarantined == 0)
    }

    private func everything(on device: Device) async throws -> [LocalRecord] {
        var records: [LocalRecord] = []
        for type in RandomStory.types {
            records += try await device.client.records(of: type, limit: 1_000)
        }
        return records
    }
}
