import SyncProtocol
import SyncServer
import SyncTrust
import Testing

/// What a device may show of the keys that it had before.
struct FormerKeysTests {
    @Test("[X-06] [A-12] a former key's receipt begins no epoch where what it signed for is here")
    func noEpoch() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            lin.number(
                (1...4).map { lin.change(id($0), to: dwelling(in: Town.gaoting)).payload }
            )
            let receipt = try #require(try await lin.resend(1...4).receipt)
            let second = SigningKey()
            // Each key signs for a place that is none of its own: far ahead, and behind what is here.
            try await world.rekey(lin.key, as: second, at: 1_000, lin.head(after: 4))
            let third = SigningKey()
            try await world.rekey(second, as: third, at: 2, lin.head(after: 2))

            var request = SyncRequest()
            request.epoch = lin.epoch
            request.grant = lin.grant
            request.receipt = receipt
            let answer = try await world.service.sync(request, from: third.publicKey.deviceID)

            #expect(answer.epoch == lin.epoch && answer.highWater.rawValue == 2)
        }
    }
}

extension World {
    /// Gives a device another key, as its old one signs.
    fileprivate func rekey(
        _ old: SigningKey,
        as new: SigningKey,
        at sequence: UInt64,
        _ chain: [UInt8]
    ) async throws {
        let given = try await service.rekey(old.publicKey.deviceID, for: clerk)
        var shown = EnrolmentRequest.Predecessor(
            publicKey: old.publicKey.bytes,
            sequence: SequenceNumber(rawValue: sequence),
            chain: chain
        )
        shown.signature = try old.signature(for: shown.signedBytes(for: new.publicKey.bytes))
        var request = EnrolmentRequest(
            code: given.code.description,
            publicKey: new.publicKey.bytes,
            software: "test"
        )
        request.predecessors = [shown]
        _ = try await service.enrol(request)
    }
}
