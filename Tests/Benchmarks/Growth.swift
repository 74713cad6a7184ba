internal import Foundation
internal import SyncProtocol

/// What a sync costs as the database grows: `make growth`.
///
/// A device of the whole city fills villages of a thousand people each. At each size four hundred syncs take 20 new
/// records, and four hundred others bring 20, in the first two villages.
struct Growth {
    let programs: URL
    let folder: URL
    let out: URL
    let sizes: [Int]

    private static let village = 1_000
    private static let syncs = 400

    /// What one kind of sync cost at one size.
    struct Cost: Codable {
        var processorMilliseconds: Double
        var medianMilliseconds: Double
    }

    struct Point: Codable {
        var records: Int
        var reading: Cost
        var writing: Cost
        var diskBytesPerRecord: Int
        /// What `/metrics` costs whoever asks every few seconds, as Prometheus does.
        var metrics: Cost
        /// What a page of a village's people costs a department that lists them.
        var listing: Cost
    }

    func run() async throws {
        let daemon = try Daemon(programs: programs, in: folder.appendingPathComponent("growth"))
        defer { daemon.stop() }
        var filler = try await daemon.enrol("filler", areas: ["3309"])
        let areas = Corpus.villages((sizes.max() ?? 0) / Self.village + 2)
        var (filled, points) = (0, [Point]())
        Terminal.out(
            "| records | a sync that reads 20 | a sync that brings 20 | disk, a record | /metrics | a page of a list |"
        )
        Terminal.out("|---|---|---|---|---|---|")
        for (number, size) in sizes.sorted().enumerated() {
            try await fill(&filled, to: size, areas, &filler, daemon)
            let reading = try await read(areas[0], number, daemon)
            let writing = try await write(areas[1], number, daemon)
            let disk = Meter.disk(daemon.folder) / size
            let metrics = try await metrics(daemon)
            let point = Point(
                records: size,
                reading: reading,
                writing: writing,
                diskBytesPerRecord: disk,
                metrics: metrics,
                listing: try await listing(areas[0], number, daemon)
            )
            points.append(point)
            Terminal.out(Self.row(point))
        }
        try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(points).write(to: out.appendingPathComponent("growth.json"))
        try Data(Self.plot(points).utf8).write(to: out.appendingPathComponent("growth.svg"))
    }

    private func fill(
        _ filled: inout Int,
        to size: Int,
        _ areas: [String],
        _ filler: inout DrivenDevice,
        _ daemon: Daemon
    ) async throws {
        let wire = try Wire(port: daemon.port)
        while filled < size {
            let area = areas[filled / Self.village]
            let people = Corpus.people(250, in: area, seed: UInt64(filled) << 16)
            try await send(people, by: &filler, wire)
            filled += people.count
        }
    }

    private func send(
        _ people: [Corpus.Entry],
        by device: inout DrivenDevice,
        _ wire: Wire
    ) async throws {
        var request = device.request(people.map { [device] in Round.creation($0, device.grant) })
        request.budget = 1
        let token = try await device.token()
        let body = Requests.post("/v1/sync", request.encoded, token: token)
        let answer = try wire.exchange(body)
        guard answer.status == 200 else { throw BenchError("a batch: \(answer.status)") }
    }

    /// Syncs of a device that has not read the last twenty records of a village.
    private func read(_ area: String, _ number: Int, _ daemon: Daemon) async throws -> Cost {
        var device = try await daemon.enrol("reader-\(number)", areas: [area])
        var request = device.request([])
        guard let code = AreaCode(area) else { throw BenchError("\(area) is no area") }
        let position = Position(rawValue: UInt64(Self.village - 20))
        request.bookmarks = [Bookmark(area: code, position: position)]
        let token = try await device.token()
        let body = Requests.post("/v1/sync", request.encoded, token: token)
        let wire = try Wire(port: daemon.port)
        let brought = try wire.exchange(body).response().pages.reduce(0) { $0 + $1.records.count }
        guard brought == 20 else { throw BenchError("\(brought) records came, not 20") }
        let bodies = [[UInt8]](repeating: body, count: Self.syncs)
        return try await cost(of: bodies, wire, daemon)
    }

