internal import ArgumentParser
internal import SyncClient
internal import SyncProtocol
internal import Terminal

/// `residence enroll LINK`: makes this device known to its server.
struct Enroll: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("用登记链接登记本设备", "Enrol this device with the operator's link."),
        discussion: say(
            "换人使用：先由原使用者同步，再用 --afresh 登记；原使用者的记录、草稿和密钥全部清除。更换密钥（设备分叉、密钥可能泄露）：用运维人员 device re-key 的链接加 --rekey，本机采集全部保留。",
            "For another person: the first one syncs, then --afresh enrols anew and erases all that was theirs [O-03]. For a new key (a forked device, a key that somebody may know): --rekey with the link of device re-key; everything here is kept [A-12]."
        )
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("登记链接", "The link."), valueName: "LINK")) var link: String
    @Flag(
        help: ArgumentHelp(
            say(
                "换人使用：清除原使用者的全部数据，重新登记",
                "The device is another person's now: erase what it held, and enrol anew."
            )
        )
    )
    var afresh = false
    @Flag(
        help: ArgumentHelp(
            say(
                "更换密钥：保留全部数据，以新密钥继续",
                "Go on under a new key, with everything that is here."
            )
        )
    )
    var rekey = false

    func validate() throws {
        guard !(afresh && rekey) else {
            throw ValidationError(
                say("--afresh 与 --rekey 只能用其一", "Give --afresh or --rekey, not both")
            )
        }
    }

    func run() async throws {
        try await options.run { client in
            let manner: EnrolmentManner = rekey ? .rekeyed : afresh ? .afresh : .first
            let profile = try await client.enrol(link: link, manner)
            let areas = profile.grant.areas.map(\.rawValue)
            if options.json {
                return try Console.out(
                    json: Document(name: profile.name, server: profile.server, areas: areas)
                )
            }
            Console.out(
                say(
                    "已登记：\(profile.name)，责任区 \(areas.joined(separator: " "))",
                    "enrolled: \(profile.name), areas \(areas.joined(separator: " "))"
                )
            )
        }
    }

    private struct Document: Encodable {
        var name: String
        var server: String
        var areas: [String]
    }
}

/// `residence sync`: gives away what waits and takes what is new.
struct Sync: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("与服务器同步", "Give away what waits and take what is new."),
        discussion: say(
            "网络慢或按流量计费时：--plan 先看要用多少流量；--budget 限定一次用多少，余下的下次再传。",
            "On a slow or a metered link, --plan tells what it would take, and --budget how much it may: the rest comes next time."
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

    func validate() throws {
        guard budget.map({ (4...1_000_000).contains($0) }) ?? true else {
            throw ValidationError(say("--budget 为 4 至 1000000", "--budget is 4 to 1000000"))
        }
    }

    func run() async throws {
        try await options.run(attempts: attempts) { client in
            if plan { return try show(try await client.forecast()) }
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
            show(report)
        }
    }

    private func show(_ report: SyncReport) {
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

    private func show(_ settlement: Settlement) {
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

/// `residence check`: whether what this device holds is sound.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("检查本机数据", "Check this device's data; exit code 1 where something is wrong.")
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await options.run { client in
            let found = try await client.check()
            if options.json {
                try Console.out(json: Document(found))
            } else {
                Console.out(
                    say("\(found.records) 条记录。", "\(found.records) records stand here.")
                )
                for flaw in found.flaws { Console.out(flaw) }
                if found.differing > 0 {
                    Console.out(
                        say(
                            "\(found.differing) 条与登记的不符，下次同步时修复；未同步的采集不受影响。",
                            "\(found.differing) are not as they were counted: the next sync repairs them; unsent work is untouched."
                        )
                    )
                }
                if found == DeviceCheck(soundWith: found.records) {
                    Console.out(say("一切完好。", "All is sound."))
                }
            }
            if found != DeviceCheck(soundWith: found.records) { throw ExitCode(1) }
        }
    }

    /// What was found, as scripts read it.
    struct Document: Encodable {
        var records: Int
        var differing: Int
        var flaws: [String]

        init(_ found: DeviceCheck) {
            (records, differing, flaws) = (found.records, found.differing, found.flaws)
        }
    }
}

/// `residence token`: a fresh token, for `curl` and scripts.
struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("打印访问令牌（五分钟有效）", "Print a fresh token; it holds for five minutes.")
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await options.run { client in
            let token = try await client.token()
            options.json ? try Console.out(json: ["token": token]) : Console.out(token)
        }
    }
}
