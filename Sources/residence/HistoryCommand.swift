internal import ArgumentParser
internal import SyncClient
internal import SyncProtocol
internal import Terminal

/// `residence history ID [--at REVISION|TIME]`: how a record came to look as it does.
struct History: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say(
            "查看一条记录的变更历史（需要网络）",
            "How a record came to look as it does; needs a network."
        ),
        discussion: say(
            "--at 3 显示第 3 版；--at 2026-11-23T20:15:50Z 显示服务器在该时刻的记录。",
            "--at 3 shows revision 3; --at 2026-11-23T20:15:50Z the record as the server had it then."
        )
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("编号（前四位即可）", "Its id; four digits suffice."), valueName: "ID"))
    var id: String
    @Option(
        help: ArgumentHelp(say("版本号或时刻", "A revision or a moment."), valueName: "REVISION|TIME")
    )
    var at: String?

    func run() async throws {
        try await options.run { client in
            let id = try await whole(client)
            let history = try await client.history(of: id, at: at)
            if options.json { return Console.out(json: history.json) }
            if let then = HistoryText.then(history) { return Console.out(then) }
            Console.out(HistoryText.table(history))
        }
    }

    /// The id; a whole one need not be of a record that this device holds.
    private func whole(_ client: ResidenceClient) async throws -> RecordID {
        if let whole = RecordID(id) { return whole }
        return try await client.id(withPrefix: id)
    }
}
