internal import ArgumentParser
internal import Foundation
internal import Simulator
internal import SyncProtocol
internal import Terminal

/// `residence-sim inspect`: the oracle's judgement on real data folders.
struct Inspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say(
            "检验真实的数据文件夹",
            "Judges a server's data folder and its devices'; exit code 1 on a flaw."
        ),
        discussion: say(
            "先让各设备同步到没有新内容，再停止服务与设备。",
            "Have every device sync until nothing is new, then stop the daemon and the devices."
        )
    )

    @Option(help: ArgumentHelp(say("服务器的数据文件夹", "The server's data folder."), valueName: "DIR"))
    var server: String

    @Option(
        name: .customLong("device"),
        parsing: .singleValue,
        help: ArgumentHelp(say("设备的数据文件夹，可多次给出", "A device's; may be repeated."), valueName: "DIR")
    )
    var devices: [String] = []

    @Flag(name: .long, help: ArgumentHelp(say("以 JSON 输出", "Print JSON.")))
    var json = false

    @Option(name: .long, help: ArgumentHelp(say("语言：zh 或 en", "The language: zh or en.")))
    var lang: String?

    func run() async throws {
        let verdicts: [Verdict]
        do {
            verdicts = try await Inspection.judge(
                server: URL(fileURLWithPath: server),
                devices: devices.map { URL(fileURLWithPath: $0) }
            )
        } catch let error as SyncError {
            throw Console.report(error, asJSON: json)
        }
        if json {
            try Console.out(json: verdicts)
        } else if verdicts.isEmpty {
            Console.out(say("一切相符。", "Everything is as it must be."))
        } else {
            Console.out(Verdicts.table(verdicts))
        }
        if !verdicts.isEmpty { throw ExitCode(1) }
    }
}

/// What is not as it must be, as a table.
enum Verdicts {
    static func table(_ verdicts: [Verdict]) -> String {
        var table = Table([
            say("不变量", "invariant"), say("问题", "what is wrong"), say("记录", "record"),
        ])
        for verdict in verdicts {
            table.add([verdict.invariant, verdict.words, String((verdict.record ?? "").prefix(13))])
        }
        return table.text
    }
}
