internal import ArgumentParser
internal import Foundation

/// Measures the daemon as it will run: `make bench`, `make bench-quick`.
@main
struct ResidenceBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(subcommands: [Events.self])

    @Option(help: "The folder of the programs, from a release build.")
    var programs = ".build/release"

    @Option(help: "The C program that writes the same rows.")
    var baseline = ".build/bench/baseline"

    @Option(help: "Where to work: a fresh folder, some gigabytes.")
    var work = ".build/bench/work"

    @Option(help: "Where results.json, results.svg and results.md go.")
    var out = ".build/bench"

    @Option(help: "What was built.")
    var commit = ""

    @Option(help: "How many records.")
    var records: Int?

    @Option(help: "How many rounds of each order of ids.")
    var rounds: Int?

    @Flag(help: "Two minutes, with spreads to match.")
    var quick = false

    @Option(
        parsing: .singleValue,
        help: "A peer that runs beside: NAME:PORT:PROCESS[,PROCESS…], as peers.sh starts them."
    )
    var peer: [String] = []

    @Flag(help: "The parts alone.")
    var microOnly = false

    @Option(
        help: "A PostgreSQL, postgres://…, with an empty schema: measures the evening on it alone."
    )
    var store: String?

    @Option(help: "How many daemons serve it.")
    var daemons = 1

    @Option(help: "The process of the PostgreSQL, whose processor time is counted.")
    var postmaster: Int32 = 0

    @Option(parsing: .upToNextOption, help: "What a sync costs at these numbers of records alone.")
    var growth: [Int] = []

    @Option(help: "An area of so many people alone, taken home over a slow link.")
    var bootstrap: Int?

    @Option(help: "The evening of so many devices alone.")
    var evening: Int?

    func run() async throws {
        if !growth.isEmpty {
            let growth = Growth(
                programs: URL(fileURLWithPath: programs),
                folder: URL(fileURLWithPath: work),
                out: URL(fileURLWithPath: out),
                sizes: growth
            )
            return try await growth.run()
        }
        if let bootstrap {
            let bootstrap = Bootstrap(
                programs: URL(fileURLWithPath: programs),
                folder: URL(fileURLWithPath: work),
                out: URL(fileURLWithPath: out),
                records: bootstrap
            )
            return try await bootstrap.run()
        }
        if let evening {
            let homecoming = Homecoming(
                programs: URL(fileURLWithPath: programs),
                folder: URL(fileURLWithPath: work),
                store: store ?? "",
                devices: evening
            )
            return try await homecoming.run()
        }
        if let store {
            let evening = Evening(
                programs: URL(fileURLWithPath: programs),
                folder: URL(fileURLWithPath: work),
                store: store,
                daemons: daemons,
                postmaster: postmaster,
                records: records ?? 40_000
            )
            return try await evening.run()
        }
        var report = Report()
        report.commit = commit
        report.isQuick = quick
        report.records = records ?? (quick ? 24_000 : 100_000)
        if !microOnly {
            Terminal.out(Report.header)
            try await measure(into: &report)
        }
        report.micro = try await Micro.run()
        for result in report.micro {
            Terminal.out(
                "\(result.name): \(Report.text(result.nanoseconds / 1000)) µs"
                    + " (slowest ÷ fastest \(Report.text(result.spread)))"
            )
        }
        try report.write(to: URL(fileURLWithPath: out))
    }

    private func measure(into report: inout Report) async throws {
        let folder = URL(fileURLWithPath: work)
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var all = Measured()
        for order in Corpus.Order.allCases {
            var measured = Measured()
            let corpus = Corpus(count: report.records, order: order)
            let records = folder.appendingPathComponent("\(order.rawValue).bin")
            try corpus.write(forBaseline: records)
            let limit = Baseline(
                program: URL(fileURLWithPath: baseline),
                folder: folder,
                records: records
            )
            for number in 0..<(rounds ?? (quick ? 2 : 3)) {
                // The limit is measured between the rounds: whatever else the machine does meets both.
                measured.limits.append(try limit.run(rows: 50))
                measured.whole.append(try limit.run(rows: 50, withHistory: true))
                let round = Round(
                    daemon: try Daemon(
                        programs: URL(fileURLWithPath: programs),
                        in: folder.appendingPathComponent("server")
                    ),
                    corpus: corpus,
                    order: order
                )
                try await measured.take(round, isLast: number == 0 && order == .random, folder)
                round.daemon.stop()
            }
            measured.limits.append(try limit.run(rows: 50))
            measured.report(order, into: &report)
            all.join(measured)
        }
        all.reportCommon(into: &report)
        try await measurePeers(into: &report)
        let sample = Corpus(count: 2_000, order: .random)
        report.notes.append(
            "bytes a record in a batch of …, without and with the dictionary: "
                + Measured.packing(of: sample)
        )
        for note in report.notes { Terminal.out(note) }
    }

    /// The peers that are there, on records of random ids; which are not is told.
    private func measurePeers(into report: inout Report) async throws {
        let corpus = Corpus(count: report.records, order: .random)
        let folder = URL(fileURLWithPath: work)
        let limit = Baseline(
            program: URL(fileURLWithPath: baseline),
            folder: folder,
            records: folder.appendingPathComponent("\(Corpus.Order.random.rawValue).bin")
        )
        for description in peer {
            try await Peers.measure(
                Peers.peer(description),
                corpus,
                rounds: rounds ?? (quick ? 1 : 3),
                limit: limit,
                into: &report
            )
        }
        let missing = ["couchdb", "kinto", "pocketbase"].filter { name in
            !peer.contains { $0.hasPrefix(name + ":") }
        }
        if !missing.isEmpty {
            report.notes.append("not run beside it: \(missing.joined(separator: ", "))")
        }
    }
}
