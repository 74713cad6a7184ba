internal import ArgumentParser
internal import LocalSQLite
internal import SyncClient
internal import SyncProtocol
internal import Terminal

/// `residence sync`: gives away what waits and takes what is new.
struct Sync: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("与服务器同步", "Give away what waits and take what is new."),
        discussion: say(
            """
            网络慢或按流量计费时：--plan 先看要用多少流量；--budget 限定一次用多少，余下的下次再传。
            加 --follow 则一直运行：有新内容即收取，本机的采集在半分钟内送出，直到中断（Ctrl-C）。
            """,
            """
            On a slow or a metered link, --plan tells what it would take, and --budget how much it may: the rest comes next time.
            With --follow it goes on: it takes what is new as soon as it is there, and gives away what is captured \
            here within half a minute, until it is interrupted.
            """
        )
    )

    @OptionGroup var options: CommonOptions
    @Option(
        help: ArgumentHelp(
            say("连不上时最多试几次", "How often to try while the server cannot be reached.")
        )
    )
    var attempts = Limits().attempts
    @Option(
        help: ArgumentHelp(
            say("一次最多用多少流量（KB）", "How much it may take, in kilobytes."),
            valueName: "KB"
        )
    )
    var budget: Int?
    @Flag(
        help: ArgumentHelp(
            say("只估计，不同步", "Tell what it would take, and take nothing.")
        )
    )
    var plan = false

    @Flag(help: ArgumentHelp(say("持续同步，直到中断", "Keep up with the server until interrupted.")))
    var follow = false
    @Option(
        help: ArgumentHelp(
            say(
                "无法收到实时通知时，约每隔多少秒同步一次",
                "About how many seconds lie between two syncs where no news can be heard."
            ),
            valueName: "SECONDS"
        )
    )
    var every = 300

    func validate() throws {
        guard !follow || (budget == nil && !plan) else {
            throw ValidationError(
                say("--follow 不与 --budget、--plan 同用", "--follow goes without --budget and --plan")
            )
        }
        guard (1...86_400).contains(every) else {
            throw ValidationError(say("--every 为 1 至 86400", "--every is 1 to 86400"))
        }
        guard budget.map({ (4...1_000_000).contains($0) }) ?? true else {
            throw ValidationError(say("--budget 为 4 至 1000000", "--budget is 4 to 1000000"))
        }
    }

    func run() async throws {
        try await options.run(attempts: attempts) { client in
            if plan { return try show(try await client.forecast()) }
            if follow { return try await keepUp(client) }
            let bar = ProgressBar(say("同步", "sync"), isQuiet: options.json)
            let report: SyncReport
            do {
                report = try await client.sync(budget: budget.map { $0 * 1000 }) { progress in
                    let fraction =
                        progress.total == 0
                        ? 1 : Double(progress.answered) / Double(progress.total)
                    bar.show(
                        fraction,
                        say("收到 \(progress.received) 条", "\(progress.received) received")
                    )
                }
            } catch {
                bar.finish()
                throw error
            }
            bar.finish()
            if options.json { return try Console.out(json: Document(report)) }
            Self.show(report)
        }
    }

    /// Tells of each sync that did something, and of each that failed.
    private func keepUp(_ client: ResidenceClient) async throws {
        let isJSON = options.json
        Console.note(say("持续同步中，按 Ctrl-C 结束。", "Keeping up; Ctrl-C ends it."))
        try await client.follow(every: .seconds(every)) { result in
            switch result {
            case .success(let report):
                guard report.didSomething else { return }
                if isJSON { try? Console.out(json: Document(report)) } else { Self.show(report) }
            case .failure(let error): _ = Console.report(error, asJSON: isJSON)
            }
        }
    }

    private static func show(_ report: SyncReport) {
        let kinds: [(Outcome.Kind, String)] = [
            (.applied, say("已采纳", "applied")), (.merged, say("已合并", "merged")),
            (.conflicted, say("待审核", "in conflict")), (.unchanged, say("无变化", "unchanged")),
            (.quarantined, say("退回", "returned")),
        ]
        let counted = kinds.compactMap { kind, name in
            report.outcomes[kind].map { "\(name) \($0)" }
        }
        let sent = counted.isEmpty ? say("无", "nothing") : counted.joined(separator: "，")
        Console.out(say("送出：\(sent)", "sent: \(sent)"))
        Console.out(
            say(
                "收到：\(report.received) 条记录，\(report.departed) 条移出",
                "received: \(report.received) records, \(report.departed) departures"
            )
        )
        let bytes = report.bytes
        Console.out(
            say(
                "流量：上行 \(bytes.sent) 字节（压缩前 \(bytes.sentUnpacked)），下行 \(bytes.received) 字节（压缩前 \(bytes.receivedUnpacked)），\(report.roundTrips) 次往返",
                "bytes: \(bytes.sent) up (\(bytes.sentUnpacked) before packing), \(bytes.received) down (\(bytes.receivedUnpacked)), \(report.roundTrips) round trips"
            )
        )
        if report.outcomes[.quarantined] != nil {
            Console.out(
                say(
                    "有退回的采集，见 residence returned。",
                    "Some captures were returned: residence returned."
                )
            )
        }
        if report.outcomes[.conflicted] != nil {
            Console.out(
                say("有待裁决的冲突，见 residence conflicts。", "Some are in conflict: residence conflicts.")
            )
        }
        if let repair = report.repair {
            Console.out(
                say(
                    "本机副本与服务器不一致，已修复 \(repair.records) 条（\(repair.bytes) 字节，\(repair.roundTrips) 次往返）；未同步的采集不受影响。",
                    "This device's copy had differed: \(repair.records) records repaired (\(repair.bytes) bytes, \(repair.roundTrips) round trips); unsent work is untouched."
                )
            )
        }
        for settlement in report.settlements { show(settlement) }
        if report.isCut {
            Console.out(
                say(
                    "流量已到限额，还有内容未传，下次同步接着传。",
                    "The budget is spent; the rest comes with the next sync."
                )
            )
        }
    }

    private func show(_ forecast: SyncForecast) throws {
        if options.json { return try Console.out(json: ForecastDocument(forecast)) }
        let news = forecast.news
        let kilobytes = max(1, (forecast.bytes + 999) / 1000)
        let types = Schema.current.types.compactMap { type -> String? in
            news.records[type.name].map { say("\(type.zh) \($0)", "\(type.en) \($0)") }
        }
        let few = [
            say("上行变更 \(forecast.changes)", "changes up \(forecast.changes)"),
            types.isEmpty ? nil : types.joined(separator: say("、", ", ")),
            news.departures == 0
                ? nil : say("移出 \(news.departures)", "departures \(news.departures)"),
            news.conflicts == 0 ? nil : say("冲突 \(news.conflicts)", "conflicts \(news.conflicts)"),
        ].compactMap(\.self).joined(separator: say("，", "; "))
        let least = news.isAtLeast ? say("至少", "at least ") : say("约", "about ")
        let link =
            forecast.bytesPerSecond == nil
            ? say("（按 256 kbit/s 计）", " (on 256 kbit/s)") : ""
        Console.out(
            say(
                "\(least) \(kilobytes) KB，\(forecast.seconds) 秒\(link)：\(few)",
                "\(least)\(kilobytes) KB, \(forecast.seconds) s\(link): \(few)"
            )
        )
    }

    /// A forecast as scripts read it.
    struct ForecastDocument: Encodable {
        var bytes: Int
        var seconds: Int
        var changes: Int
        var news: NewsEstimate

        init(_ forecast: SyncForecast) {
            (bytes, seconds) = (forecast.bytes, forecast.seconds)
            (changes, news) = (forecast.changes, forecast.news)
        }
    }

    private static func show(_ settlement: Settlement) {
        let number = settlement.sequence.rawValue
        let text =
            settlement.kind == .mended
            ? say(
                "退回的第 \(number) 条变更已由 \(settlement.by) 改正。",
                "Returned change \(number) was mended by \(settlement.by)."
            )
            : say(
                "退回的第 \(number) 条变更已由 \(settlement.by) 作废：\(settlement.reason)",
                "Returned change \(number) was discarded by \(settlement.by): \(settlement.reason)"
            )
        Console.out(text)
    }

    /// A report as scripts read it.
    struct Document: Encodable {
        var outcomes: [String: Int]
        var received: Int
        var departed: Int
        var roundTrips: Int
        var unanswered: Int
        var bytes: ByteCount
        var repair: DeviceProfile.Repair?
        var isCut: Bool

        enum CodingKeys: String, CodingKey {
            case outcomes, received, departed, unanswered, bytes, repair
            case isCut = "budget_spent"
            case roundTrips = "round_trips"
        }

        init(_ report: SyncReport) {
            outcomes = Dictionary(
                uniqueKeysWithValues: report.outcomes.map { ("\($0.key)", $0.value) }
            )
            received = report.received
            departed = report.departed
            roundTrips = report.roundTrips
            unanswered = report.unanswered
            bytes = report.bytes
            repair = report.repair
            isCut = report.isCut
        }
    }
}

extension SyncReport {
    /// Whether anything was sent, came, left or was decided.
    fileprivate var didSomething: Bool {
        !outcomes.isEmpty || received + departed > 0 || !settlements.isEmpty || repair != nil
    }
}
