internal import Chance
internal import Foundation
internal import Synchronization
internal import SyncProtocol

/// The evening: every device of a province comes home and syncs once, as fast as one daemon takes them.
///
/// Four devices share an area, in which forty people are known since the morning. Each brings 20 to 50 changes: twelve
/// edits, of ten people of its own and of two whom its neighbour edits, too; the others are new people. It takes what
/// its neighbours brought before it. Every tenth is on a bad link: 256 kbit/s, 300 ms away, and every fifth of those
/// is cut off half-way and comes again. Each opens a connection of its own, in the clear.
struct Homecoming {
    let programs: URL
    let folder: URL
    let store: String
    let devices: Int

    private static let perArea = 4
    private static let known = 40
    /// Devices whose tokens are signed at once: a token is good for five minutes.
    private static let wave = 4_000
    private static let (goodLinks, badLinks) = (32, 32)

    func run() async throws {
        let daemon = try Daemon(
            programs: programs,
            in: folder.appendingPathComponent("evening"),
            store: store
        )
        defer { daemon.stop() }
        let areas = Corpus.villages((devices + Self.perArea - 1) / Self.perArea)
        var began = ContinuousClock.now
        let enrolled = try await enrol(areas, daemon)
        Terminal.out("\(devices) devices of \(areas.count) areas enrolled\(Self.since(began))")
        began = .now
        let bodies = try await prepare(enrolled, areas, daemon)
        Terminal.out("the morning synced, and the evening's requests made\(Self.since(began))")
        let quiet = Meter.disk(daemon.folder)
        let (visits, usage) = try await Usage.measuring(daemon.meter) {
            try await comeHome(enrolled, bodies, daemon.port)
        }
        try tell(visits, usage, Meter.disk(daemon.folder) - quiet)
    }

    private static func since(_ began: ContinuousClock.Instant) -> String {
        " in \(Report.text((ContinuousClock.now - began) / .seconds(1))) s"
    }

    private func enrol(_ areas: [String], _ daemon: Daemon) async throws -> [DrivenDevice] {
        let links = try daemon.links(
            for: (0..<devices).map { ("evening-\($0)", areas[$0 / Self.perArea]) }
        )
        guard links.count == devices else { throw BenchError("\(links.count) links") }
        let (threads, port) = (8, daemon.port)
        let parts = try await inThreads(threads) { part, ready in
            let wire = try Wire(port: port)
            ready()
            return try stride(from: part, to: links.count, by: threads).map { index in
                (index, try Daemon.enrol(by: links[index], over: wire))
            }
        }
        return parts.results.flatMap(\.self).sorted { $0.0 < $1.0 }.map(\.1)
    }

    // MARK: - The morning

    /// Brings what is known in each area to the server; returns each device's evening, packed.
    private func prepare(
        _ enrolled: [DrivenDevice],
        _ areas: [String],
        _ daemon: Daemon
    ) async throws -> [[UInt8]] {
        var bodies = [[UInt8]](repeating: [], count: devices)
        let wire = try Wire(port: daemon.port)
        for (number, area) in areas.enumerated() {
            let people = Corpus.people(Self.known, in: area, seed: UInt64(number) << 20)
            let first = number * Self.perArea
            var group = Array(enrolled[first..<min(first + Self.perArea, devices)])
            let request = group[0].request(
                people.map { Round.creation($0, group[0].grant) }
            )
            let token = try await group[0].token()
            let answer = try wire.exchange(
                Requests.post("/v1/sync", request.encoded, token: token)
            )
            guard answer.status == 200 else { throw BenchError("the morning: \(answer.status)") }
            for index in group.indices {
                let body = Self.evening(index, of: &group, people, area, seed: first + index)
                bodies[first + index] = Requests.packed(body.encoded)
            }
        }
        return bodies
    }

    /// What a device brings in the evening.
    private static func evening(
        _ index: Int,
        of group: inout [DrivenDevice],
        _ people: [Corpus.Entry],
        _ area: String,
        seed: Int
    ) -> SyncRequest {
        var random = SplitMix64(seed: UInt64(seed))
        let share = known / perArea
        let own = people[index * share..<(index + 1) * share]
        let neighbour = (index + 1) % perArea * share
        let edited = own + people[neighbour..<neighbour + 2]
        let new = Corpus.people(
            20 + random.below(31) - edited.count,
            in: area,
            seed: random.next()
        )
        let device = group[index]
        let changes =
            edited.map { Round.edit($0, device, seed) }
            + new.map { Round.creation($0, device.grant) }
        var request = group[index].request(changes)
        if let code = AreaCode(area) {
            request.bookmarks = [Bookmark(area: code, position: Position(rawValue: UInt64(known)))]
        }
        return request
    }

    // MARK: - The evening

    /// How one device fared.
    struct Visit: Sendable {
        var milliseconds = 0.0
        var isOnBadLink = false
        var refusals = 0
        var cuts = 0
        var bytes = 0
        var answer: Wire.Answer?
    }

    /// All devices, in an order of chance; the time between waves, in which tokens are signed, counts for nobody.
    private func comeHome(
        _ enrolled: [DrivenDevice],
        _ bodies: [[UInt8]],
        _ port: Int
    ) async throws -> (all: [Visit], seconds: Double) {
        var random = SplitMix64(seed: 18)
        let order = (0..<devices).shuffled(using: &random)
        var (visits, seconds) = ([Visit](), 0.0)
        for start in stride(from: 0, to: devices, by: Self.wave) {
            let wave = order[start..<min(devices, start + Self.wave)]
            var requests: [(bad: Bool, bytes: [UInt8])] = []
            for index in wave {
                let head = Requests.head(
                    "/v1/sync",
                    length: bodies[index].count,
                    token: try await enrolled[index].token()
                )
                requests.append((index % 10 == 0, head + bodies[index]))
            }
            let queues = Queues(requests)
            let done = try await inThreads(Self.goodLinks + Self.badLinks) { thread, ready in
                ready()
                var visits: [Visit] = []
                let isBad = thread >= Self.goodLinks
                while let (number, request) = queues.next(isBad: isBad) {
                    visits.append(try Self.visit(request, port, isBad: isBad, number))
                }
                return visits
            }
            visits += done.results.flatMap(\.self)
            seconds += done.seconds
            Terminal.out("\(visits.count) devices are home after \(Report.text(seconds)) s")
        }
        return (visits, seconds)
    }

