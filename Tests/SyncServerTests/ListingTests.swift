import SyncProtocol
import SyncServer
import Testing

struct ListingTests {
    /// Sixty people in one town; in another one three more, two dwellings, and a third that was deleted.
    private func filled(_ world: World) async throws {
        var chen = try await world.device(named: "陈建国", areas: Town.county)
        for number: UInt8 in 1...60 {
            try await chen.send(chen.change(id(number), to: person(in: Town.dongsha)))
        }
        for number: UInt8 in 61...63 {
            try await chen.send(chen.change(id(number), to: person(in: Town.gaoting)))
        }
        for number: UInt8 in 64...66 {
            try await chen.send(chen.change(id(number), to: dwelling(in: Town.gaoting)))
        }
        try await chen.send(chen.deletion(of: id(66), Dwelling.recordType, saw: 1))
    }

    /// Every page of a listing, one after the other.
    private func pages(
        ofType type: UInt32? = nil,
        in town: String,
        limit: Int,
        _ world: World
    ) async throws -> [[RecordID]] {
        var (pages, next) = ([[RecordID]](), RecordID?.none)
        repeat {
            let page = try await world.service.records(
                ofType: type,
                in: [area(town)],
                after: next,
                limit: limit,
                for: world.clerk
            )
            pages.append(page.records.map(\.state.id))
            next = page.next
        } while next != nil
        return pages
    }

    @Test(
        "pages of any size list the same live records by id, of a town with few among many and of one with most",
        arguments: [1, 2, 5, 100]
    )
    func anySize(limit: Int) async throws {
        try await World.run { world in
            try await filled(world)

            let few = try await pages(in: Town.gaoting, limit: limit, world)
            let dwellings = try await pages(
                ofType: Dwelling.recordType.number,
                in: Town.gaoting,
                limit: limit,
                world
            )
            let most = try await pages(in: Town.dongsha, limit: limit, world)
            let all = try await pages(in: Town.county, limit: limit, world)

            #expect(few.flatMap(\.self) == (61...65).map { id($0) }.sorted())
            #expect(dwellings.flatMap(\.self) == (64...65).map { id($0) }.sorted())
            #expect(most.flatMap(\.self) == (1...60).map { id($0) }.sorted())
            #expect(all.flatMap(\.self) == (1...65).map { id($0) }.sorted())
            #expect((few + most + all).allSatisfy { $0.count <= limit })
        }
    }
}
