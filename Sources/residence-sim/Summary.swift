internal import Simulator
internal import Terminal

/// What all runs came to together.
struct Summary: Encodable {
    var runs = 0
    var events = 0
    var deviceDays = 0
    var captures = 0
    var syncs = 0
    var failedSyncs = 0
    var requests = 0
    var faults = 0
    var bytesUp = 0
    var bytesDown = 0
    var conflicts: [String: Int] = [:]
    var returned = 0
    var kills = 0
    var restores = 0
    var repaired = 0
    var pruned = 0
    var quietPoints = 0
    var detours = 0
    var rounds = 0
    var minutesToConverge = 0
    var seconds = 0.0
    /// FNV-1a over the traces of the runs.
    var trace = ""
    private var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var last: RunReport?

    enum CodingKeys: String, CodingKey {
        case runs, events, captures, syncs, requests, faults, conflicts, returned, kills, restores
        case repaired, pruned, detours, rounds, seconds, trace
        case deviceDays = "device_days"
        case quietPoints = "quiet_points"
        case failedSyncs = "failed_syncs"
        case bytesUp = "bytes_up"
        case bytesDown = "bytes_down"
        case minutesToConverge = "minutes_to_converge"
    }

    mutating func add(_ report: RunReport) {
        runs += 1
        events += report.events
        deviceDays += report.deviceDays
        captures += report.captures
        syncs += report.syncs
        failedSyncs += report.failedSyncs
        requests += report.requests
        faults += report.faults
        bytesUp += report.bytesUp
        bytesDown += report.bytesDown
        conflicts.merge(report.conflicts) { $0 + $1 }
        returned += report.returned
        kills += report.kills
        restores += report.restores
        repaired += report.repaired
        pruned += report.pruned
        quietPoints += report.quietPoints
        detours += report.detours
        rounds = max(rounds, report.rounds)
        minutesToConverge = max(minutesToConverge, report.minutesToConverge)
        for byte in report.trace.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        let digits = String(hash, radix: 16)
        trace = String(repeating: "0", count: 16 - digits.count) + digits
        last = report
    }
}

/// The summary, and what failed, as scripts read it.
private struct SimulationDocument: Encodable {
    var summary: Summary
    var failure: FailureDocument?
}

/// A world that is not as it must be, under the names that the summary has.
private struct FailureDocument: Encodable {
    let report: RunReport

    enum CodingKeys: String, CodingKey {
        case seed, trace, events, captures, syncs, requests, faults, conflicts, returned, kills
        case restores, repaired, pruned, detours, rounds, verdicts, story
        case deviceDays = "device_days"
        case quietPoints = "quiet_points"
        case failedSyncs = "failed_syncs"
        case bytesUp = "bytes_up"
        case bytesDown = "bytes_down"
        case minutesToConverge = "minutes_to_converge"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(report.seed, forKey: .seed)
        try container.encode(report.trace, forKey: .trace)
        try container.encode(report.events, forKey: .events)
        try container.encode(report.deviceDays, forKey: .deviceDays)
        try container.encode(report.captures, forKey: .captures)
        try container.encode(report.syncs, forKey: .syncs)
        try container.encode(report.failedSyncs, forKey: .failedSyncs)
        try container.encode(report.requests, forKey: .requests)
        try container.encode(report.faults, forKey: .faults)
        try container.encode(report.bytesUp, forKey: .bytesUp)
        try container.encode(report.bytesDown, forKey: .bytesDown)
        try container.encode(report.conflicts, forKey: .conflicts)
        try container.encode(report.returned, forKey: .returned)
        try container.encode(report.kills, forKey: .kills)
        try container.encode(report.restores, forKey: .restores)
        try container.encode(report.repaired, forKey: .repaired)
        try container.encode(report.pruned, forKey: .pruned)
        try container.encode(report.quietPoints, forKey: .quietPoints)
        try container.encode(report.detours, forKey: .detours)
        try container.encode(report.rounds, forKey: .rounds)
        try container.encode(report.minutesToConverge, forKey: .minutesToConverge)
        try container.encode(report.verdicts, forKey: .verdicts)
        try container.encode(report.story, forKey: .story)
    }
}

extension Simulate {
    func show(_ summary: Summary, _ failure: RunReport? = nil) throws {
        if json {
            return try Console.out(
                json: SimulationDocument(
                    summary: summary,
                    failure: failure.map(FailureDocument.init(report:))
                )
            )
        }
        Console.out(table(of: summary))
        guard let failure else {
            return Console.out(say("一切相符。", "Everything is as it must be."))
        }
        Console.out(
            say(
                "\n种子 \(failure.seed) 不符，\(failure.events) 步即可重现：",
                "\nSeed \(failure.seed) fails, after \(failure.events) events:"
            )
        )
        Console.out(Verdicts.table(Array(failure.verdicts.prefix(8))))
        Console.out(say("\n经过：", "\nThe story:"))
        for line in failure.story { Console.out("  \(line)") }
    }

    private func table(of summary: Summary) -> String {
        var table = Table([say("项目", "what"), say("数量", "how many")])
        func add(_ zh: String, _ en: String, _ value: String) { table.add([say(zh, en), value]) }
        add("世界", "worlds", "\(summary.runs)")
        add("设备日", "device-days", "\(summary.deviceDays)")
        add("事件", "events", "\(summary.events)")
        add("采集", "captures", "\(summary.captures)")
        add("同步（失败）", "syncs (failed)", "\(summary.syncs) (\(summary.failedSyncs))")
        add("请求（故障）", "requests (faults)", "\(summary.requests) (\(summary.faults))")
        add("上行 / 下行字节", "bytes up / down", "\(summary.bytesUp) / \(summary.bytesDown)")
        for (name, count) in summary.conflicts.sorted(by: { $0.key < $1.key }) {
            add("冲突：\(name)", "conflicts: \(name)", "\(count)")
        }
        add("退回", "returned", "\(summary.returned)")
        add("杀死与断电", "kills and power cuts", "\(summary.kills)")
        add("由备份恢复", "restores", "\(summary.restores)")
        add("修复的副本", "copies repaired", "\(summary.repaired)")
        add("清理的增量", "feed entries pruned", "\(summary.pruned)")
        add("全体同步后检验", "quiet points, judged", "\(summary.quietPoints)")
        add("同一件事两种做法", "detours, compared", "\(summary.detours)")
        add(
            "收敛：最多轮次 / 分钟",
            "to converge: rounds / minutes",
            "\(summary.rounds) / \(summary.minutesToConverge)"
        )
        let rate = summary.seconds > 0 ? Double(summary.deviceDays) / summary.seconds * 60 : 0
        add(
            "用时（每分钟设备日）",
            "time (device-days a minute)",
            "\(Int(summary.seconds * 10) / 10) s (\(Int(rate)))"
        )
        add("轨迹", "trace", summary.trace)
        return table.text
    }
}
