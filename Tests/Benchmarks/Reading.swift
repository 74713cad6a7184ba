internal import ClientHTTP
internal import Foundation
internal import LocalSQLite
internal import ResidenceDomain
internal import SyncClient
internal import SyncProtocol

extension Round {
    struct Reading: Codable {
        var perSecond: Double
        var usage: Usage
        var records: Int
        var bytesPerRecord: Double
    }

    /// A new device reads everything: the requests are written down in a first pass, and timed in a second,
    /// in which nothing of the answers is looked at.
    func readEverything(by device: DrivenDevice) async throws -> Reading {
        var device = device
        let token = try await device.token()
        let wire = try Wire(port: daemon.port)
        var requests: [[UInt8]] = []
        var bookmarks: [AreaCode: Bookmark] = [:]
        var records = 0
        var hasMore = true
        while hasMore {
            var request = device.request([])
            request.bookmarks = bookmarks.values.sorted { $0.area < $1.area }
            let bytes = Requests.post("/v1/sync", request.encoded, token: token)
            requests.append(bytes)
            let response = try wire.exchange(bytes).response()
            hasMore = response.hasMore
            for page in response.pages {
                records += page.records.count
                bookmarks[page.area] = Bookmark(
                    area: page.area,
                    position: page.position,
                    floor: page.floor
                )
            }
        }
        var bytes = 0
        let began = ContinuousClock.now
        let (seconds, usage) = try await Usage.measuring(daemon.meter) {
            for request in requests { bytes += try wire.exchange(request).body.count }
            return (ContinuousClock.now - began) / .seconds(1)
        }
        return Reading(
            perSecond: Double(records) / seconds,
            usage: usage,
            records: records,
            bytesPerRecord: Double(bytes) / Double(max(1, records))
        )
    }

    struct Applying: Codable {
        var perSecond: Double
        var records: Int
        var roundTrips: Int
    }

    /// A new device with the real client, its database on the disk: everything is read and applied.
    func applyEverything(in folder: URL, areas: [String]) async throws -> Applying {
        try? FileManager.default.removeItem(at: folder)
        let transport = HTTPTransport()
        let client = ResidenceClient(
            store: try LocalSQLiteStore(folder: folder),
            transport: transport,
            rules: ResidenceRules(),
            environment: .system(now: { SystemClock.milliseconds() })
        )
        _ = try await client.enrol(link: daemon.link(for: "reader", areas: areas))
        let began = ContinuousClock.now
        let report = try await client.sync()
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        try await transport.close()
        return Applying(
            perSecond: Double(report.received) / seconds,
            records: report.received,
            roundTrips: report.roundTrips
        )
    }

    struct Polling: Codable {
        /// A request and an answer, their heads included.
        var bytes: Int
        /// The bodies alone.
        var bodyBytes: Int
        var medianMilliseconds: Double
        var p99Milliseconds: Double
        var daemonMillisecondsPerPoll: Double
        /// From the first request of a burst to the last answer, in the median of several.
        var burstMilliseconds: Double
        /// The median of a device's wait in a burst.
        var burstMedianMilliseconds: Double
        var usage: Usage
    }

    /// Devices that ask for what is new in their area, `behind` records of it: two hundred connections, each
    /// once a second, then all at once.
    func poll(_ pollers: [DrivenDevice], behind: Int, seconds: Int) async throws -> Polling {
        var requests: [[UInt8]] = []
        for (index, poller) in pollers.enumerated() {
            var poller = poller
            guard let area = AreaCode(Corpus.areas[index % Self.devices]) else { continue }
            var request = poller.request([])
            request.bookmarks = [try await bookmark(in: area, behind: behind, for: poller)]
            let token = try await poller.token()
            requests.append(Requests.post("/v1/sync", request.encoded, token: token))
        }
        let first = try Wire(port: daemon.port).exchange(requests[0])
        let brought = try first.response().pages.reduce(0) { $0 + $1.records.count }
        guard brought == behind else { throw BenchError("\(brought) records came, not \(behind)") }
        return try await Self.polling(requests, first, daemon.port, daemon.meter, seconds: seconds)
    }

