import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// What two people had said of one thing, at a server that goes on from last night's backup.
struct RestoredConflictsTests {
    @Test("[X-03] [C-02] who proposed what comes back a second time goes on proposing it")
    func proposersStay() async throws {
        // residence-sim --seed 265 --weather storm: what lin had said was in no conflict any more.
        let (world, lin, chen) = try await World.crew()
        let zhou = try await world.device(named: "周海")
        let id = try await zhou.client.capture(Sample.person("张三"))
        for device in [zhou, lin, chen] { try await device.sync() }
        try await zhou.rename(id, to: "章三")
        try await lin.rename(id, to: "张山")
        for device in [zhou, lin] { try await device.sync() }
        let night = try await world.backUp()
        try await chen.rename(id, to: "张山")
        try await chen.sync()
        try await chen.rename(id, to: "张散")

        try await world.restore(night)
        for device in [chen, lin, zhou] { try await device.sync() }

        let conflicts = try await world.conflicts(of: id)
        let said = conflicts.map { entry in
            entry.conflict.proposed.values.text(of: 1).map { "\(entry.proposedAuthor) \($0)" }
        }
        #expect(said.contains("林小梅 张山"))
    }

    @Test("[X-03] a conflict that had come up after the backup comes up again")
    func conflictComesBack() async throws {
        let (world, lin, chen) = try await World.crew()
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        try await chen.sync()
        let night = try await world.backUp()
        try await lin.rename(id, to: "张山")
        try await chen.rename(id, to: "章三")
        try await lin.sync()
        try await chen.sync()

        try await world.restore(night)
        try await everybodySyncs(chen, lin)

        let open = try await world.conflicts(of: id).filter(\.isOpen)
        let names = open.flatMap { [$0.conflict.standing, $0.conflict.proposed] }
            .compactMap { $0.values.text(of: 1) }
        #expect(open.count == 1)
        #expect(Set(names) == ["张山", "章三"])
    }
}
