import StoreSQLite
import SyncProtocol
import SyncServer
import Testing

struct GrantNumberTests {
    @Test(
        "[X-07] a grant that was never given says nothing, but after a restore it waits for the operator"
    )
    func unknownGrant() async throws {
        try await World.run { world in
            let lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var request = lin.reading()
            request.grant = 9

            let before = try await world.service.sync(request, from: lin.id)
            let epoch = try await world.store.write { try $0.beginEpoch(at: 0, .restored) }
            request.epoch = epoch
            let asked = request
            let after = try await refusal { try await world.service.sync(asked, from: lin.id) }
            let device = try await world.stored(lin.id)

            #expect(before.grant?.number == 1)
            #expect(after?.code == "device_awaits_confirmation")
            #expect(device.claimed?.number == 9)
        }
    }
}
