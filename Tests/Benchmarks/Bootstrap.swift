internal import Foundation
internal import ResidenceDomain
internal import SyncProtocol

/// A new device takes a large area home over a slow link, once undisturbed and once cut off again and again; a third
/// one may spend so many bytes only.
///
/// The devices are the coordinator's own program, as processes of their own.
struct Bootstrap: Sendable {
    let programs: URL
    let folder: URL
    let out: URL
    let records: Int

    private static let area = "330921101"
    /// Kilobytes between two cuts: a page and a half as it travels.
    private static let cutEvery = 400_000
    private static let budget = 500

    /// What came of one device.
    struct Homecoming {
        var seconds = 0.0
        var runs = 0
        /// People on the device in the end.
        var held = 0
        var up = 0
        var down = 0
        var cuts = 0
        var peakMebibytes = 0.0
        /// What it was told before, in bytes and seconds; of many people, the least that it can be.
        var told = (bytes: 0, seconds: 0, isAtLeast: false)
        /// Bytes that had come down after each second.
        var course: [Int] = []
        /// Bytes that had come down before the sync.
        var before = 0
    }

    func run() async throws {
        let daemon = try Daemon(programs: programs, in: folder.appendingPathComponent("bootstrap"))
        defer { daemon.stop() }
        let (port, began) = (daemon.port, ContinuousClock.now)
        try await fill(daemon)
        Terminal.out("\(records) records in \(Report.text((.now - began) / .seconds(1))) s")
        Terminal.out(
            "the link: 256 kbit/s, 300 ms there and back, \(SlowLink.lost) % of its packets lost"
        )
        let names = ["undisturbed", "cut", "thrifty"]
        let invitations = try names.map { try daemon.link(for: $0, areas: [Self.area]) }
        @Sendable func comeHome(
            _ index: Int,
            cutEvery: Int = .max,
            budget: Int? = nil
        ) throws -> Homecoming {
            let link = try SlowLink(to: port, cutEvery: cutEvery, seed: UInt64(index))
            defer { link.end() }
            let invitation = invitations[index]
                .replacingOccurrences(of: ":\(port)", with: ":\(link.port)")
            let device = folder.appendingPathComponent(names[index])
            return try self.comeHome(device, by: invitation, over: link, budget: budget)
        }
        let homecomings = try await inThreads(2) { index, ready in
            ready()
            return try comeHome(index, cutEvery: index == 0 ? .max : Self.cutEvery)
        }
        let thrifty = try comeHome(2, budget: Self.budget)
        try tell(homecomings.results, thrifty, daemon)
    }

    /// People of one area, brought by somebody on a good link.
    private func fill(_ daemon: Daemon) async throws {
        var device = try await daemon.enrol("pusher", areas: [Self.area])
        let wire = try Wire(port: daemon.port)
        let people = Corpus.people(records, in: Self.area, seed: 20_261_130)
        for batch in people.chunks(of: 200) {
            var request = device.request(batch.map { Round.creation($0, device.grant) })
            request.budget = 1
            let token = try await device.token()
            let answer = try wire.exchange(
                Requests.post("/v1/sync", request.encoded, token: token)
            )
            guard answer.status == 200 else { throw BenchError("filling: \(answer.status)") }
        }
    }

    // MARK: - A device

    private func comeHome(
        _ device: URL,
        by invitation: String,
        over link: SlowLink,
        budget: Int?
    ) throws -> Homecoming {
        try? FileManager.default.removeItem(at: device)
        var home = Homecoming()
        _ = try residence(["enroll", invitation], device, &home, link)
        let forecast = try residence(["sync", "--plan"], device, &home, link)
        home.told = (
            forecast["bytes"] as? Int ?? 0, forecast["seconds"] as? Int ?? 0,
            forecast["at_least"] as? Bool ?? false
        )
        let before = link.carried
        home.before = before.down
        let began = ContinuousClock.now
        home.course = []
        let limit = budget.map { ["--budget", String($0)] } ?? []
        while true {
            home.runs += 1
            let report = try residence(["sync"] + limit, device, &home, link, since: began)
            // Cut off more often than it tries again by itself: somebody starts it once more.
            guard !report.isEmpty else {
                guard home.runs < 100 else {
                    throw BenchError("the server is not reached any more")
                }
                continue
            }
            if report["budget_spent"] as? Bool != true || budget != nil { break }
        }
        home.seconds = (ContinuousClock.now - began) / .seconds(1)
        let carried = link.carried
        (home.up, home.down) = (carried.up - before.up, carried.down - before.down)
        home.cuts = carried.cuts - before.cuts
        let status = try residence(["status"], device, &home, link)
        home.held = (status["records"] as? [String: Int])?[Person.recordType.name] ?? 0
        return home
    }

