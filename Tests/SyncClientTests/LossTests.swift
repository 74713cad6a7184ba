import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct LossTests {
    @Test(
        "[Q-03] whatever is lost on the way, a change is in the history exactly once",
        arguments: [
            Weather.Fate.requestLost, .answerLost, .answerCut, .repeated,
        ]
    )
    func exactlyOnce(fate: Weather.Fate) async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("张三"))

        lin.weather.next(fate)
        try await lin.sync()
        try await lin.remark(id, "周末在家")
        lin.weather.next(fate)
        let report = try await lin.sync()

        let counts = try await world.service.counts()
        let kept = try await world.record(id)
        #expect(report.unanswered == 0)
        #expect(counts.changes == 2)
        #expect(counts.records == [UInt32(1): 1])
        #expect(kept?.state.revision == Revision(rawValue: 2))
    }

    @Test("[Q-03] a batch whose answer was lost may come again with more behind it")
    func repeatedWithMore() async throws {
        let world = try await World()
        var limits = Limits()
        limits.attempts = 1
        let before = try await world.device(named: "林小梅", limits: limits)
        try await before.client.capture(Sample.person("张三", passport: "E1"))
        before.weather.next(.answerLost)
        let code = try await errorCode { try await before.sync() }

        let after = try before.reopen()
        try await after.client.capture(Sample.person("李四", passport: "E2"))
        let report = try await after.sync()

        let counts = try await world.service.counts()
        #expect(code == "server_unreachable")
        #expect(report.outcomes == [Outcome.Kind.applied: 2])
        #expect(counts.changes == 2)
        #expect(counts.records == [UInt32(1): 2])
    }

    @Test("[D-02] a change that was answered stays visible until its record arrives")
    func answeredNotArrived() async throws {
        var small = Limits()
        small.pageBytes = 1
        var impatient = Limits()
        impatient.attempts = 1
        let world = try await World(limits: small)
        let chen = try await world.device(named: "陈建国")
        let lin = try await world.device(named: "林小梅", limits: impatient)
        for number in 1...3 {
            try await chen.client.capture(Sample.person("李四", passport: "E\(number)"))
        }
        try await chen.sync()

        let id = try await lin.client.capture(Sample.person("张三", passport: "E9"))
        lin.weather.next(.arrives)
        lin.weather.otherwise(.requestLost)
        let code = try await errorCode { try await lin.sync() }

        let answered = try await lin.client.record(id)
        let name = try await lin.person(id)?.name
        let status = try await lin.client.status()
        #expect(code == "server_unreachable")
        #expect(status.unanswered == 0)
        #expect(answered?.acknowledged == nil)
        #expect(name == "张三")

        lin.weather.otherwise(.arrives)
        try await lin.sync()
        let arrived = try await lin.client.record(id)
        #expect(arrived?.acknowledged?.base.revision == Revision(rawValue: 1))
        #expect(arrived?.visible == answered?.visible)
    }

    @Test(
        "[D-02] an edit that was answered stays laid over the older record until the newer arrives"
    )
    func answeredEditNotArrived() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        try await lin.rename(id, to: "张山")

        lin.weather.next(.newsLost)
        let report = try await lin.sync()

        let held = try await lin.client.record(id)
        let name = try await lin.person(id)?.name
        #expect(report.unanswered == 0)
        #expect(held?.acknowledged?.base.revision == Revision(rawValue: 1))
        #expect(name == "张山")
    }

    @Test(
        "[V-02] where the disk fills up in the middle of an answer, nothing of the answer is kept"
    )
    func fullInTheMiddle() async throws {
        let world = try await World(rules: Wary())
        let lin = try await world.device(named: "林小梅")
        var person = Sample.person("李四", passport: "E2")
        person.remark = Wary.refused
        let refused = try await lin.client.capture(person)
        let home = try await lin.client.capture(Sample.dwelling("渔港路1号"))
        let waiting = try await lin.client.capture(Sample.registration(of: refused, at: home))
        try await lin.sync()
        try await lin.client.mend(refused) { fields, _ in fields.clearing([17]) }
        let before = try await lin.client.profile()

        // The answer accepts the person, and what waited for it is written anew: there the disk is full.
        try lin.onDisk(
            "CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT RAISE(ROLLBACK, 'full'); END"
        )
        await #expect(throws: (any Error).self) { try await lin.sync() }
        let cut = try await lin.client.profile()
        try lin.onDisk("DROP TRIGGER full")
        try await lin.sync()

        let held = try await lin.client.record(waiting)
        let kept = try await world.record(waiting)
        #expect(cut?.highWater == before?.highWater)
        #expect(held?.acknowledged != nil && held?.returned == 0 && held?.pending == 0)
        #expect(kept != nil)
    }
}
