internal import ArgumentParser
internal import Foundation
internal import StoreSQLite
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd import FILE`: takes what a device sealed.
struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("收下设备封存的采集", "Take the unsent changes that a device sealed [A-09]."),
        discussion: say(
            "文件由 residence outbox 导出，只有本服务器能打开。重复收下不会重复生效，服务运行时也可使用。",
            "The file is that of `residence outbox`; only this server opens it. Taken twice, nothing happens twice; the daemon may be running."
        )
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("文件", "The file."), valueName: "FILE")) var file: String

    func run() async throws {
        try await options.run {
            try options.mustExist()
            guard let bytes = FileManager.default.contents(atPath: file) else {
                throw SyncError(
                    "file_unreadable",
                    "文件无法读取 \(file) cannot be read",
                    hint: "请核对路径与权限。 Check the path and its permissions.",
                    subject: file
                )
            }
            let service = try await options.service().service
            let report = try await service.take(file: Array(bytes))
            if options.json { return try Console.out(json: report) }
            let counted = report.outcomes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            let new = counted.isEmpty ? say("无", "nothing") : counted.joined(separator: "，")
            Console.out(
                say(
                    "\(report.name)：新收 \(new)；\(report.known) 条早已收到。",
                    "\(report.name): new \(new); \(report.known) known already."
                )
            )
        }
    }
}
