import Foundation
import Simulator
import SyncProtocol
import Synchronization
import TestSupport
import Testing

/// Two daemons behind a balancer, a primary and a synchronous standby; everything that may fail does.
@Suite(.serialized, .enabled(if: PostgresCluster.isInstalled, "not run: no PostgreSQL"))
struct PostgresFaultTests {
    @Test
    func `whatever is killed or cut, nothing acknowledged is missing, doubled or passed over`()
        async throws
    {
        let pair = try PostgresPair()
        let cables = try [Relay(to: [pair.port(of: .one)]), Relay(to: [pair.port(of: .two)])]
        let first = try Self.daemon(on: pair.address())
        let second = try Self.daemon(on: pair.address(through: cables.map(\.port)))
        let balancer = try Relay(to: [first.port, second.port])
        defer { for relay in cables + [balancer] { relay.close() } }
        let url = "http://127.0.0.1:\(balancer.port)"
        let names = ["a", "b", "c", "d"]
        for name in names { try first.enrol(name, areas: ["330921"], through: url) }
        let team = Team(names.map { first.device($0) })
        try team.goOn(for: 4)

        // A daemon dies: the other one serves.
        first.kill()
        try team.goOn(for: 4)
        try first.restart()

        // The primary dies: a pause until the standby is promoted, not an outage.
        try pair.kill(.one)
        try pair.promote(.two)
        try team.goOn(for: 4)
        try pair.rejoin(.one, from: .two)
        try team.goOn(for: 4)

        // The network between the second daemon and the database swallows everything.
        for cable in cables { cable.cut() }
        try team.goOn(for: 4)
        for cable in cables { cable.mend() }
        try team.goOn(for: 4)

        // The database has no connection left for the daemons: a refusal that says when to ask again.
        try pair.run("ALTER ROLE residence CONNECTION LIMIT 0", on: .two)
        try pair.run(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'residence-syncd'
            """,
            on: .two
        )
        let refused = Loopback.get("/health/ready", from: first.port)
        try pair.run("ALTER ROLE residence CONNECTION LIMIT 30", on: .two)
        try team.goOn(for: 4)

        // Power fails in the whole room.
        first.kill()
        second.kill()
        try pair.kill(.two)
        try pair.kill(.one)
        try pair.start(.two)
        try pair.start(.one)
        try first.restart()
        try second.restart()
        try team.goOn(for: 4)

        team.stop()
        for name in names + names { try first.on(name, "sync", "--attempts", "20") }
        try first.enrol("new", areas: ["330921"], through: url)
        try first.on("new", "sync")
        let check = try first.atServer("check", "--json")
        let audit = try first.atServer("audit", "verify", "--json")
        let verdicts = try await Inspection.judge(
            database: pair.address(),
            devices: (names + ["new"]).map { URL(fileURLWithPath: first.device($0)) },
            captured: team.captured
        )

        #expect(verdicts == [])
        #expect(check.status == 0, "\(check.output) \(check.errors)")
        #expect(audit.status == 0, "\(audit.output) \(audit.errors)")
        #expect(
            refused.contains(" 503 ") && refused.lowercased().contains("retry-after"),
            "\(refused)"
        )
        #expect(team.captured.count >= 30)
    }

    /// A daemon that is less patient than usual, so that the story stays short.
    private static func daemon(on address: String) throws -> RunningDaemon {
        try RunningDaemon(
            settings: """
                {"store": "\(address)&connect_timeout=2", "database":
                {"patience": 4, "statement": 3, "lock": 2, "idle": 3, "silence": 4}}
                """
        )
    }
}

/// Devices that capture and sync without a pause, each in a thread of its own.
private final class Team: Sendable {
    private struct State {
        var captured: [RecordID] = []
        var syncs = 0
        var isOver = false
        var working = 0
        /// What the last was told whose sync did not end well.
        var last = ""
    }

    /// What the team has not done after so long it will not do.
    private static let patience = Duration.seconds(60)
    private let state = Mutex(State())

    init(_ folders: [String]) {
        state.withLock { $0.working = folders.count }
        for folder in folders {
            Thread.detachNewThread {
                var number = 0
                while !self.state.withLock({ $0.isOver }) {
                    number += 1
                    self.work(in: folder, number)
                }
                self.state.withLock { $0.working -= 1 }
            }
        }
    }

    var captured: [RecordID] { state.withLock { $0.captured } }

    /// Captures a person whom the others capture, too, and syncs.
    private func work(in folder: String, _ number: Int) {
        let added = try? Programs.run(
            "residence",
            [
                "--data", folder, "add", "person", "name=张三", "sex=1", "document_type=2",
                "document_number=E\(10_000_000 + number)", "captured_in=330921101", "--json",
            ]
        )
        let id = (try? added?.json()["id"] as? String).flatMap { RecordID($0) }
        if let id, added?.status == 0 { state.withLock { $0.captured.append(id) } }
        let synced = try? Programs.run("residence", ["--data", folder, "sync", "--attempts", "1"])
        state.withLock { state in
            if synced?.status == 0 { state.syncs += 1 } else { state.last = synced?.errors ?? "" }
        }
    }

    /// Waits until as many more syncs have ended well.
    func goOn(for syncs: Int) throws {
        let goal = state.withLock { $0.syncs + syncs }
        let end = ContinuousClock.now + Self.patience
        while state.withLock({ $0.syncs < goal }) {
            let isLate = ContinuousClock.now > end
            try #require(!isLate, "nobody is served any more: \(state.withLock { $0.last })")
            usleep(20_000)
        }
    }

    func stop() {
        state.withLock { $0.isOver = true }
        while state.withLock({ $0.working > 0 }) { usleep(20_000) }
    }
}
