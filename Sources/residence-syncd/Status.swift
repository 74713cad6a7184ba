internal import ArgumentParser
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd status`: how much there is of everything, whether or not the daemon runs.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("查看数据概况", "How much there is of everything.")
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await options.run {
            let counts = try await options.service().service.counts()
            if options.json { return try Console.out(json: Document(counts)) }
            var table = Table([say("项目", "what"), say("数量", "how many")])
            for type in Schema.current.types {
                table.add([say(type.zh, type.en), String(counts.records[type.number] ?? 0)])
            }
            table.add([say("墓碑", "tombstones"), String(counts.tombstones)])
            table.add([say("已收变更", "accepted changes"), String(counts.changes)])
            table.add([say("待处理冲突", "open conflicts"), String(counts.openConflicts)])
            table.add([say("按规则已定的冲突", "conflicts decided"), String(counts.decidedConflicts)])
            table.add([say("退回的变更", "quarantined changes"), String(counts.quarantined)])
            table.add([say("已处理的退回变更", "settled ones"), String(counts.settled)])
            table.add([say("设备", "devices"), String(counts.devices)])
            table.add([say("区划", "areas"), String(counts.areas)])
            Console.out(table.text)
        }
    }

    /// The counts as scripts read them.
    struct Document: Encodable {
        var records: [String: Int]
        var tombstones: Int
        var changes: Int
        var openConflicts: Int
        var decidedConflicts: Int
        var quarantined: Int
        var settled: Int
        var devices: Int
        var areas: Int

        enum CodingKeys: String, CodingKey {
            case records, tombstones, changes, quarantined, settled, devices, areas
            case openConflicts = "open_conflicts"
            case decidedConflicts = "decided_conflicts"
        }

        init(_ counts: Counts) {
            let pairs = Schema.current.types.map { ($0.name, counts.records[$0.number] ?? 0) }
            records = Dictionary(uniqueKeysWithValues: pairs)
            tombstones = counts.tombstones
            changes = counts.changes
            openConflicts = counts.openConflicts
            decidedConflicts = counts.decidedConflicts
            quarantined = counts.quarantined
            settled = counts.settled
            devices = counts.devices
            areas = counts.areas
        }
    }
}
