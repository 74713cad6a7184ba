import HTTPTypes
import HummingbirdTesting
import ServerHTTP
import StoreSQLite
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

/// The stream of events, over HTTP.
@Suite(.timeLimit(.minutes(5))) struct EventsTests {
    private static let town = "330921101"

    @Test(
        "[S-01] an event brings an id and nothing else, and the last one of a suspended device none"
    )
    func stream() async throws {
        try await TestHost.run { host in
            let (lin, wu) = (
                try await host.enrol("林小梅", in: Self.town),
                try await host.enrol("吴海", in: Self.town)
            )
            let headers = try await host.headers(of: lin)
            async let listening = host.get("/v1/events", headers)
            while host.service.watches < 1 { await Task.yield() }
            let other = try await host.watch(wu.publicKey.deviceID)
            _ = await other.next()

            let answer = try await host.sync(capture(1...3, in: Self.town), by: wu)
            let told = await other.next()
            try await host.service.suspend(lin.publicKey.deviceID, true)
            let stream = try await listening

            guard case .news(let mark) = told else { return #expect(Bool(false), "\(told)") }
            #expect(answer.status == .ok && stream.status == .ok)
            #expect(stream.headers[.contentType] == "text/event-stream")
            #expect(stream.text.hasPrefix(":\n\n"))
            #expect(stream.text.contains("event: news\nid: \(mark)\ndata: {}\n\n"))
            #expect(stream.text.hasSuffix("\n\nevent: news\ndata: {}\n\n"))
            host.service.end(other)
            #expect(host.service.watches == 0)
        }
    }

    @Test("[S-02] whoever knows as much is not woken to begin with")
    func resume() async throws {
        try await TestHost.run { host in
            let (lin, wu) = (
                try await host.enrol("林小梅", in: Self.town),
                try await host.enrol("吴海", in: Self.town)
            )
            let other = try await host.watch(wu.publicKey.deviceID)
            guard case .news(let mark) = await other.next() else { return }
            var headers = try await host.headers(of: lin)
            headers[try #require(HTTPField.Name("Last-Event-ID"))] = "\(mark)"

            async let listening = host.get("/v1/events", headers)
            while host.service.watches < 2 { await Task.yield() }
            try await host.service.suspend(lin.publicKey.deviceID, true)

            #expect(try await listening.text == ":\n\nevent: news\ndata: {}\n\n")
        }
    }

    @Test("[S-04] a later stream of a device ends the former, which is told not to hurry back")
    func replaced() async throws {
        try await TestHost.run { host in
            let lin = try await host.enrol("林小梅", in: Self.town)
            let headers = try await host.headers(of: lin)
            async let former = host.get("/v1/events", headers)
            while host.service.watches < 1 { await Task.yield() }

            let later = try await host.watch(lin.publicKey.deviceID)

            #expect(try await former.text.hasSuffix("event: goodbye\nretry: 60000\ndata: {}\n\n"))
            _ = await later.next()
            host.service.end(later)
        }
    }

    @Test("[S-05] beyond as many streams as the server takes, the next is told when to come back")
    func full() async throws {
        var limits = TrafficLimits()
        limits.streams = 1
        try await TestHost.run(traffic: limits) { host in
            let (lin, wu) = (
                try await host.enrol("林小梅", in: Self.town),
                try await host.enrol("吴海", in: Self.town)
            )
            let watch = try await host.watch(lin.publicKey.deviceID)

            var waits: Set<Int> = []
            for _ in 0..<40 {
                let refused = try await host.get("/v1/events", host.headers(of: wu))
                #expect(refused.status.code == 503)
                #expect(try refused.problem().code == "streams_full")
                waits.insert(try #require(refused.headers[.retryAfter].flatMap { Int($0) }))
            }
            host.service.end(watch)

            #expect(waits.count > 1 && waits.allSatisfy { (10...20).contains($0) })
        }
    }

    @Test("[S-05] a stream takes no place among the requests that are worked on")
    func noPlace() async throws {
        var limits = TrafficLimits()
        (limits.atOnce, limits.deviceAtOnce) = (1, 1)
        try await TestHost.run(traffic: limits) { host in
            let lin = try await host.enrol("林小梅", in: Self.town)
            let headers = try await host.headers(of: lin)
            async let listening = host.get("/v1/events", headers)
            while host.service.watches < 1 { await Task.yield() }
            let metrics = try await host.get("/metrics").text

            // It may still be on its way out of the door.
            while try await host.get("/v1/records", headers).status != .ok { await Task.yield() }
            try await host.service.suspend(lin.publicKey.deviceID, true)

            #expect(try await listening.status == .ok)
            #expect(metrics.contains("residence_event_streams 1\n"))
        }
    }

    @Test("[S-01] nobody listens without a token, and no device that may not sync")
    func strangers() async throws {
        try await TestHost.run { host in
            let lin = try await host.enrol("林小梅", in: Self.town)
            try await host.service.revoke(lin.publicKey.deviceID, takesOutbox: true)

            let stranger = try await host.get("/v1/events")
            let revoked = try await host.get("/v1/events", host.headers(of: lin))

            #expect(try stranger.problem().code == "token_missing")
            #expect(try revoked.problem().code == "device_revoked")
        }
    }
}

extension Handheld {
    /// Listens until another stream takes this one's place, which one does as soon as it stands.
    func listenBriefly() async throws -> TestResponse {
        let (host, id) = (host, id)
        let ending = Task {
            while host.service.watches == 0, !Task.isCancelled { await Task.yield() }
            guard !Task.isCancelled else { return }
            host.service.end(try await host.watch(id))
        }
        defer { ending.cancel() }
        return try await get("/v1/events")
    }
}

extension TestHost {
    /// Listens for a device, without HTTP.
    fileprivate func watch(_ id: DeviceID) async throws -> NewsWatch {
        let found = try await store.read { try $0.device(id) }
        let device = try #require(found)
        return try #require(service.watch(for: device, knowing: nil))
    }
}
