import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct BatchSizeTests {
    @Test("[W-06] a batch that is too large is halved until it fits")
    func halved() async throws {
        let (world, lin) = try await tenCaptures()

        lin.weather.set(largestBatch: 3)
        let report = try await lin.sync()

        let counts = try await world.service.counts()
        #expect(sizes(lin) == [8, 4, 2, 2, 2, 2, 2])
        #expect(report.unanswered == 0)
        #expect(counts.changes == 10)
        #expect(lin.clock.slept.isEmpty)
    }

    @Test("[W-06] a change that is too large by itself is reported, and stays")
    func tooLargeAlone() async throws {
        let (_, lin) = try await tenCaptures()

        lin.weather.set(largestBatch: 0)
        let code = try await errorCode { try await lin.sync() }

        let status = try await lin.client.status()
        #expect(code == "body_too_large")
        #expect(sizes(lin) == [8, 4, 2, 1])
        #expect(status.unanswered == 10)
    }

    @Test("[W-06] a server with tighter limits is served by halves, too")
    func tighterServer() async throws {
        var tight = Limits()
        tight.changesPerBatch = 4
        let (world, lin) = try await tenCaptures(server: tight)

        let report = try await lin.sync()

        let counts = try await world.service.counts()
        #expect(sizes(lin) == [8, 4, 4, 2])
        #expect(report.unanswered == 0)
        #expect(counts.changes == 10)
    }

    @Test func `at least one change travels, however large`() async throws {
        var narrow = Limits()
        narrow.batchBytes = 1
        let (world, lin) = try await tenCaptures(device: narrow)

        try await lin.sync()

        let counts = try await world.service.counts()
        #expect(sizes(lin) == [Int](repeating: 1, count: 10))
        #expect(counts.changes == 10)
    }

    private func tenCaptures(
        server: Limits = Limits(),
        device: Limits? = nil
    ) async throws -> (World, Device) {
        var eight = Limits()
        eight.changesPerBatch = 8
        let world = try await World(limits: server)
        let lin = try await world.device(named: "林小梅", limits: device ?? eight)
        for number in 1...10 {
            try await lin.client.capture(Sample.person("张三", passport: "E\(number)"))
        }
        return (world, lin)
    }

    /// How many changes each request brought.
    private func sizes(_ device: Device) -> [Int] {
        device.weather.requests.map(\.payloads.count).filter { $0 > 0 }
    }
}
