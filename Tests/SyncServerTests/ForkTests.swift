import StoreSQLite
import SyncTrust
import SyncProtocol
import SyncServer
import Testing

struct ForkTests {
    /// A device with one change that the server has and two that it has not.
    private func started(in world: World) async throws -> TestDevice {
        var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
        try await lin.send(lin.change(id(1), to: person(in: Town.gaoting)))
        lin.number([
            lin.change(id(2), to: dwelling(in: Town.gaoting)).payload,
            lin.change(id(3), to: dwelling("人民路2号", in: Town.gaoting)).payload,
        ])
        return lin
    }

    @Test("[Q-04] a head that differs is refused, whole, and the operator hears of it")
    func otherHead() async throws {
        try await World.run { world in
            let lin = try await started(in: world)
            var request = lin.request(2...3)
            request.chain[0] ^= 1
            world.clock.advance(by: 1_000)

            let error = try await refusal { [request] in
                try await world.service.sync(request, from: lin.id)
            }

            let device = try await world.stored(lin.id)
            let counts = try await world.service.counts()
            #expect(error?.code == "device_forked")
            #expect(device.forkedAt == world.clock.now)
            #expect(device.highWater.rawValue == 1 && device.chain == lin.head(after: 1))
            #expect(counts.changes == 1 && counts.records == [Person.recordType.number: 1])
        }
    }

    @Test("[Q-04] another change under a number that the server has is refused with its batch")
    func otherPayload() async throws {
        try await World.run { world in
            let lin = try await started(in: world)
            var clone = lin.clone()
            clone.number([
                clone.change(id(4), to: person("李四", in: Town.gaoting)).payload,
                clone.change(id(5), to: person("李五", in: Town.gaoting)).payload,
            ])

            let error = try await refusal { try await clone.resend(1...2) }

            let counts = try await world.service.counts()
            let device = try await world.stored(lin.id)
            #expect(error?.code == "device_forked")
            #expect(counts.changes == 1)
            #expect(device.forkedAt == world.clock.now)
        }
    }

    @Test("[Q-04] another change under a known number is refused without a chain, too")
    func otherPayloadWithoutChain() async throws {
        try await World.run { world in
            let lin = try await started(in: world)
            var request = lin.request(1...1)
            request.payloads = [lin.change(id(4), to: person("李四", in: Town.gaoting)).payload]
            request.chain = []

            let error = try await refusal { [request] in
                try await world.service.sync(request, from: lin.id)
            }

            #expect(error?.code == "device_forked")
        }
    }

    @Test("[Q-04] when a fork was first found stays known")
    func firstFork() async throws {
        try await World.run { world in
            let lin = try await started(in: world)
            var request = lin.request(2...3)
            request.chain[31] ^= 1
            let found = world.clock.now

            for _ in 0..<2 {
                _ = try await refusal { [request] in
                    try await world.service.sync(request, from: lin.id)
                }
                world.clock.advance(by: 60_000)
            }

            let device = try await world.stored(lin.id)
            #expect(device.forkedAt == found)
        }
    }

    @Test("[Q-04] a device whose chain fits is no fork, however often it sends")
    func noFork() async throws {
        try await World.run { world in
            let lin = try await started(in: world)

            for numbers in [1...1, 2...2, 1...3, 2...3] { try await lin.resend(numbers) }

            let device = try await world.stored(lin.id)
            #expect(device.forkedAt == nil)
            #expect(device.chain == lin.head(after: 3))
        }
    }

    @Test("[Q-04] a script may leave the chain out, and the server keeps it all the same")
    func script() async throws {
        try await World.run { world in
            let lin = try await started(in: world)
            var request = lin.request(2...3)
            request.chain = []

            let answer = try await world.service.sync(request, from: lin.id)

            #expect(answer.outcomes.map(\.kind) == [.applied, .applied])
            #expect(answer.chain == lin.head(after: 3))
        }
    }
}