    /// Requests on two hundred connections, each once a second, then all at once; `first` is one's answer.
    static func polling(
        _ requests: [[UInt8]],
        _ first: Wire.Answer,
        _ port: Int,
        _ server: Meter,
        seconds: Int
    ) async throws -> Polling {
        let connections = 200
        let paced = try await Usage.measuring(server) {
            try await waits(requests, connections, port, rounds: seconds, spread: 1)
        }
        var bursts: [(whole: Double, median: Double)] = []
        for _ in 0..<5 {
            let waits = try await waits(requests, connections, port, rounds: 1, spread: 0)
            bursts.append((waits.max() ?? 0, waits.median))
        }
        let sorted = paced.0.sorted()
        let head = requests[0].firstRange(of: Array("\r\n\r\n".utf8))?.upperBound ?? 0
        return Polling(
            bytes: requests[0].count + first.head + first.size,
            bodyBytes: requests[0].count - head + first.size,
            medianMilliseconds: paced.0.median,
            p99Milliseconds: sorted[min(sorted.count - 1, sorted.count * 99 / 100)],
            daemonMillisecondsPerPoll: paced.1.daemonSeconds * 1000 / Double(sorted.count),
            burstMilliseconds: bursts.map(\.whole).median,
            burstMedianMilliseconds: bursts.map(\.median).median,
            usage: paced.1
        )
    }

    /// Where somebody stands who has not read the last few records of an area.
    private func bookmark(
        in area: AreaCode,
        behind: Int,
        for poller: DrivenDevice
    ) async throws -> Bookmark {
        let wire = try Wire(port: daemon.port)
        let token = try await poller.token()
        var poller = poller
        func read(after position: UInt64) throws -> [AreaPage] {
            var request = poller.request([])
            request.bookmarks = [Bookmark(area: area, position: Position(rawValue: position))]
            let bytes = Requests.post("/v1/sync", request.encoded, token: token)
            return try wire.exchange(bytes).response().pages
        }
        var head = UInt64(corpus.entries.count / Self.devices)
        while let page = try read(after: head).last { head = page.position.rawValue }
        // A record that moved has left a gap behind.
        var position = head - UInt64(behind)
        while try read(after: position).reduce(0, { $0 + $1.records.count }) < behind {
            position -= 1
        }
        return Bookmark(area: area, position: Position(rawValue: position))
    }

    /// How long each poll waited, in milliseconds from the moment at which it was due.
    private static func waits(
        _ requests: [[UInt8]],
        _ connections: Int,
        _ port: Int,
        rounds: Int,
        spread: Double
    ) async throws -> [Double] {
        let all = try await inThreads(connections) { index, ready in
            let wire = try Wire(port: port)
            let request = requests[index % requests.count]
            ready()
            let start = ContinuousClock.now
            var waits: [Double] = []
            for round in 0..<rounds {
                let offset = Double(round) + spread * Double(index) / Double(connections)
                let due = start + .seconds(offset)
                let left = (due - .now) / .microseconds(1)
                if left > 0 { usleep(UInt32(left)) }
                let answer = try wire.exchange(request)
                guard answer.status == 200 else { throw BenchError("poll: \(answer.status)") }
                waits.append((ContinuousClock.now - due) / .milliseconds(1))
            }
            return waits
        }
        return all.results.flatMap(\.self)
    }
}

extension [Double] {
    var median: Double {
        guard !isEmpty else { return 0 }
        let sorted = sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2)
            ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}

extension Array where Element == UInt8 {
    func firstRange(of needle: [UInt8]) -> Range<Int>? {
        guard count >= needle.count else { return nil }
        for start in 0...(count - needle.count)
        where Array(self[start..<start + needle.count]) == needle {
            return start..<start + needle.count
        }
        return nil
    }
}
