import StoreSQLite
import SyncProtocol
import SyncServer
import Testing

struct RepairTests {
    @Test("[G-03] a repair sends nothing from outside the areas of the grant")
    func outside() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            let other = try await world.device(named: "陈建国", areas: Town.dongsha)
            _ = try await lin.send(lin.change(id(1), to: dwelling(in: Town.gaoting)))

            let asked = RepairRequest(
                epoch: world.epoch,
                branches: [
                    Branch(area: area(Town.gaoting), digest: .empty),
                    Branch(area: area("33"), digest: .empty),
                    Branch(area: area(Town.gaoting), digits: "1", digest: .empty),
                ]
            )
            let answer = try await world.service.repair(asked, from: other.id)
            let own = try await world.service.repair(asked, from: lin.id)

            #expect(answer.leaves.isEmpty && answer.branches.isEmpty)
            #expect(answer.answered == 3)
            #expect(own.leaves.flatMap(\.records).map(\.id).contains(id(1)))
        }
    }

    @Test("[A-11] whoever asks for the same a thousand times is answered a part of it")
    func dear() async throws {
        var limits = Limits()
        limits.pageBytes = 2_000
        try await World.run(limits: limits) { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            _ = try await lin.send(lin.change(id(1), to: dwelling(in: Town.gaoting)))
            let branch = Branch(area: area(Town.gaoting), digits: "zz", digest: .empty)

            let asked = RepairRequest(
                epoch: world.epoch,
                branches: [Branch](repeating: branch, count: 1_000)
            )
            let answer = try await world.service.repair(asked, from: lin.id)

            #expect((100..<200).contains(answer.answered))
        }
    }

    @Test("[G-03] in another epoch nothing is compared")
    func otherEpoch() async throws {
        try await World.run { world in
            let lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            let asked = RepairRequest(
                epoch: Epoch(rawValue: 7),
                branches: [Branch(area: area(Town.gaoting), digest: AreaDigest(mark: 5))]
            )

            let answer = try await world.service.repair(asked, from: lin.id)

            #expect(answer.epoch == world.epoch)
            #expect(answer.answered == 0)
        }
    }

    @Test("[G-02] a sum that is not what the rows add up to is named, and counted again on demand")
    func kept() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            _ = try await lin.send(lin.change(id(1), to: dwelling(in: Town.gaoting)))
            try await world.store.write {
                try $0.set(AreaDigest(sum: 1, records: 9), of: area(Town.gaoting))
            }

            let found = try await world.service.checkHoldings(for: world.clerk, mending: true)
            let after = try await world.service.checkHoldings(for: world.clerk)

            #expect(found.flaws.map(\.code) == ["digest_differs"])
            #expect(after.flaws.isEmpty)
            #expect(after.records == 1)
        }
    }
}
