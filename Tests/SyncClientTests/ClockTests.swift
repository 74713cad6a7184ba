import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct ClockTests {
    /// The first day of 2020, where a tablet begins whose battery was empty.
    private let in2020: Int64 = 1_577_836_800_000

    @Test("[T-02] a device whose clock fell back to 2020 signs again by the server's time")
    func signsAgain() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        try await lin.client.capture(Sample.person("张三", passport: "E1"))
        lin.clock.set(to: in2020)

        let report = try await lin.sync()

        let attempts = lin.weather.requests.count { !$0.payloads.isEmpty }
        #expect(report.outcomes == [Outcome.Kind.applied: 1])
        #expect(attempts == 2)
        #expect(lin.clock.slept.isEmpty)
    }

    @Test("[T-02] what is captured afterwards has the server's time")
    func correctedCapture() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        lin.clock.set(to: in2020)
        try await lin.sync()

        lin.clock.advance(by: Sample.minute)
        world.clock.advance(by: Sample.minute)
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()

        let held = try await lin.client.record(id)
        #expect(held?.acknowledged?.clock == Sample.noon + Sample.minute)
    }

    @Test("[T-02] an enrolment measures the clock: the first token fits already")
    func measuredAtEnrolment() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅", at: in2020)
        let id = try await lin.client.capture(Sample.person("张三"))

        let report = try await lin.sync()

        let held = try await lin.client.record(id)
        let attempts = lin.weather.requests.count { !$0.payloads.isEmpty }
        #expect(report.roundTrips == 1)
        #expect(attempts == 1)
        #expect(held?.acknowledged?.clock == Sample.noon)
    }

    @Test("[T-01] an edit of a record whose clock is in the future is stamped after it")
    func afterTheFuture() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国")
        lin.clock.advance(by: Sample.year)
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        try await chen.sync()
        let seen = try await chen.client.record(id)?.acknowledged?.clock

        try await chen.remark(id, "周末在家")
        try await chen.remark(id, "周末不在家")
        try await chen.sync()

        let stamped = try await chen.client.record(id)?.acknowledged?.clock
        let remark = try await chen.person(id)?.remark
        #expect(seen == Sample.noon + Sample.year)
        #expect(stamped == Sample.noon + Sample.year + 2)
        #expect(remark == "周末不在家")
    }

    @Test("[T-02] a device whose token is refused for its time twice gives up")
    func refusedTwice() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let off = SyncError("token_time", "The times do not fit", hint: "Sign again.")

        lin.weather.otherwise(.refused(off))
        let code = try await errorCode { try await lin.sync() }

        #expect(code == "token_time")
        #expect(lin.weather.requests.count == 3)
    }
}
