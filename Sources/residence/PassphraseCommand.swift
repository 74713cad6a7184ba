internal import ArgumentParser
internal import Foundation
internal import LocalSQLite
internal import SyncClient
internal import SyncProtocol
internal import SyncTrust
internal import Terminal

/// `residence passphrase`: seals the device's data under a passphrase, and changes it.
struct PassphraseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "passphrase",
        abstract: say("为本机数据设置或更换口令", "Seal the device's data under a passphrase, or change it."),
        discussion: say(
            """
            设置之后，每条命令都要口令：在终端输入，或用环境变量 RESIDENCE_PASSPHRASE 给出。
            由系统密钥库保管密钥时，把 64 位十六进制密钥写入文件，用 RESIDENCE_KEY_FILE 给出路径。
            新口令在终端输入两次，或用 RESIDENCE_NEW_PASSPHRASE、RESIDENCE_NEW_KEY_FILE 给出。
            忘记口令，未同步的数据就无法找回：请先同步再设置。
            """,
            """
            Afterwards every command asks for it: at the terminal, or by RESIDENCE_PASSPHRASE. Where a system's \
            keystore has a key, write its 64 hexadecimal digits to a file and name that in RESIDENCE_KEY_FILE.
            The new one is typed twice, or comes by RESIDENCE_NEW_PASSPHRASE or RESIDENCE_NEW_KEY_FILE.
            Whoever forgets it loses what was not synced: sync first.
            """
        ),
        subcommands: [Set.self, Change.self]
    )

    /// Seals what is there.
    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("加密本机数据", "Seal the device's data.")
        )

        @OptionGroup var options: CommonOptions

        func run() async throws {
            try await options.runOnStore { store in
                try await store.seal(under: DeviceSecret.chosen())
                Console.out(say("已加密。", "The device's data is sealed."))
            }
        }
    }

    /// Puts another one in its place.
    struct Change: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("更换口令", "Change the passphrase.")
        )

        @OptionGroup var options: CommonOptions

        func run() async throws {
            try await options.runOnStore { store in
                try await store.change(secret: DeviceSecret.chosen())
                Console.out(say("口令已更换。", "The passphrase was changed."))
            }
        }
    }
}

extension DeviceSecret {
    /// What opens the device's data, as the environment gives it; `nil` where it gives nothing.
    static func given(_ prefix: String = "RESIDENCE_") throws -> DeviceSecret? {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment[prefix + "KEY_FILE"] {
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            guard
                let bytes = [UInt8](
                    hexadecimal: text.trimmingCharacters(in: .whitespacesAndNewlines)
                ), bytes.count == 32
            else {
                throw SyncError(
                    "key_file_unfit",
                    "密钥文件不是 64 位十六进制数 The key file does not hold 64 hexadecimal digits",
                    hint: "请核对 \(prefix)KEY_FILE。 Check \(prefix)KEY_FILE.",
                    subject: path
                )
            }
            return .key(bytes)
        }
        return environment[prefix + "PASSPHRASE"].map { .passphrase($0) }
    }

    /// What is typed, and not shown; `nil` where nobody sits at a terminal.
    static func typed(_ prompt: String) -> DeviceSecret? {
        guard isatty(STDIN_FILENO) == 1, let text = getpass(prompt) else { return nil }
        return .passphrase(String(cString: text))
    }

    /// A new one: from the environment, or typed twice.
    fileprivate static func chosen() throws -> DeviceSecret {
        if let given = try given("RESIDENCE_NEW_") { return given }
        guard let first = typed(say("新口令：", "New passphrase: ")),
            let second = typed(say("再输一次：", "Once more: "))
        else {
            throw SyncError(
                "secret_missing",
                "没有给出新口令 There is no new passphrase",
                hint:
                    "请在终端输入，或设置 RESIDENCE_NEW_PASSPHRASE。 Type it, or set RESIDENCE_NEW_PASSPHRASE."
            )
        }
        guard first == second else {
            throw SyncError(
                "secrets_differ",
                "两次输入不一致 What was typed is not the same twice",
                hint: "未作任何改动，请重试。 Nothing was changed; try again."
            )
        }
        return first
    }
}
