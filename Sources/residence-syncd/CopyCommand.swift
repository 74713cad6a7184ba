internal import ArgumentParser
internal import Foundation
internal import StorePostgres
internal import StoreSQLite
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd copy`: moves house, from the embedded database to a PostgreSQL.
struct Copy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("把内嵌数据库搬到 PostgreSQL", "Copy the embedded database to PostgreSQL."),
        discussion: say(
            "先停止服务。中断后再次运行会接着搬；搬完逐一核对各区摘要与变更链。原数据库不变。",
            """
            Stop the daemon first. Cut off, it goes on when it is run again; in the end every area's digest and every \
            chain is verified. The database that is copied stays as it is.
            """
        )
    )

    @Option(help: ArgumentHelp(say("来源数据文件夹", "The data folder."), valueName: "DIR"))
    var from: String

    @Option(help: ArgumentHelp(say("空的目标数据库", "An empty database."), valueName: "URL"))
    var to: String

    @Flag(name: .long, help: ArgumentHelp(say("以 JSON 输出", "Print JSON.")))
    var json = false

    @Option(name: .long, help: ArgumentHelp(say("语言：zh 或 en", "The language: zh or en.")))
    var lang: Language?

    /// What was copied, as scripts read it.
    struct Report: Encodable {
        var rows = 0
        var areas = 0
        var records = 0
        var changes = 0
    }

    /// Every province: together they contain every area.
    private static let everywhere = (0...99).compactMap { AreaCode($0 < 10 ? "0\($0)" : "\($0)") }

    /// How many rows travel at a time.
    private static let rows = 2_000

    func run() async throws {
        do {
            let report = try await copy()
            if json { return try Console.out(json: report) }
            Console.out(
                say(
                    "已搬 \(report.rows) 行；\(report.areas) 个区划的摘要与 \(report.changes) 条变更的链均相符。",
                    "\(report.rows) rows; the digests of \(report.areas) areas and the chains of \(report.changes) changes agree."
                )
            )
            Console.note(
                say(
                    "在设置中写入 \"store\" 后启动服务；原数据库不要再用于服务。",
                    "Name it as \"store\" in the settings and start the daemon; do not serve the old database again."
                )
            )
        } catch let error as SyncError {
            throw Console.report(error, asJSON: json)
        }
    }

    private func copy() async throws -> Report {
        let folder = URL(fileURLWithPath: from)
        let file = folder.appendingPathComponent("residence.sqlite")
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw SyncError(
                "data_missing",
                "\(folder.path) 中没有数据库 There is no database in \(folder.path)",
                hint: "用 --from 指明数据文件夹。 Name the data folder with --from DIR.",
                subject: "--from"
            )
        }
        let lock = try DataFolderLock(folder: folder)
        defer { lock.release() }
        try await SQLiteStore.refuseEmpty(in: folder)
        let source = try SQLiteStore(folder: folder)
        let target = PostgresStore(try PostgresSettings(address: to))
        let bar = ProgressBar(say("搬迁", "copy"), isQuiet: json)
        defer { bar.finish() }
        var total = 0
        for table in ArchiveTable.allCases { total += try await source.count(of: table) }
        var state = try await target.beginCopy()
        var report = Report()
        for table in ArchiveTable.allCases where !state.done.contains(table) {
            // The settings come last: they make it a deployment, once all else is verified.
            if table == .setting {
                try await target.analyze()
                try await verify(source, target)
                report = try await audit(target, of: source, bar)
            }
            var key = state.keys[table]
            repeat {
                let page = try await source.page(of: table, after: key, limit: Self.rows)
                try await target.take(page)
                state.rows += page.rows.count
                key = page.next
                bar.show(0.8 * Double(state.rows) / Double(max(total, 1)), table.rawValue)
            } while key != nil
        }
        report.rows = state.rows
        return report
    }

    /// Compares what both say of everything, before the copy becomes a deployment.
    private func verify(_ source: SQLiteStore, _ target: PostgresStore) async throws {
        for table in ArchiveTable.allCases where table != .setting {
            let (here, there) = (
                try await source.count(of: table), try await target.count(of: table)
            )
            guard here == there else { throw Self.differs("\(table.rawValue): \(here), \(there)") }
        }
        let here = try await source.read { transaction in
            (try transaction.devices(), try transaction.heads(under: Self.everywhere))
        }
        let there = try await target.read { transaction in
            (try transaction.devices(), try transaction.heads(under: Self.everywhere))
        }
        guard here.0 == there.0 else { throw Self.differs("devices") }
        guard here.1 == there.1 else { throw Self.differs("areas") }
        for head in there.1 {
            let counted = try await target.read { try $0.recount(head.area) }
            guard counted == head.digest else { throw Self.differs(head.area.rawValue) }
        }
    }

    /// Walks every chain and every feed of the copy.
    private func audit(
        _ target: PostgresStore,
        of source: SQLiteStore,
        _ bar: ProgressBar
    ) async throws -> Report {
        let identity = try await ServerIdentity.kept(in: source, at: SystemClock.milliseconds())
        let service = SyncService(store: target, identity: identity)
        let clerk = Principal(operatorNamed: ProcessInfo.processInfo.userName)
        let chains = try await service.auditChains(for: clerk) { walked, total in
            bar.show(0.8 + 0.1 * Double(walked) / Double(max(1, total)), say("变更链", "chains"))
        }
        if let broken = chains.breaks.first {
            throw Self.differs("\(broken.name) #\(broken.sequence.rawValue): \(broken.code)")
        }
        let holdings = try await service.checkHoldings(for: clerk) { walked, total in
            bar.show(0.9 + 0.1 * Double(walked) / Double(max(1, total)), say("各区", "areas"))
        }
        if let flaw = holdings.flaws.first {
            throw Self.differs("\(flaw.area.rawValue): \(flaw.code)")
        }
        var report = Report()
        (report.areas, report.records) = (holdings.areas, holdings.records)
        report.changes = chains.changes
        return report
    }

    private static func differs(_ what: String) -> SyncError {
        SyncError(
            "copy_differs",
            "副本与原数据库不符（\(what)） The copy is not what was copied (\(what))",
            hint:
                "先对原数据库运行 check；再清空目标数据库重新搬迁。 Run `check` on the data folder; then copy again into an empty database.",
            subject: "--to"
        )
    }
}
