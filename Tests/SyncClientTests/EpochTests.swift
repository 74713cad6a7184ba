import SyncClient
import SyncProtocol
import Testing

struct EpochTests {
    @Test("[D-03] a revision never goes backwards within an epoch")
    func neverBackwards() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.rename(id, to: "张山")
        try await lin.sync()
        let epoch = try await lin.epoch()

        lin.weather.next(.answered(answer(with: id, named: "张三", in: epoch, world)))
        try await lin.sync()

        let held = try await lin.client.record(id)
        let name = try await lin.person(id)?.name
        #expect(held?.acknowledged?.base.revision == Revision(rawValue: 2))
        #expect(name == "张山")
    }

    @Test("[D-03] in a later epoch a lower revision is the later one")
    func laterEpoch() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.rename(id, to: "张山")
        try await lin.sync()
        let epoch = try await lin.epoch()
        let later = Epoch(rawValue: epoch.rawValue + 1)

        var entrance = SyncResponse()
        entrance.epoch = later
        entrance.highWater = SequenceNumber(rawValue: 2)
        entrance.hasMore = true
        let page = answer(with: id, named: "张三", in: later, world)
        lin.weather.next(.answered(entrance), .answered(page))
        lin.weather.otherwise(.requestLost)
        _ = try await errorCode { try await lin.sync() }

        let held = try await lin.client.record(id)
        #expect(held?.acknowledged?.base == Base(epoch: later, revision: Revision(rawValue: 1)))
    }

    @Test("[F-07] in a later epoch every area is read again from the start")
    func bookmarksStartAgain() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        for number in 1...3 {
            try await lin.client.capture(Sample.person("张三", passport: "E\(number)"))
        }
        try await lin.sync()
        let before = try await lin.epoch()

        try await world.beginLaterEpoch()
        let first = try await lin.sync()
        let second = try await lin.sync()

        let after = try await lin.epoch()
        let asked = lin.weather.requests.last
        #expect(after > before)
        #expect(first.received == 3)
        #expect(second.received == 0)
        #expect(asked?.epoch == after)
        #expect(asked?.bookmarks.map(\.area) == [Sample.harbour])
    }

    @Test("[F-07] [X-02] work captured in an earlier epoch is taken in a later one")
    func workGoesOn() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        try await lin.remark(id, "周末在家")

        try await world.beginLaterEpoch()
        let report = try await lin.sync()

        let held = try await lin.client.record(id)
        // The copy without the remark is offered, and brings nothing.
        #expect(report.outcomes == [.applied: 1, .unchanged: 1])
        #expect(held?.acknowledged?.base.revision == Revision(rawValue: 2))
        #expect(held?.acknowledged?.fields.text(of: 17) == "周末在家")
        #expect(held?.pending == 0)
    }

    /// An answer that brings a person at the first revision.
    private func answer(
        with id: RecordID,
        named name: String,
        in epoch: Epoch,
        _ world: World
    ) -> SyncResponse {
        var page = AreaPage(
            area: Sample.harbour,
            position: Position(rawValue: 1),
            floor: .start
        )
        page.records = [
            RecordCopy(
                id: id,
                type: Person.recordType.number,
                revision: Revision(rawValue: 1),
                message: Sample.person(name).fieldMap.bytes,
                isDeleted: false,
                clock: Sample.noon
            )
        ]
        var answer = SyncResponse()
        answer.epoch = epoch
        answer.serverTime = world.clock.now
        answer.highWater = SequenceNumber(rawValue: 2)
        answer.pages = [page]
        return answer
    }
}
