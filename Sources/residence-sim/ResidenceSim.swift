internal import ArgumentParser
internal import Foundation
internal import Simulator
internal import SyncProtocol
internal import Terminal

/// `residence-sim`: worlds made from seeds, with an oracle that judges each.
@main
struct ResidenceSim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "residence-sim",
        abstract: say("模拟与检验", "The simulator, and its oracle on real data."),
        subcommands: [Simulate.self, Inspect.self],
        defaultSubcommand: Simulate.self
    )

    static func main() async {
        DeterministicHashing.begin()
        await main(nil)
    }
}

/// `residence-sim [simulate]`: runs worlds.
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say(
            "模拟：多台设备、一台服务器、恶劣天气",
            "Simulates many handhelds, one server and bad weather."
        ),
        discussion: say(
            "同一种子、同一版本，过程逐字节相同。有不符之处时退出码为 1，并给出最短的重现过程。",
            """
            The same seed and the same version: the same run, byte for byte. Exit code 1 where something is not as \
            it must be; then the shortest run that still fails is found and told.
            """
        )
    )

    @Option(help: ArgumentHelp(say("一个种子", "One seed."), valueName: "N"))
    var seed: UInt64?

    @Option(
        help: ArgumentHelp(
            say("一段种子，如 1..100", "Seeds from the first to the last."),
            valueName: "A..B"
        )
    )
    var seeds: String?

    @Option(help: ArgumentHelp(say("设备数", "Handhelds in each world."), valueName: "N"))
    var devices = 6

    @Option(help: ArgumentHelp(say("天数", "Days in each world."), valueName: "N"))
    var days = 10

    @Option(
        help: ArgumentHelp(
            say(
                "天气：fair、drizzle、rain、storm、flood、copies、winters、detours",
                "fair, drizzle, rain, storm, flood, copies, winters or detours."
            ),
            valueName: "NAME"
        )
    )
    var weather = "storm"

    @Option(
        help: ArgumentHelp(
            say("打开一个植入的错误，看是否被发现", "Switch a planted bug on, to see that it is found."),
            valueName: "BUG"
        )
    )
    var bug: String?

    @Option(
        help: ArgumentHelp(
            say(
                "服务器的数据放在 PostgreSQL 中；不模拟服务器磁盘的故障",
                "Keep the server's data in PostgreSQL; nothing strikes its disk then."
            ),
            valueName: "URL"
        )
    )
    var store: String?

    @Option(
        help: ArgumentHelp(
            say("最多用时（秒）", "Begin no world after so many seconds."),
            valueName: "SECONDS"
        )
    )
    var seconds: Double?

    @Option(
        help: ArgumentHelp(
            say("同时模拟几个世界，缺省为处理器数", "Worlds side by side; as many as processors by default."),
            valueName: "N"
        )
    )
    var jobs = ProcessInfo.processInfo.activeProcessorCount

    @Flag(help: ArgumentHelp(say("不缩短，直接给出结果", "Tell what failed as it is, without shrinking.")))
    var noShrink = false

    @Flag(help: ArgumentHelp(say("讲述整个过程", "Tell everything that happens in the last world.")))
    var story = false

    @Flag(name: .long, help: ArgumentHelp(say("以 JSON 输出", "Print JSON.")))
    var json = false

    @Option(name: .long, help: ArgumentHelp(say("语言：zh 或 en", "The language: zh or en.")))
    var lang: Language?

    func run() async throws {
        let wanted: (seeds: ClosedRange<UInt64>, pattern: Plan)
        do {
            wanted = try (range(), pattern())
        } catch let error as SyncError {
            throw Console.report(error, asJSON: json, isUsage: true)
        }
        do {
            try await simulate(wanted.pattern, wanted.seeds)
        } catch let error as SyncError {
            throw Console.report(error, asJSON: json)
        }
    }

    private func simulate(_ pattern: Plan, _ seeds: ClosedRange<UInt64>) async throws {
        let bar = ProgressBar(say("模拟", "simulate"), isQuiet: json || seeds.count < 2)
        let clock = ContinuousClock()
        let began = clock.now
        var summary = Summary()
        let isTimeLeft = { seconds.map { (clock.now - began) / .seconds(1) <= $0 } ?? true }
        let failed = try await Worlds(pattern: pattern, seeds: seeds, jobs: jobs)
            .run(while: isTimeLeft) { report in
                summary.add(report)
                let done = Double(summary.runs) / Double(seeds.count)
                let elapsed = (clock.now - began) / .seconds(1)
                bar.show(
                    seconds.map { max(done, elapsed / $0) } ?? done,
                    say("种子 \(report.seed)", "seed \(report.seed)")
                )
            }
        bar.finish()
        summary.seconds = (clock.now - began) / .seconds(1)
        // Nothing was judged: that is no success.
        guard summary.runs > 0 else { throw SyncError.noWorld(within: seconds ?? 0) }
        guard let failed, let last = summary.last else {
            if story, !json { for line in summary.last?.story ?? [] { Console.out(line) } }
            return try show(summary)
        }
        guard !noShrink else {
            try show(summary, last)
            throw ExitCode(1)
        }
        let shrunk = try await Simulation.shrink(
            failed,
            events: last.events,
            breaking: Set(last.verdicts.map(\.invariant))
        ) { left in
            if !json { Console.note(say("缩短：\(left) 步", "shrinking: \(left) events left")) }
        }
        try show(summary, shrunk)
        throw ExitCode(1)
    }
}
