import StoreSQLite
import SyncClient
import SyncProtocol
import SyncServer
import Testing

extension World {
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
