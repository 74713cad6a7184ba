import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct ForgettingTests {
    // Found by the simulator: flood, seed 5, 4 devices, 5 days.
    @Test("[X-08] what is not given again after a restore is not forgotten: no backup may have it")
    func sweptByARestore() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国", areas: [Sample.harbour, Sample.hill])
        let monday = try await world.backUp()
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        try await chen.sync()
        try await chen.client.edit(id, as: Person.self) { $0.capturedIn = [Sample.hill.rawValue] }
        try await chen.sync()
        let copy = try await world.backUp(declared: false)

        try await world.restore(copy)
        try await lin.sync()
        let held = try await lin.client.record(id)
        let kept = try await lin.client.change(SequenceNumber(rawValue: 1))?.payload
        try await world.restore(monday)
        for device in [lin, chen, lin] { try await device.sync() }

        let report = try await world.service.recovery(for: world.clerk)
        let back = try await world.record(id)
        #expect(held?.areas.isEmpty != false)
        #expect(kept?.isEmpty == false)
        #expect(report.holed.isEmpty)
        #expect(back != nil)
    }
}
