internal import ArgumentParser
internal import Foundation
internal import SyncClient
internal import SyncProtocol
internal import Terminal

/// `residence outbox FILE`: saves unsent work from a device that cannot sync.
struct OutboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox",
        abstract: say(
            "把未送出的采集封存为文件",
            "Seal what was not sent into a file that only the server opens."
        ),
        discussion: say(
            "把文件交给运维人员，用 residence-syncd import 收下。采集仍留在本机，之后同步也不会重复。",
            "The operator takes it with residence-syncd import. The changes stay here; a later sync makes nothing twice."
        )
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("文件", "The file."), valueName: "FILE")) var file: String

    @Flag(
        help: ArgumentHelp(
            say(
                "已撤销的设备：导出后不再保留",
                "Of a revoked device: keep nothing here once the file is written."
            )
        )
    )
    var forget = false

    func run() async throws {
        try await options.run { client in
            let (bytes, changes) = try await client.sealedOutbox()
            do {
                try Data(bytes).write(to: URL(fileURLWithPath: file), options: .atomic)
            } catch {
                throw SyncError(
                    "file_unwritable",
                    "文件无法写入 \(file) cannot be written",
                    hint: "请核对路径、权限与剩余空间。 Check the path, its permissions and the room left.",
                    subject: file
                )
            }
            if forget { try await client.forgetKeptOutbox() }
            if options.json {
                return try Console.out(json: ["changes": changes, "bytes": bytes.count])
            }
            Console.out(
                say(
                    "已封存 \(changes) 条未送出的变更（\(bytes.count) 字节）。",
                    "\(changes) unsent changes are sealed (\(bytes.count) bytes)."
                )
            )
        }
    }
}
