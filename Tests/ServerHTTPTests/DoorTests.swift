import HTTPTypes
import HummingbirdTesting
import ServerHTTP
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

/// How much of the server one device or one address may take.
struct DoorTests {
    private static let few: TrafficLimits = {
        var limits = TrafficLimits()
        (limits.deviceBurst, limits.devicePerSecond) = (3, 1)
        (limits.addressBurst, limits.addressPerSecond) = (3, 1)
        return limits
    }()

    @Test(
        "[A-11] a device that asks too often is told when to come back, and nobody else waits for it"
    )
    func oneDevice() async throws {
        try await TestHost.run(traffic: Self.few) { host in
            let greedy = try await host.headers(of: host.enrol("贪多", in: "330921101"))
            let modest = try await host.headers(of: host.enrol("本分", in: "330921101"))

            var codes: [Int] = []
            for _ in 0..<5 { codes.append(try await host.get("/v1/records", greedy).status.code) }
            let refused = try await host.get("/v1/records", greedy)
            let other = try await host.get("/v1/records", modest)
            host.clock.advance(by: 1_000)
            let later = try await host.get("/v1/records", greedy)

            #expect(codes == [200, 200, 200, 429, 429])
            #expect(try refused.problem().code == "too_many_requests")
            let wait = try #require(refused.headers[.retryAfter].flatMap { Int($0) })
            #expect((1...10).contains(wait))
            #expect(other.status == .ok && later.status == .ok)
        }
    }

    @Test("[A-11] those who are sent away come back spread out")
    func spread() async throws {
        try await TestHost.run(traffic: Self.few) { host in
            let greedy = try await host.headers(of: host.enrol("贪多", in: "330921101"))
            var waits: Set<String> = []
            for _ in 0..<60 {
                waits.insert(try await host.get("/v1/records", greedy).headers[.retryAfter] ?? "")
            }
            #expect(waits.subtracting([""]).count > 1)
        }
    }

    @Test(
        "[A-11] whoever guesses tokens or codes is stopped, and a device at the same address is not"
    )
    func stranger() async throws {
        try await TestHost.run(traffic: Self.few) { host in
            let device = try await host.headers(of: host.enrol("林小梅", in: "330921101"))
            let forged: HTTPFields = [.authorization: "Bearer a.b.c"]
            let guess = Array(#"{"code": "AAAA-BBBB-CCCC", "public_key": ""}"#.utf8)

            var codes: [Int] = []
            for _ in 0..<5 { codes.append(try await host.get("/v1/records", forged).status.code) }
            let guessed = try await host.post(
                "/v1/devices",
                guess,
                [.contentType: "application/json"]
            )
            let sealed = try await host.post("/v1/outbox", [1, 2, 3])
            let own = try await host.get("/v1/records", device)

            #expect(codes == [401, 401, 401, 429, 429])
            #expect(guessed.status.code == 429 && sealed.status.code == 429)
            #expect(own.status == .ok)
        }
    }

    @Test(
        "[A-11] an address that a stranger claims to have is not believed, but where a proxy says so"
    )
    func claimed() async throws {
        let name = try #require(HTTPField.Name("X-Forwarded-For"))
        for proxies in [[], [""]] {
            var limits = Self.few
            limits.proxies = proxies
            try await TestHost.run(traffic: limits) { host in
                var codes: [Int] = []
                for number in 0..<5 {
                    codes.append(
                        try await host.get("/v1/records", [name: "10.0.0.\(number)"]).status.code
                    )
                }
                #expect(codes.contains(429) == proxies.isEmpty)
            }
        }
    }

    @Test("[A-11] a request that is refused changes nothing, and the same one is taken later")
    func nothingIsLost() async throws {
        try await TestHost.run(traffic: Self.few) { host in
            let key = try await host.enrol("林小梅", in: "330921101")
            let headers = try await host.headers(of: key)
            for _ in 0..<3 { _ = try await host.get("/v1/records", headers) }
            let request = capture(1...1, in: "330921101")

            let refused = try await host.sync(request, by: key)
            let before = try await host.service.counts().changes
            host.clock.advance(by: 1_000)
            let taken = try await host.sync(request, by: key)

            #expect(refused.status.code == 429 && before == 0)
            #expect(taken.status == .ok)
            #expect(try await host.service.counts().changes == 1)
        }
    }

    @Test func `the machine's keeper is let in, however busy the server is`() async throws {
        var limits = Self.few
        limits.atOnce = 0
        try await TestHost.run(traffic: limits) { host in
            let device = try await host.headers(of: host.enrol("林小梅", in: "330921101"))

            let busy = try await host.get("/v1/records", device)
            let health = try await host.get("/health/live")

            #expect(busy.status.code == 429 && busy.headers[.retryAfter] != nil)
            #expect(try busy.problem().code == "server_busy")
            #expect(health.status == .ok)
        }
    }
}
