import LocalSQLite
import StoreSQLite
import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// A device that keeps up with its server.
@Suite(.timeLimit(.minutes(5))) struct FollowTests {
    private static let own = NewsMark(
        epoch: Epoch(rawValue: 7),
        grant: 1,
        positions: 12,
        settlement: 3
    )

    @Test(
        "[S-01] what a colleague captured is there as soon as the server has it, in one round trip"
    )
    func hears() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国")

        try await chen.following { reports in
            _ = try await reports.next()
            while world.service.watches < 1 { await Task.yield() }
            let id = try await lin.client.capture(Sample.person("张三"))
            try await lin.sync()
            let report = try await reports.next()

            #expect(report.received == 1 && report.roundTrips == 1)
            #expect(try await chen.person(id)?.name == "张三")
        }
    }

    @Test("[S-02] whoever has read everything is not told of it: its own mark is the server's")
    func mark() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅", areas: [Sample.province])
        try await lin.client.capture(Sample.person("张三"))
        try await lin.client.capture(Sample.person("李四", passport: "E1"))
        try await lin.sync()
        let profile = try #require(try await lin.client.profile())
        let id = try #require(profile.device)

        let mine = try await lin.client.newsMark()
        let found = try await world.store.read { try $0.device(id) }
        let device = try #require(found)
        let watch = try #require(world.service.watch(for: device, knowing: nil))
        let theirs = await watch.next()

        #expect(theirs == .news(mine) && mine.positions > 1)
        world.service.end(watch)
    }

    @Test("[S-07] where there is no stream, it asks about once in an interval, and captures go up")
    func polls() async throws {
        let world = try await World()
        let chen = try await world.device(named: "陈建国")
        chen.weather.set(hasNoStreams: true)
        try await chen.client.capture(Sample.person("张三"))

        try await chen.following(every: .seconds(100)) { reports in
            for _ in 0..<12 { _ = try await reports.next() }
        }

        let slept = chen.clock.slept.map { Int($0 / .seconds(1)) }
        #expect(slept.prefix(7) == [2, 4, 8, 16, 32, 64, 100])
        #expect(slept.dropFirst(7).allSatisfy { $0 == 100 })
        #expect(try await chen.store.read { try $0.unansweredCount() } == 0)
    }

    @Test("[S-07] waits are spread out, and the server's own wish is kept")
    func spread() {
        var session = FollowSession(interval: .seconds(300))

        #expect(session.handle(.started) == .sync)
        #expect(session.handle(.synced) == .listen)
        #expect(session.handle(.cut(retryAfter: 12, chance: 0)) == .wait(.seconds(150)))
        #expect(session.handle(.cut(retryAfter: 600, chance: 1)) == .wait(.seconds(600)))
        #expect(session.handle(.failed(chance: 0)) == .wait(.seconds(1)))
        #expect(session.handle(.failed(chance: 1)) == .wait(.seconds(6)))
        let goodbye = NewsEvent.goodbye(retry: .seconds(4))
        #expect(
            session.handle(.heard(goodbye, own: Self.own, hasWork: false, chance: 0))
                == .wait(.seconds(4))
        )
        #expect(session.handle(.waited) == .sync)
    }

    @Test("[S-02] a device syncs upon another mark than its own, and for what it has to send")
    func whatWakes() {
        var session = FollowSession(interval: .seconds(300))
        var other = Self.own
        other.positions += 1
        func action(_ event: NewsEvent, hasWork: Bool = false) -> FollowSession.Action {
            session.handle(.heard(event, own: Self.own, hasWork: hasWork, chance: 0))
        }

        #expect(action(.news(Self.own)) == .listen)
        #expect(action(.news(other)) == .sync)
        #expect(action(.news(nil)) == .sync)
        #expect(action(.beat) == .listen)
        #expect(action(.beat, hasWork: true) == .sync)
        #expect(action(.news(Self.own), hasWork: true) == .sync)
    }

    @Test("[S-04] a revoked device learns of it at once, and stops")
    func revoked() async throws {
        let world = try await World()
        let chen = try await world.device(named: "陈建国")
        let id = try #require(try await chen.client.profile()?.device)

        await #expect(throws: SyncError.self) {
            try await chen.following { reports in
                _ = try await reports.next()
                while world.service.watches < 1 { await Task.yield() }
                try await world.service.revoke(id, takesOutbox: false)
                _ = try await reports.next()
            }
        }

        #expect(try await chen.client.profile() == nil)
    }
}

extension Device {
    /// Follows the news while a story is told, which hears of every sync.
    fileprivate func following(
        every interval: Duration = .seconds(300),
        _ story: (AsyncStream<Result<SyncReport, SyncError>>) async throws -> Void
    ) async throws {
        let (reports, reported) = AsyncStream.makeStream(of: Result<SyncReport, SyncError>.self)
        let client = client
        let following = Task {
            try await client.follow(every: interval) { reported.yield($0) }
        }
        do {
            try await story(reports)
        } catch {
            following.cancel()
            throw error
        }
        following.cancel()
        _ = await following.result
    }
}

extension AsyncStream<Result<SyncReport, SyncError>> {
    /// The next sync's report; throws what it failed with.
    fileprivate func next() async throws -> SyncReport {
        let next = await first { _ in true }
        return try #require(next).get()
    }
}
