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
    var lang: Language?

    func run() async throws {
        let verdicts: [Verdict]
        do {
            try mustExist(server, "residence.sqlite", "--server")
            for device in devices { try mustExist(device, "device.sqlite", "--device") }
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

    /// Throws `data_missing` where a folder holds no database.
    ///
    /// Stores make what is missing when they are opened: a name that was mistyped would be judged sound.
    private func mustExist(_ folder: String, _ name: String, _ option: String) throws {
        let file = URL(fileURLWithPath: folder).appendingPathComponent(name)
        let attributes = try? FileManager.default.attributesOfItem(
            atPath: file.resolvingSymlinksInPath().path
        )
        guard attributes?[.type] as? FileAttributeType == .typeRegular,
            (attributes?[.size] as? Int ?? 0) > 0
        else {
            throw SyncError(
                "data_missing",
                "\(folder) 中没有数据库文件 \(name)，什么也没有检验 Nothing was judged: there is no \(name) in \(folder)",
                hint: "请核对 \(option) 指明的文件夹。 Check the folder that \(option) names.",
                subject: option
            )
        }
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
