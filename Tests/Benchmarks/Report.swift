internal import Foundation

/// What was measured, as a table, as JSON and as a plot.
struct Report: Codable {
    /// One figure: the median of several runs, and how far they lie apart.
    struct Figure: Codable {
        var name: String
        var unit: String
        var runs: [Double]
        /// The limit of the same session, where there is one: its own median.
        var limit: Double?
        /// What the project aims at.
        var aim: String?
        /// What the project aims at as a share of the limit.
        var share: Double?

        var median: Double { runs.median }
        var low: Double { runs.min() ?? 0 }
        var high: Double { runs.max() ?? 0 }
        var ratio: Double? { limit.map { median / $0 } }
    }

    var machine = Machine()
    var commit = ""
    var records = 0
    var isQuick = false
    var figures: [Figure] = []
    var notes: [String] = []
    var micro: [Micro.Result] = []

    /// What it ran on.
    struct Machine: Codable {
        var processor = ""
        var processors = ProcessInfo.processInfo.activeProcessorCount
        var memoryGibibytes = Double(ProcessInfo.processInfo.physicalMemory) / Double(1 << 30)
        var kernel = ""

        init() {
            let model = Meter.read("/proc/cpuinfo").split(separator: "\n")
                .first { $0.hasPrefix("model name") }
            processor =
                model?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces) ?? "?"
            kernel = Meter.read("/proc/sys/kernel/osrelease").trimmingCharacters(in: .newlines)
        }
    }

    mutating func add(
        _ name: String,
        _ unit: String,
        _ runs: [Double],
        limit: Double? = nil,
        share: Double? = nil,
        aim: String? = nil
    ) {
        let figure = Figure(
            name: name,
            unit: unit,
            runs: runs,
            limit: limit,
            aim: aim ?? share.map { "≥ \(Self.text($0)) of the limit" },
            share: share
        )
        figures.append(figure)
        Terminal.out(Self.row(figure))
    }

    // MARK: - Text

    static let header = """
        | what | median | lowest … highest | of the limit | aim |
        |---|---|---|---|---|
        """

    static func row(_ figure: Figure) -> String {
        let spread = "\(text(figure.low)) … \(text(figure.high))"
        let ratio = figure.ratio.map { "\(text($0)) of \(text(figure.limit ?? 0))" } ?? ""
        return "| \(figure.name) | \(text(figure.median)) \(figure.unit) | \(spread) | \(ratio)"
            + " | \(figure.aim ?? "") |"
    }

    /// A figure with three digits that count.
    static func text(_ value: Double) -> String {
        let size = abs(value)
        if size >= 1000 {
            return Int(value.rounded()).formatted(.number.grouping(.automatic))
        }
        return String(format: size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : "%.2f", value)
    }

    var markdown: String {
        let machine =
            "\(machine.processors) × \(machine.processor), "
            + "\(Self.text(machine.memoryGibibytes)) GiB, Linux \(machine.kernel)"
        let micro = self.micro.map {
            "| \($0.name) | \(Self.text($0.nanoseconds / 1000)) µs | \(Self.text($0.spread)) |"
        }
        let title = isQuick ? "A quick run" : "The last full run"
        let lines =
            [
                "# \(title)", "",
                "\(SystemClock.day), commit `\(commit)`, \(records.formatted()) records; \(machine).",
                "", Self.header,
            ] + figures.map(Self.row)
            + ["", "The driver and the daemon share the machine:", ""]
            + notes.map { "- \($0)" }
            + ["", "| part | one | slowest ÷ fastest run |", "|---|---|---|"] + micro
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: - Plot

    /// The shares of the limit as bars, with a mark where the project aims.
    var plot: String {
        let bars = figures.compactMap { figure in figure.ratio.map { (figure, $0) } }
        let widest = max(1, bars.map(\.1).max() ?? 1)
        let rows = bars.enumerated().map { index, bar in
            let y = 40 + index * 34
            let scale = 360 / widest
            let aim = bar.0.share.map { share in
                """
                <line x1="\(310 + share * scale)" x2="\(310 + share * scale)" y1="\(y - 4)" \
                y2="\(y + 22)" stroke="#b33" stroke-width="2"/>
                """
            }
            return """
                <text x="300" y="\(y + 13)" text-anchor="end">\(bar.0.name)</text>
                <rect x="310" y="\(y)" width="\(bar.1 * scale)" height="18" fill="#47a"/>
                <text x="\(316 + bar.1 * scale)" y="\(y + 13)">\(Self.text(bar.1))</text>
                \(aim ?? "")
                """
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="760" height="\(60 + bars.count * 34)" \
            font-family="sans-serif" font-size="12">
            <text x="10" y="20" font-size="14">Share of what a bare C program does in the same session \
            (red: the aim)</text>
            \(rows.joined(separator: "\n"))
            </svg>

            """
    }

    func write(to folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(self).write(to: folder.appendingPathComponent("results.json"))
        try Data(plot.utf8).write(to: folder.appendingPathComponent("results.svg"))
        try Data(markdown.utf8).write(to: folder.appendingPathComponent("results.md"))
    }
}

/// What the program says.
enum Terminal {
    static func out(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
