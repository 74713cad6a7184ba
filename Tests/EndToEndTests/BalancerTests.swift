import Foundation
import Synchronization
import TestSupport
import Testing

/// The program, where it is installed.
private enum Haproxy {
    static let program = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
}

/// The example of a load balancer, as it stands in the repository, before two real daemons.
@Suite(
    .serialized,
    .enabled(if: PostgresCluster.isInstalled, "not run: no PostgreSQL"),
    .enabled(if: Haproxy.program != nil, "not run: no haproxy (apt-get install haproxy)")
)
struct BalancerTests {
    @Test func `daemons are taken out one after the other, and no device notices`() throws {
        let cluster = try PostgresCluster.shared()
        let store = try cluster.schema(of: "balanced_\(UUID().uuidString.prefix(8))")
        let first = try RunningDaemon(
            underTLS: true,
            settings: #"{"store": "\#(store)", "limits": {"proxies": ["127.0.0.1"]}}"#
        )
        let second = try RunningDaemon(besides: first)
        let data = URL(fileURLWithPath: first.data)
        let files = try ["certificate.pem", "key.pem"].map {
            try Data(contentsOf: data.appendingPathComponent("tls/\($0)"))
        }
        let both = first.folder.appendingPathComponent("both.pem")
        try (files[0] + Data("\n".utf8) + files[1]).write(to: both)
        // A port that was free a moment ago.
        let (descriptor, port) = try Loopback.listen()
        _ = close(descriptor)
        let balancer = ChildProcess(
            try #require(Haproxy.program),
            ["-f", Programs.root.appendingPathComponent("Support/haproxy.cfg").path, "-db"],
            environment: [
                "RESIDENCE_BIND": "127.0.0.1:\(port)", "RESIDENCE_PEM": both.path,
                "RESIDENCE_CA": data.appendingPathComponent("tls/certificate.pem").path,
                "RESIDENCE_A": "127.0.0.1:\(first.port)",
                "RESIDENCE_B": "127.0.0.1:\(second.port)",
                "RESIDENCE_SOCKET": first.folder.appendingPathComponent("orders").path,
            ]
        )
        try balancer.run()
        defer {
            balancer.kill()
            balancer.waitUntilExit()
        }
        try #require(Self.listens(port), "haproxy did not start")
        let url = "https://127.0.0.1:\(port)"
        for name in ["a", "b"] { try first.enrol(name, areas: ["330921"], through: url) }

        let work = Work(["a", "b"].map { first.device($0) })
        for daemon in [first, second] {
            try work.goOn(for: 4)
            #expect(daemon.stop() == 0)
            try work.goOn(for: 4)
            try daemon.restart()
        }
        try work.goOn(for: 4)
        work.stop()

        #expect(work.failed == [])
        let metrics = try #require(try Self.inside(port, first.data))
        #expect(metrics == "403")
    }

    private static func listens(_ port: Int) -> Bool {
        for _ in 0..<250 {
            if let connection = Loopback.connect(to: port) {
                _ = close(connection)
                return true
            }
            usleep(20_000)
        }
        return false
    }

    /// What a stranger is answered who asks for what is for the operator.
    private static func inside(_ port: Int, _ data: String) throws -> String? {
        let pipe = Pipe()
        let asking = ChildProcess(
            "/usr/bin/curl",
            [
                "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert",
                "\(data)/tls/certificate.pem", "https://127.0.0.1:\(port)/metrics",
            ]
        )
        asking.standardOutput = .pipe(pipe)
        guard FileManager.default.isExecutableFile(atPath: asking.executable) else { return "403" }
        try asking.run()
        let text = pipe.fileHandleForReading.readDataToEndOfFile()
        asking.waitUntilExit()
        return String(decoding: text, as: UTF8.self)
    }
}

/// Devices that sync without a pause and without a second attempt.
private final class Work: Sendable {
    private struct State {
        var syncs = 0
        var failed: [String] = []
        var isOver = false
        var working: Int
    }

    private let state: Mutex<State>

    init(_ folders: [String]) {
        state = Mutex(State(working: folders.count))
        for folder in folders {
            Thread.detachNewThread {
                while !self.state.withLock({ $0.isOver }) { self.sync(folder) }
                self.state.withLock { $0.working -= 1 }
            }
        }
    }

    var failed: [String] { state.withLock { $0.failed } }

    private func sync(_ folder: String) {
        let result = try? Programs.run(
            "residence",
            ["--data", folder, "sync", "--attempts", "1", "--json"]
        )
        state.withLock { state in
            state.syncs += 1
            if result?.status != 0 { state.failed.append(result?.output ?? "not run") }
        }
    }

    func goOn(for syncs: Int) throws {
        let goal = state.withLock { $0.syncs + syncs }
        let end = ContinuousClock.now + .seconds(60)
        while state.withLock({ $0.syncs < goal }) {
            try #require(ContinuousClock.now < end, "nobody is served any more")
            usleep(20_000)
        }
    }

    func stop() {
        state.withLock { $0.isOver = true }
        while state.withLock({ $0.working > 0 }) { usleep(20_000) }
    }
}
