internal import ArgumentParser
internal import SyncProtocol
internal import SyncServer
internal import Terminal

extension DeviceCommand {
    /// Gives a device's open work to another one.
    struct Handover: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say(
                "工作交接：责任区、退回与冲突交给另一台设备",
                "Give a device's areas, returned changes and conflicts to another one [O-01]."
            ),
            discussion: say(
                """
                下次同步时生效。交出者未同步的采集照收；退回的采集由接手者用 residence returned --handed 查看并改正，\
                冲突随记录转到接手者的设备。历史中保留双方姓名。
                """,
                """
                From the next sync. What the giver had not sent is taken; what was returned to the giver, the taker \
                sees and mends with residence returned --handed; conflicts come with their records. History keeps both names.
                """
            )
        )

        @OptionGroup var options: CommonOptions
        @Argument(
            help: ArgumentHelp(say("交出的设备", "Whose work it is: id or name."), valueName: "FROM")
        )
        var from: String
        @Argument(help: ArgumentHelp(say("接手的设备", "Who gets it: id or name."), valueName: "TO"))
        var to: String
        @Option(
            name: .customLong("area"),
            parsing: .singleValue,
            help: ArgumentHelp(
                say("只交出这些责任区，可多次给出", "Only these areas; may be repeated."),
                valueName: "CODE"
            )
        )
        var areas: [String] = []
        @Flag(help: ArgumentHelp(say("交出者保留责任区", "The giver keeps its areas, too.")))
        var keep = false
        @Option(help: ArgumentHelp(say("原因", "Why."), valueName: "TEXT")) var reason = ""
        @Option(help: ArgumentHelp(say("由谁办理", "Who does it."), valueName: "NAME"))
        var by: String?

        func run() async throws {
            try await options.run {
                let service = try await options.service().service
                let giver = try await ChosenDevice.found(from, by: service)
                let taker = try await ChosenDevice.found(to, by: service)
                let report = try await service.handOver(
                    from: giver.id,
                    to: taker.id,
                    areas: try areas.map(Add.area),
                    keeping: keep,
                    reason: reason,
                    for: options.somebody(by)
                )
                if options.json { return try Console.out(json: Document(report)) }
                Console.out(
                    say(
                        "\(report.from.name) → \(report.to.name)：责任区 \(report.areas.words)，退回 \(report.returned) 条，冲突 \(report.conflicts) 个；\(report.from.name) 待送 \(report.from.pending) 条，送达后照收。",
                        "\(report.from.name) → \(report.to.name): areas \(report.areas.words), \(report.returned) returned, \(report.conflicts) conflicts; \(report.from.pending) pending on \(report.from.name) are taken when they come."
                    )
                )
            }
        }

        private struct Document: Encodable {
            var from: Row
            var to: Row
            var areas: [String]
            var returned: Int
            var conflicts: Int

            init(_ report: HandoverReport) {
                (from, to) = (Row(report.from), Row(report.to))
                areas = report.areas.map(\.rawValue)
                (returned, conflicts) = (report.returned, report.conflicts)
            }
        }
    }
}
