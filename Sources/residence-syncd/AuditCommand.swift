internal import ArgumentParser
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd audit verify`: walks the chain of every device.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: say("核对变更链", "Verify the history."),
        subcommands: [Verify.self],
        defaultSubcommand: Verify.self
    )

    /// Walks every chain and names the first break of each.
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("逐条核对每台设备的变更链", "Walk the chain of every device; exit code 1 on a break.")
        )

        @OptionGroup var options: CommonOptions

        func run() async throws {
            try await options.run {
                let bar = ProgressBar(say("核对", "verify"), isQuiet: options.json)
                let service = try await options.service().service
                let report = try await service.auditChains(for: options.somebody()) {
                    walked,
                    total in
                    bar.show(total == 0 ? 1 : Double(walked) / Double(total), "\(walked)/\(total)")
                }
                bar.finish()
                options.json ? try Console.out(json: report) : show(report)
                if !report.breaks.isEmpty { throw ExitCode(1) }
            }
        }

        private func show(_ report: AuditReport) {
            Console.out(
                say(
                    "核对 \(report.devices) 台设备的 \(report.changes) 条变更，其中 \(report.redacted) 条已依法抹除内容。",
                    "\(report.changes) changes of \(report.devices) devices, \(report.redacted) of them redacted by law."
                )
            )
            guard !report.breaks.isEmpty else {
                return Console.out(say("链条完整。", "Every chain is whole."))
            }
            var table = Table([
                say("设备", "device"), say("名称", "name"), say("第几条变更", "change"),
                say("问题", "what is wrong"),
            ])
            for found in report.breaks {
                table.add([
                    String(found.device.description.prefix(12)), found.name,
                    String(found.sequence.rawValue), Self.words(found.code),
                ])
            }
            Console.out(table.text)
        }

        private static func words(_ code: String) -> String {
            switch code {
            case "change_missing": say("这条变更不见了", "this change is missing")
            case "payload_altered": say("内容与当时的摘要不符", "its bytes are not those that were accepted")
            case "head_differs": say("链尾与设备所述不符", "the chain does not end where the device left it")
            default: code
            }
        }
    }
}