    /// Syncs that bring twenty new records each.
    private func write(_ area: String, _ number: Int, _ daemon: Daemon) async throws -> Cost {
        var device = try await daemon.enrol("writer-\(number)", areas: [area])
        let token = try await device.token()
        let bodies = (0..<Self.syncs).map { index in
            let seed = UInt64(number + 1) << 40 | UInt64(index) << 16
            let people = Corpus.people(20, in: area, seed: seed)
            var request = device.request(
                people.map { [device] in Round.creation($0, device.grant) }
            )
            request.budget = 1
            return Requests.post("/v1/sync", request.encoded, token: token)
        }
        return try await cost(of: bodies, Wire(port: daemon.port), daemon)
    }

    /// Twenty looks at the metrics, one after the other.
    private func metrics(_ daemon: Daemon) async throws -> Cost {
        let request = Array("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8)
        let wire = try Wire(port: daemon.port)
        return try await cost(of: [[UInt8]](repeating: request, count: 20), wire, daemon)
    }

    /// Twenty looks at the first hundred people of a village, one after the other.
    private func listing(_ area: String, _ number: Int, _ daemon: Daemon) async throws -> Cost {
        let device = try await daemon.enrol("lister-\(number)", areas: [area])
        let head = """
            GET /v1/records?type=Person&area=\(area)&limit=100 HTTP/1.1\r
            Host: 127.0.0.1\r
            Authorization: Bearer \(try await device.token())\r
            \r

            """
        let wire = try Wire(port: daemon.port)
        return try await cost(of: [[UInt8]](repeating: Array(head.utf8), count: 20), wire, daemon)
    }

    private func cost(of bodies: [[UInt8]], _ wire: Wire, _ daemon: Daemon) async throws -> Cost {
        let before = daemon.meter.processorSeconds
        let waits = try bodies.map { body in
            let began = ContinuousClock.now
            let answer = try wire.exchange(body)
            guard answer.status == 200 else { throw BenchError("a request: \(answer.status)") }
            return (ContinuousClock.now - began) / .milliseconds(1)
        }
        let used = daemon.meter.processorSeconds - before
        return Cost(
            processorMilliseconds: used * 1000 / Double(bodies.count),
            medianMilliseconds: waits.median
        )
    }

    // MARK: - Text and plot

    private static func row(_ point: Point) -> String {
        func text(_ cost: Cost) -> String {
            "\(Report.text(cost.processorMilliseconds)) ms of processor time,"
                + " \(Report.text(cost.medianMilliseconds)) ms in the median"
        }
        return "| \(point.records.formatted()) | \(text(point.reading)) | \(text(point.writing))"
            + " | \(point.diskBytesPerRecord) bytes | \(text(point.metrics))"
            + " | \(text(point.listing)) |"
    }

    /// Processor time of a sync over the number of records, which grows by powers of ten to the right.
    static func plot(_ points: [Point]) -> String {
        let highest = max(
            0.1,
            points.flatMap { [$0.reading, $0.writing] }.map(\.processorMilliseconds).max() ?? 1
        )
        func place(_ index: Int, _ cost: Cost) -> (x: Int, y: Int) {
            (80 + index * 160, 260 - Int(cost.processorMilliseconds / highest * 200))
        }
        func line(_ costs: [Cost], _ colour: String) -> String {
            let places = costs.enumerated().map { place($0.offset, $0.element) }
            let path = places.map { "\($0.x),\($0.y)" }.joined(separator: " ")
            let labels = zip(places, costs).map { place, cost in
                """
                <circle cx="\(place.x)" cy="\(place.y)" r="3" fill="\(colour)"/>
                <text x="\(place.x + 6)" y="\(place.y - 6)">\(Report.text(cost.processorMilliseconds))</text>
                """
            }
            return """
                <polyline points="\(path)" fill="none" stroke="\(colour)" stroke-width="2"/>
                \(labels.joined(separator: "\n"))
                """
        }
        let names = points.enumerated().map { index, point in
            """
            <text x="\(80 + index * 160)" y="285" text-anchor="middle">\(point.records.formatted())</text>
            """
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(160 + points.count * 160)" height="300" \
            font-family="sans-serif" font-size="12">
            <text x="10" y="20" font-size="14">Processor time of a sync in ms, by the records in the database \
            (blue reads 20, red brings 20)</text>
            \(line(points.map(\.reading), "#47a"))
            \(line(points.map(\.writing), "#b33"))
            \(names.joined(separator: "\n"))
            </svg>

            """
    }
}
