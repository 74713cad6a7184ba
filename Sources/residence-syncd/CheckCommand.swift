internal import ArgumentParser
internal import Foundation
internal import StoreSQLite
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd check`: whether a data folder is sound, in words.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("检查数据文件夹", "Check a data folder; exit code 1 where something is wrong."),
        discussion: say(
            "核对文件、变更链、各区摘要与落位。--mend 按记录重算不符的摘要。",
            "The file, every chain, every area's digest and feed. --mend counts digests that differ again."
        )
    )

    @OptionGroup var options: CommonOptions

    @Flag(help: ArgumentHelp(say("重算不符的摘要", "Count digests that differ again.")))
    var mend = false

    /// What was found, as scripts read it.
    struct Document: Encodable {
        struct Flaw: Encodable {
            var what: String
            var place: String
            var count: Int

            enum CodingKeys: String, CodingKey {
                case what, count
                case place = "where"
            }
        }

        var areas = 0
        var records = 0
        var changes = 0
        var missing = 0
        var flaws: [Flaw] = []
    }

    func run() async throws {
        try await options.run {
            try options.mustExist()
            let bar = ProgressBar(say("检查", "check"), isQuiet: options.json)
            var found = Document()
            bar.show(0, say("文件", "file"))
            let place = try options.place()
            do {
                // PostgreSQL's own files are for its own tools (pg_amcheck, pg_checksums).
                if case .folder(let folder) = place {
                    let file = folder.appendingPathComponent("residence.sqlite")
                    try BackupFile(file: file).check()
                }
            } catch let error as SyncError {
                found.flaws.append(.init(what: "file_damaged", place: error.message, count: 1))
                bar.finish()
                return try show(found)
            }
            let service = try await options.service().service
            let clerk = options.somebody()
            let chains = try await service.auditChains(for: clerk) { walked, total in
                bar.show(
                    total == 0 ? 0.5 : Double(walked) / Double(total) / 2,
                    say("变更链", "chains")
                )
            }
            let holdings = try await service.checkHoldings(for: clerk, mending: mend) {
                walked,
                total in
                bar.show(0.5 + Double(walked) / Double(max(1, total)) / 2, say("各区", "areas"))
            }
            bar.finish()
            (found.areas, found.records) = (holdings.areas, holdings.records)
            (found.changes, found.missing) = (chains.changes, chains.missing)
            found.flaws += chains.breaks.map {
                .init(what: $0.code, place: "\($0.name) #\($0.sequence.rawValue)", count: 1)
            }
            found.flaws += holdings.flaws.map {
                .init(what: $0.code, place: $0.area.rawValue, count: $0.records)
            }
            try show(found)
        }
    }

    private func show(_ found: Document) throws {
        if options.json {
            try Console.out(json: found)
        } else {
            Console.out(
                say(
                    "\(found.areas) 个区划 \(found.records) 条记录，\(found.changes) 条变更。",
                    "\(found.records) records in \(found.areas) areas, \(found.changes) changes."
                )
            )
            if found.missing > 0 {
                Console.out(
                    say(
                        "另有 \(found.missing) 条变更在已登记的缺口中。",
                        "\(found.missing) more are in recorded holes: nobody has them."
                    )
                )
            }
            if found.flaws.isEmpty { Console.out(say("一切完好。", "All is sound.")) }
        }
        guard !found.flaws.isEmpty else { return }
        if !options.json {
            var table = Table([
                say("问题", "what is wrong"), say("何处", "where"), say("数量", "how many"),
            ])
            for flaw in found.flaws {
                table.add([Self.words(flaw.what), flaw.place, String(flaw.count)])
            }
            Console.out(table.text)
        }
        throw ExitCode(1)
    }

    private static func words(_ code: String) -> String {
        switch code {
        case "file_damaged": say("数据库文件损坏，请由备份恢复", "the file is damaged: restore a backup")
        case "change_missing": say("变更链中缺一条变更", "a change of the chain is missing")
        case "payload_altered": say("变更内容与当时的摘要不符", "a change's bytes are not those accepted")
        case "head_differs": say("链尾与设备所述不符", "a chain does not end where its device left it")
        case "digest_differs":
            say("摘要与记录不符（--mend 重算）", "the digest is not what the rows add up to (--mend)")
        case "record_misplaced":
            say("记录不在它所说的位置", "records stand where they do not say that they do")
        case "record_missing": say("区划中缺少应有的记录", "records are missing from the area's feed")
        default: code
        }
    }
}
