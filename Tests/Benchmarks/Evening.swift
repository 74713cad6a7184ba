internal import Foundation
internal import SyncProtocol

/// The evening on PostgreSQL: several daemons on one database, and devices that come home.
///
/// First each of eight devices pushes new records in batches of 50, as in the other benchmarks. Then thirty-two
/// devices, four to an area, sync one after another: 20 new records up, and down what the colleagues brought.
struct Evening {
    let programs: URL
    let folder: URL
    let store: String
    let daemons: Int
    let postmaster: Int32
    let records: Int

    private static let devices = 32
    private static let changes = 20

    func run() async throws {
        let all = try (0..<daemons).map { number in
            try Daemon(
                programs: programs,
                in: folder.appendingPathComponent("daemon-\(number)"),
                store: store
            )
        }
        defer { for daemon in all { daemon.stop() } }
        try await push(all)
        try await sync(all)
    }

    private func push(_ all: [Daemon]) async throws {
        let round = Round(
            daemon: all[0],
            others: Array(all.dropFirst()),
            corpus: Corpus(count: records, order: .random),
            order: .random
        )
        var devices = try await round.enrol()
        let before = seconds(of: all)
        let pushed = try await round.pushNew(&devices, returning: false)
        let used = seconds(of: all) - before
        Terminal.out(
            "\(daemons) daemons: push \(Report.text(pushed.perSecond)) records/s;"
                + " a record: daemons \(micro(used.daemons)) µs, database \(micro(used.database)) µs"
        )
    }

    private func micro(_ seconds: Double) -> String {
        Report.text(seconds * 1e6 / Double(records))
    }

    private func sync(_ all: [Daemon]) async throws {
        let corpus = Corpus(count: records, order: .random, seed: 20_260_802)
        var (devices, tokens) = ([DrivenDevice](), [String]())
        for index in 0..<Self.devices {
            let area = Corpus.areas[index % Corpus.areas.count]
            devices.append(try await all[index % all.count].enrol("home-\(index)", areas: [area]))
            tokens.append(try await devices[index].token())
        }
        let work = (devices, tokens, all.map(\.port))
        let entries = (0..<Self.devices).map { index in
            let mine = corpus.entries.filter { $0.area == index % Corpus.areas.count }
            let share = mine.count / (Self.devices / Corpus.areas.count)
            let first = index / Corpus.areas.count * share
            return Array(mine[first..<first + share]).chunks(of: Self.changes)
        }
        let heads = try await Self.heads(of: devices, tokens, all[0].port)
        let before = seconds(of: all)
        let (waits, took) = try await inThreads(Self.devices) { index, ready in
            let wire = try Wire(port: work.2[index % work.2.count])
            var device = work.0[index]
            var bookmarks = heads[index]
            var waits: [Wait] = []
            ready()
            for entries in entries[index] {
                var request = device.request(entries.map { Round.creation($0, device.grant) })
                request.bookmarks = bookmarks
                let body = Requests.post("/v1/sync", request.encoded, token: work.1[index])
                let began = ContinuousClock.now
                let answer = try wire.exchange(body)
                let milliseconds = (ContinuousClock.now - began) / .milliseconds(1)
                guard answer.status == 200 else { throw BenchError("a sync: \(answer.status)") }
                let pages = try answer.response().pages
                bookmarks = pages.reduce(into: bookmarks) { known, page in
                    known.removeAll { $0.area == page.area }
                    known.append(
                        Bookmark(area: page.area, position: page.position, floor: page.floor)
                    )
                }
                waits.append(
                    Wait(
                        milliseconds: milliseconds,
                        received: pages.reduce(0) { $0 + $1.records.count },
                        bytes: body.count + answer.head + answer.body.count
                    )
                )
            }
            return waits
        }
        tell(waits.flatMap(\.self), took, seconds(of: all) - before)
    }

    private struct Wait {
        let milliseconds: Double
        let received: Int
        let bytes: Int
    }

    private func tell(_ waits: [Wait], _ took: Double, _ used: Used) {
        let sorted = waits.map(\.milliseconds).sorted()
        let syncs = Double(max(1, waits.count))
        let received = Double(waits.reduce(0) { $0 + $1.received }) / syncs
        Terminal.out(
            """
            \(daemons) daemons: evening \(Report.text(syncs / took)) syncs/s, each \(Self.changes) up and \
            \(Report.text(received)) down, \(Report.text(Double(waits.reduce(0) { $0 + $1.bytes }) / syncs)) bytes; \
            median \(Report.text(sorted.median)) ms, 99th \(Report.text(sorted[sorted.count * 99 / 100])) ms; \
            a sync: daemons \(Report.text(used.daemons * 1000 / syncs)) ms, database \
            \(Report.text(used.database * 1000 / syncs)) ms of processor time; driver and others \
            \(Report.text(used.others)) s in \(Report.text(took)) s
            """
        )
    }

    /// Where each area stands: who comes home in the evening read it in the morning.
    private static func heads(
        of devices: [DrivenDevice],
        _ tokens: [String],
        _ port: Int
    ) async throws -> [[Bookmark]] {
        let wire = try Wire(port: port)
        return try zip(devices, tokens).map { device, token in
            var device = device
            var bookmarks: [Bookmark] = []
            var hasMore = true
            while hasMore {
                var request = device.request([])
                request.bookmarks = bookmarks
                let answer = try wire.exchange(
                    Requests.post("/v1/sync", request.encoded, token: token)
                )
                let response = try answer.response()
                hasMore = response.hasMore
                for page in response.pages {
                    bookmarks.removeAll { $0.area == page.area }
                    bookmarks.append(
                        Bookmark(area: page.area, position: page.position, floor: page.floor)
                    )
                }
            }
            return bookmarks
        }
    }

    // MARK: - Processor time

    private struct Used {
        var daemons = 0.0
        var database = 0.0
        var others = 0.0

        static func - (after: Used, before: Used) -> Used {
            Used(
                daemons: after.daemons - before.daemons,
                database: after.database - before.database,
                others: after.others - before.others
            )
        }
    }

    private func seconds(of all: [Daemon]) -> Used {
        let daemons = all.reduce(0) { $0 + $1.meter.processorSeconds }
        let database = Meter(families: [postmaster]).processorSeconds
        return Used(
            daemons: daemons,
            database: database,
            others: Meter.machineSeconds - daemons - database
        )
    }
}
