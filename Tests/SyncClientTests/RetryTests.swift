import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct RetryTests {
    @Test func `an unreachable server is tried six times, and nothing is lost`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("张三"))
        lin.clock.set(chance: 0.5)

        lin.weather.otherwise(.requestLost)
        let code = try await errorCode { try await lin.sync() }

        let status = try await lin.client.status()
        let name = try await lin.person(id)?.name
        #expect(code == "server_unreachable")
        #expect(
            lin.clock.slept == [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(16)]
        )
        #expect(status.unanswered == 1)
        #expect(name == "张三")

        lin.weather.otherwise(.arrives)
        let report = try await lin.sync()
        #expect(report.outcomes == [Outcome.Kind.applied: 1])
    }

    @Test func `a sync goes on where the network broke`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        try await lin.client.capture(Sample.person("张三"))

        lin.weather.next(.requestLost, .answerCut, .answerLost)
        let report = try await lin.sync()

        let counts = try await world.service.counts()
        #expect(report.unanswered == 0)
        #expect(report.roundTrips == 1)
        #expect(lin.clock.slept.count == 3)
        #expect(counts.changes == 1)
    }

    @Test func `a busy server is asked again, never sooner than it wants`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        try await lin.client.capture(Sample.person("张三"))
        let busy = SyncError("database_busy", "Busy", hint: "Try again.")
        lin.clock.set(chance: 0)

        lin.weather.next(.refused(busy, retryAfter: 5), .refused(busy))
        let report = try await lin.sync()

        #expect(report.unanswered == 0)
        #expect(lin.clock.slept == [.seconds(5), .seconds(0)])
    }

    @Test(arguments: ["device_forked", "signature_invalid"])
    func `a refusal that waiting does not cure is told at once`(code: String) async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        try await lin.client.capture(Sample.person("张三"))
        let refusal = SyncError(SyncError.Code(rawValue: code), "No", hint: "Ask the operator.")

        lin.weather.next(.refused(refusal))
        let told = try await errorCode { try await lin.sync() }

        let status = try await lin.client.status()
        #expect(told == code)
        #expect(lin.clock.slept.isEmpty)
        #expect(status.unanswered == 1)
    }
}
