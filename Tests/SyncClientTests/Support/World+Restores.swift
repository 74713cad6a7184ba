import StoreSQLite
import SyncClient
import SyncProtocol
import SyncServer
import Testing

extension World {
    /// A server and two coordinators of one harbour.
    static func crew() async throws -> (World, lin: Device, chen: Device) {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国")
        return (world, lin, chen)
    }

    func counts() async throws -> Counts { try await service.counts() }

    func conflicts(of id: RecordID) async throws -> [ConflictEntry] {
        try await store.read { try $0.conflicts(of: id, openOnly: false) }
    }

    /// Checks that devices of the harbour hold exactly what the server has there.
    func expectAlike(_ devices: Device...) async throws {
        for device in devices { try await device.sync() }
        let theirs = try await store.read { transaction in
            try transaction.heads(under: [Sample.harbour]).reduce(AreaDigest.empty) {
                $0 + $1.digest
            }
        }
        for device in devices {
            let mine = try await device.client.digest()
            let status = try await device.client.status()
            #expect(mine == theirs)
            #expect(status.unanswered == 0)
        }
    }
}

/// Twice: what the second brought, the first has to hear of.
func everybodySyncs(_ devices: Device...) async throws {
    for device in devices + devices { try await device.sync() }
}
