import SyncProtocol
import SyncServer
import Testing

struct RecordListingTests {
    /// More records than a listing passes before it looks up those of a town, in the order of their ids.
    private static let ids = (0..<520).map { number in
        RecordID(
            derivedFrom: [UInt8(number / 256), UInt8(number % 256)]
                + [UInt8](repeating: 0, count: 14)
        )
    }
    .sorted()
    /// A few of them, early and late, and a dwelling that was deleted.
    private static let (people, dwellings, deleted) = ([30, 300, 505], [450, 519], 510)

    /// Nearly all of them are people in one town; in another one are the few.
    private func filled(_ world: World) async throws {
        var chen = try await world.device(named: "陈建国", areas: Town.county)
        let changes = Self.ids.enumerated().map { index, id in
            if Self.dwellings.contains(index) || index == Self.deleted {
                return chen.change(id, to: dwelling(in: Town.gaoting))
            }
            let town = Self.people.contains(index) ? Town.gaoting : Town.dongsha
            return chen.change(id, to: person(in: town))
        }
        chen.number(changes.map(\.payload))
        try await chen.resend(1...260)
        try await chen.resend(261...520)
        try await chen.send(
            chen.deletion(of: Self.ids[Self.deleted], Dwelling.recordType, saw: 1)
        )
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
        "pages of any size list the same live records by id, of a town with few among many and of one with most"
    )
    func anySize() async throws {
        try await World.run { world in
            try await filled(world)
            let few = (Self.people + Self.dwellings).sorted()
            let most = Self.ids.indices.filter { !few.contains($0) && $0 != Self.deleted }

            for limit in [1, 2, 5, 100] {
                let inFew = try await pages(in: Town.gaoting, limit: limit, world)
                let dwellings = try await pages(
                    ofType: Dwelling.recordType.number,
                    in: Town.gaoting,
                    limit: limit,
                    world
                )

                #expect(inFew.flatMap(\.self) == few.map { Self.ids[$0] })
                #expect(dwellings.flatMap(\.self) == Self.dwellings.map { Self.ids[$0] })
                #expect((inFew + dwellings).allSatisfy { $0.count <= limit })
            }
            for limit in [99, 100, 500] {
                let inMost = try await pages(in: Town.dongsha, limit: limit, world)
                let all = try await pages(in: Town.county, limit: limit, world)

                #expect(inMost.flatMap(\.self) == most.map { Self.ids[$0] })
                #expect(all.flatMap(\.self) == (most + few).sorted().map { Self.ids[$0] })
                #expect((inMost + all).allSatisfy { $0.count <= limit })
            }
        }
    }
}
