internal import ArgumentParser
internal import Foundation
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd recovery`: what came back since a restore, and what is to be decided again.
struct Recovery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say(
            "恢复之后：补回进度与须重新决定的事项",
            "After a restore: what came back, what to decide again."
        )
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await options.run {
            try options.mustExist()
            let service = try await options.service().service
            let report = try await service.recovery(for: options.somebody())
            if options.json { return try Console.out(json: Document(report)) }
            show(report)
        }
    }

    private func show(_ report: RecoveryReport) {
        var epochs = Table([
            say("纪元", "epoch"), say("开始于", "began"), say("缘由", "cause"), say("备份时间", "backup of"),
        ])
        for beginning in report.epochs {
            epochs.add([
                String(beginning.epoch), SystemClock.text(beginning.beganAt),
                Self.words(beginning.cause), beginning.backupMadeAt.map(SystemClock.text) ?? "–",
            ])
        }
        Console.out(epochs.text)
        guard report.wasRestored else {
            return Console.out(say("从未恢复过。", "It was never restored."))
        }
        var table = Table([say("项目", "what"), say("数量", "how many"), say("怎么办", "what to do")])
        func add(_ what: String, _ count: Int, _ advice: String) {
            table.add([what, String(count), count == 0 ? "" : advice])
        }
        add(say("本纪元收到的变更", "changes taken in this epoch"), report.changes, "")
        add(say("由设备副本找回的", "of them, recovered from copies"), report.recovered, "")
        add(
            say("尚未同步的设备", "devices that have not synced yet"),
            report.missing.count,
            say("请其同步；所持内容尚未补回", "have them sync: what they hold is not back")
        )
        add(
            say("等待确认的设备", "devices that wait to be confirmed"),
            report.waiting.count,
            "residence-syncd device confirm ID --area CODE"
        )
        add(
            say("有缺口的设备", "devices with a hole"),
            report.holed.count,
            say("所缺变更已无处可寻，其结果由副本找回", "those changes are gone; copies bring back what they made")
        )
        add(
            say("须裁决的冲突（含备份后裁决过的）", "conflicts to decide, or to decide again"),
            report.conflicts.count,
            "residence-syncd conflicts"
        )
        add(
            say("须处理的退回（含备份后处理过的）", "returned changes to decide, or to decide again"),
            report.returned.count,
            "residence-syncd quarantine"
        )
        add(
            say("须重新抹除的记录", "records to erase again, by law"),
            report.erasures.count,
            "residence-syncd erase ID"
        )
        Console.out(table.text)
        for device in report.missing + report.waiting {
            Console.out("  \(device.id.description.prefix(12))  \(device.name)")
        }
        for id in report.erasures { Console.out("  \(id.description)") }
        if let unknown = report.unknown { Console.note(Self.reminder(unknown.from, unknown.to)) }
    }

    /// What no device can bring back, for those who keep a record of it elsewhere.
    private static func reminder(_ from: Int64?, _ to: Int64) -> String {
        let since = from.map(SystemClock.text)
        return say(
            "\(since.map { "自 \($0) " } ?? "自备份时")至 \(SystemClock.text(to)) 在服务器上停用或注销的设备、改派的区划、撤并的区划与登记链接，设备无从补回：请对照工作记录逐项重做。",
            "Devices that were suspended or revoked, areas that were assigned, renamed, merged or split, and links that were given out at the server from \(since ?? "the backup") to \(SystemClock.text(to)): no device can bring these back. Do them again by your own notes."
        )
    }

    private static func words(_ cause: EpochBeginning.Cause) -> String {
        switch cause {
        case .created: say("新建", "created")
        case .restored: say("由备份恢复", "restored")
        case .undeclared: say("设备发现的回退", "found out by a device")
        case .elsewhere: say("已丢失的纪元", "lost whole")
        }
    }

    /// The report as scripts read it.
    struct Document: Encodable {
        var epochs: [EpochBeginning]
        var changes: Int
        var recovered: Int
        var missing: [String]
        var waiting: [String]
        var holed: [String]
        var conflicts: [UInt64]
        var returned: [UInt64]
        var erasures: [String]
        /// From when to when nobody can tell what was decided at the server.
        var unknownFrom: Int64?
        var unknownTo: Int64?

        enum CodingKeys: String, CodingKey {
            case epochs, changes, recovered, missing, waiting, holed, conflicts, returned, erasures
            case unknownFrom = "unknown_from"
            case unknownTo = "unknown_to"
        }

        init(_ report: RecoveryReport) {
            epochs = report.epochs
            (changes, recovered) = (report.changes, report.recovered)
            missing = report.missing.map(\.id.description)
            waiting = report.waiting.map(\.id.description)
            holed = report.holed.map(\.id.description)
            conflicts = report.conflicts.map(\.id)
            returned = report.returned.map(\.id)
            erasures = report.erasures.map(\.description)
            (unknownFrom, unknownTo) = (report.unknown?.from, report.unknown?.to)
        }
    }
}