    /// Runs the coordinator's program; returns what it says, empty where it could not reach the server.
    private func residence(
        _ arguments: [String],
        _ device: URL,
        _ home: inout Homecoming,
        _ link: SlowLink,
        since began: ContinuousClock.Instant = .now
    ) throws -> [String: Any] {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = programs.appendingPathComponent("residence")
        process.arguments = arguments + ["--data", device.path, "--json"]
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let meter = Meter(process: process.processIdentifier)
        while process.isRunning {
            home.peakMebibytes = max(home.peakMebibytes, meter.peakMebibytes)
            let seconds = Int((ContinuousClock.now - began) / .seconds(1))
            while home.course.count < seconds {
                home.course.append(link.carried.down - home.before)
            }
            usleep(100_000)
        }
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        // 3: the server could not be reached, and nothing is lost.
        guard process.terminationStatus == 0 else {
            guard process.terminationStatus == 3 else {
                throw BenchError("\(arguments[0]): \(String(decoding: output, as: UTF8.self))")
            }
            return [:]
        }
        return try JSONSerialization.jsonObject(with: output) as? [String: Any] ?? [:]
    }

    // MARK: - What came of it

    private func tell(_ all: [Homecoming], _ thrifty: Homecoming, _ daemon: Daemon) throws {
        let rows: [(String, (Homecoming) -> String)] = [
            ("people on the device in the end", { $0.held.formatted() }),
            (
                "told before",
                {
                    ($0.told.isAtLeast ? "at least " : "")
                        + "\(Report.text(Double($0.told.bytes) / 1000)) KB, \($0.told.seconds) s"
                }
            ),
            (
                "took",
                {
                    "\(Report.text(Double($0.up + $0.down) / 1000)) KB, \(Report.text($0.seconds)) s"
                }
            ),
            ("cut off", { "\($0.cuts) times" }),
            ("started", { "\($0.runs) times" }),
            ("device's memory at its peak", { "\(Report.text($0.peakMebibytes)) MiB" }),
        ]
        let cells = rows.map { name, cell in
            "| \(name) | " + (all + [thrifty]).map(cell).joined(separator: " | ") + " |"
        }
        Terminal.out(
            """

            | a new device on a slow link | undisturbed | cut every \(Self.cutEvery / 1000) KB | may spend \(Self.budget) KB |
            |---|---|---|---|
            \(cells.joined(separator: "\n"))

            daemon's memory at its peak: \(Report.text(daemon.meter.peakMebibytes)) MiB
            """
        )
        try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
        try Data(Self.plot(all).utf8).write(to: out.appendingPathComponent("bootstrap.svg"))
        guard all.allSatisfy({ $0.held == records }) else {
            throw BenchError("not everything came home")
        }
    }

    /// Megabytes that have come down over the seconds: blue undisturbed, red cut off.
    private static func plot(_ all: [Homecoming]) -> String {
        let seconds = max(1, all.map(\.course.count).max() ?? 1)
        let bytes = max(1, all.flatMap(\.course).max() ?? 1)
        let lines = zip(all, ["#47a", "#b33"]).map { home, colour in
            let points = home.course.enumerated().map { second, down in
                "\(60 + second * 640 / seconds),\(260 - down * 200 / bytes)"
            }
            return """
                <polyline points="\(points.joined(separator: " "))" fill="none" stroke="\(colour)" \
                stroke-width="2"/>
                """
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="760" height="300" font-family="sans-serif" \
            font-size="12">
            <text x="10" y="20" font-size="14">What came down a link of 256 kbit/s (blue: undisturbed, \
            red: cut off again and again)</text>
            <line x1="60" x2="60" y1="60" y2="260" stroke="#999"/>
            <line x1="60" x2="700" y1="260" y2="260" stroke="#999"/>
            <text x="55" y="64" text-anchor="end">\(Report.text(Double(bytes) / 1e6)) MB</text>
            <text x="700" y="280" text-anchor="end">\(seconds) s</text>
            \(lines.joined(separator: "\n"))
            </svg>

            """
    }
}