    private static func visit(
        _ request: [UInt8],
        _ port: Int,
        isBad: Bool,
        _ number: Int
    ) throws -> Visit {
        var visit = Visit()
        visit.isOnBadLink = isBad
        let began = ContinuousClock.now
        if isBad, number.isMultiple(of: 5) {
            try BadLink.cut(request, port)
            visit.cuts += 1
        }
        while true {
            let wire = try Wire(port: port)
            let answer = try isBad ? BadLink.exchange(request, wire) : wire.exchange(request)
            visit.bytes += request.count + answer.head + answer.body.count
            guard answer.status == 429 || answer.status == 503 else {
                guard answer.status == 200 else { throw BenchError("a sync: \(answer.status)") }
                visit.answer = answer
                break
            }
            visit.refusals += 1
            usleep(UInt32(1_000_000 * max(1, answer.retryAfter)))
        }
        visit.milliseconds = (ContinuousClock.now - began) / .milliseconds(1)
        return visit
    }

    // MARK: - What came of it

    private func tell(
        _ evening: (all: [Visit], seconds: Double),
        _ usage: Usage,
        _ disk: Int
    ) throws {
        let visits = evening.all
        var outcomes: [Outcome.Kind: Int] = [:]
        var received = 0
        for answer in visits.compactMap(\.answer) {
            let response = try answer.response()
            for outcome in response.outcomes { outcomes[outcome.kind, default: 0] += 1 }
            received += response.pages.reduce(0) { $0 + $1.records.count }
        }
        let changes = outcomes.values.reduce(0, +)
        let told = outcomes.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        let bytes = visits.reduce(0) { $0 + $1.bytes } / max(1, visits.count)
        Terminal.out(
            """

            | an evening | |
            |---|---|
            | devices | \(visits.count) |
            | took | \(Report.text(evening.seconds)) s, \(Report.text(Double(visits.count) / evening.seconds)) syncs/s |
            | changes | \(changes): \(told) |
            | records taken home | \(received) |
            | a sync, good links: median, 95th, 99th | \(percentiles(visits.filter { !$0.isOnBadLink })) |
            | a sync, bad links: median, 95th, 99th | \(percentiles(visits.filter(\.isOnBadLink))) |
            | refused, then taken | \(visits.reduce(0) { $0 + $1.refusals }) |
            | cut off, then taken | \(visits.reduce(0) { $0 + $1.cuts }) |
            | a sync, heads and all | \(bytes) bytes |
            | processor time of a sync | \(Report.text(usage.daemonSeconds * 1000 / Double(max(1, visits.count)))) ms |
            | processor time: daemon, driver, others | \(Report.text(usage.daemonSeconds)), \
            \(Report.text(usage.driverSeconds)), \(Report.text(usage.otherSeconds)) s |
            | daemon's memory at its peak | \(Report.text(usage.peakMebibytes)) MiB |
            | disk, a change | \(disk / max(1, changes)) bytes |
            """
        )
    }

    private func percentiles(_ visits: [Visit]) -> String {
        let sorted = visits.map(\.milliseconds).sorted()
        guard !sorted.isEmpty else { return "–" }
        return [50, 95, 99].map {
            Report.text(sorted[min(sorted.count - 1, sorted.count * $0 / 100)])
        }
        .joined(separator: ", ") + " ms"
    }
}

/// The requests that wait, for good links and for bad ones.
private final class Queues: Sendable {
    private let waiting: Mutex<(good: [(Int, [UInt8])], bad: [(Int, [UInt8])])>

    init(_ requests: [(bad: Bool, bytes: [UInt8])]) {
        let numbered = requests.enumerated().map { ($0.offset, $0.element) }
        waiting = Mutex(
            (
                numbered.filter { !$0.1.bad }.map { ($0.0, $0.1.bytes) },
                numbered.filter { $0.1.bad }.map { ($0.0, $0.1.bytes) }
            )
        )
    }

    func next(isBad: Bool) -> (Int, [UInt8])? {
        waiting.withLock { isBad ? $0.bad.popLast() : $0.good.popLast() }
    }
}

/// A link of 256 kbit/s to something 300 ms away.
enum BadLink {
    private static let bytesPerSecond = 32_000

    /// A whole exchange; the answer's bytes take their time, too.
    static func exchange(_ request: [UInt8], _ wire: Wire) throws -> Wire.Answer {
        usleep(300_000)
        try crawl(request[...], wire)
        let answer = try wire.answer()
        usleep(UInt32((answer.head + answer.body.count) * 1_000_000 / bytesPerSecond))
        return answer
    }

    /// A request that is cut off half-way.
    static func cut(_ request: [UInt8], _ port: Int) throws {
        usleep(300_000)
        try crawl(request[..<(request.count / 2)], Wire(port: port))
    }

    private static func crawl(_ bytes: ArraySlice<UInt8>, _ wire: Wire) throws {
        let piece = 1_400
        for start in stride(from: 0, to: bytes.count, by: piece) {
            try wire.send(bytes[start..<min(bytes.count, start + piece)])
            usleep(UInt32(piece * 1_000_000 / bytesPerSecond))
        }
    }
}
