internal import Foundation
internal import SyncProtocol

/// What the rounds of one order of ids gave.
struct Measured {
    var limits: [Baseline.Run] = []
    var whole: [Baseline.Run] = []
    private var pushes: [Round.Push] = []
    private var returning: [Round.Push] = []
    private var updates: [Round.Push] = []
    private var readings: [Round.Reading] = []
    private var applied: [Round.Applying] = []
    private var news: [Round.Polling] = []
    private var quiet: [Round.Polling] = []
    private var disk: [Double] = []
    private var wire: [Double] = []

    /// Runs a round through; the first one also tries what need not be repeated.
    mutating func take(_ round: Round, isLast: Bool, _ folder: URL) async throws {
        let count = Double(round.corpus.entries.count)
        var devices = try await round.enrol()
        pushes.append(try await round.pushNew(&devices, returning: false))
        // Before anything is edited: one change, and its payload, for each record.
        disk.append(Double(Meter.disk(round.daemon.folder)) / count)
        readings.append(
            try await round.readEverything(by: round.daemon.enrol("reads", areas: ["3309"]))
        )
        updates.append(try await round.pushUpdates(&devices))
        guard isLast else { return }
        wire.append(Self.share(of: round.corpus))
        for _ in 0..<2 {
            let device = folder.appendingPathComponent("device")
            applied.append(try await round.applyEverything(in: device, areas: ["3309"]))
        }
        var pollers: [DrivenDevice] = []
        for index in 0..<40 {
            let area = Corpus.areas[index % Round.devices]
            pollers.append(try await round.daemon.enrol("poller-\(index)", areas: [area]))
        }
        for _ in 0..<3 {
            news.append(try await round.poll(pollers, behind: 20, seconds: 3))
        }
        quiet.append(try await round.poll(pollers, behind: 0, seconds: 3))
        try await pushReturning(round, folder)
    }

    /// On a daemon of its own, devices that each hold one area and read what they gave.
    private mutating func pushReturning(_ round: Round, _ folder: URL) async throws {
        for _ in 0..<2 {
            let other = Round(
                daemon: try Daemon(programs: round.daemon.programs, in: round.daemon.beside),
                corpus: round.corpus,
                order: round.order
            )
            var devices: [DrivenDevice] = []
            for area in Corpus.areas {
                devices.append(try await other.daemon.enrol("returns", areas: [area]))
            }
            returning.append(try await other.pushNew(&devices, returning: true))
            other.daemon.stop()
        }
    }

    /// Twenty new records as a body, against the same as JSON; the mean of a hundred batches.
    private static func share(of corpus: Corpus) -> Double {
        var packed = 0
        var json = 0
        for entries in corpus.entries.prefix(2_000).map(\.self).chunks(of: 20) {
            var device = DrivenDevice.unenrolled
            let request = device.request(entries.map { Round.creation($0, 1) })
            packed += Requests.packed(request.encoded).count
            json += entries.reduce(0) { $0 + $1.json.count }
        }
        return Double(packed) / Double(json)
    }

    /// Bytes a record in batches of several sizes, without the dictionary and with it.
    static func packing(of corpus: Corpus) -> String {
        [1, 5, 20, 50, 500].map { size in
            var (without, with) = (0, 0)
            let batches = corpus.entries.prefix(2_000).map(\.self).chunks(of: size)
            for entries in batches {
                var device = DrivenDevice.unenrolled
                let body = device.request(entries.map { Round.creation($0, 1) }).encoded
                without += Zlib.pack(body, as: .deflate).count
                with += Zlib.pack(body, as: .deflate, with: .latest).count
            }
            let records = batches.reduce(0) { $0 + $1.count }
            return "\(size): \(without / records) and \(with / records)"
        }.joined(separator: "; ")
    }

    mutating func join(_ other: Measured) {
        pushes += other.pushes
        returning += other.returning
        updates += other.updates
        readings += other.readings
        applied += other.applied
        news += other.news
        quiet += other.quiet
        disk += other.disk
        wire += other.wire
        limits += other.limits
        whole += other.whole
    }

    func report(_ order: Corpus.Order, into report: inout Report) {
        let ids = order == .random ? "random ids" : "time-ordered ids"
        let limit = limits.map(\.push).median
        report.add(
            "push new records, \(ids)",
            "records/s",
            pushes.map(\.perSecond),
            limit: limit,
            share: 0.5
        )
        if !returning.isEmpty {
            report.add(
                "the same, own records coming back",
                "records/s",
                returning.map(\.perSecond),
                limit: limit
            )
        }
        report.add(
            "push updates, 10 % in conflict, \(ids)",
            "changes/s",
            updates.map(\.perSecond),
            limit: limits.map(\.update).median,
            share: 0.3
        )
        report.add(
            "a new device reads everything, \(ids)",
            "records/s",
            readings.map(\.perSecond),
            limit: limits.map(\.pull).median,
            aim: "≥ 100,000/s"
        )
        report.notes.append(
            "\(ids): push \(Self.shares(pushes)); updates \(Self.shares(updates)); outcomes"
                + " \(Self.text(pushes.last)) and \(Self.text(updates.last))"
        )
    }

    func reportCommon(into report: inout Report) {
        report.add(
            "applied on a device, real client",
            "records/s",
            applied.map(\.perSecond),
            aim: "≥ 40,000/s"
        )
        report.add(
            "wire, up, a batch of 20, of the same as JSON",
            "",
            wire,
            aim: "≤ 0.22"
        )
        report.add(
            "a sync that brings 20 records, heads and all",
            "bytes",
            news.map { Double($0.bytes) },
            aim: "≤ 2,800"
        )
        report.add("… median at 200/s", "ms", news.map(\.medianMilliseconds), aim: "≤ 1.5")
        report.add("… 99th percentile at 200/s", "ms", news.map(\.p99Milliseconds))
        report.add(
            "… daemon's processor time",
            "ms",
            news.map(\.daemonMillisecondsPerPoll),
            aim: "≤ 1"
        )
        report.add("… a burst of 200, done in", "ms", news.map(\.burstMilliseconds), aim: "≤ 150")
        report.add("… a burst of 200, median wait", "ms", news.map(\.burstMedianMilliseconds))
        report.add(
            "a sync with nothing new, bodies both ways",
            "bytes",
            quiet.map { Double($0.bodyBytes) },
            aim: "≤ 300"
        )
        report.add("… heads and all", "bytes", quiet.map { Double($0.bytes) })
        report.add("… median at 200/s", "ms", quiet.map(\.medianMilliseconds))
        report.add(
            "reading everything, on the wire",
            "bytes/record",
            readings.map(\.bytesPerRecord)
        )
        report.add(
            "disk, a record with its history",
            "bytes",
            disk,
            limit: whole.map(\.bytesPerRecord).median,
            aim: "≤ 700"
        )
        report.add(
            "daemon's memory at its peak",
            "MiB",
            (pushes + updates).map(\.usage.peakMebibytes) + readings.map(\.usage.peakMebibytes),
            aim: "≤ 150"
        )
    }

    private static func shares(_ pushes: [Round.Push]) -> String {
        let sum = { (path: KeyPath<Usage, Double>) in
            Report.text(pushes.map { $0.usage[keyPath: path] }.median)
        }
        return "daemon \(sum(\.daemonSeconds)) s, driver \(sum(\.driverSeconds)) s,"
            + " others \(sum(\.otherSeconds)) s of processor time,"
            + " peak \(sum(\.peakMebibytes)) MiB"
    }

    private static func text(_ push: Round.Push?) -> String {
        (push?.outcomes ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            .joined(separator: ", ")
    }
}
