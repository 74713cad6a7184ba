internal import ArgumentParser
internal import StoreSQLite
internal import SyncProtocol
internal import SyncServer
internal import SyncTrust
internal import Terminal

/// How a link is made and shown.
struct ShownLink: ParsableArguments {
    @Flag(
        help: ArgumentHelp(
            say("总是显示二维码（缺省：在终端时显示）", "Show the QR code, at a terminal or not.")
        )
    )
    var qr = false

    @Option(
        help: ArgumentHelp(
            say("服务器地址", "The server's address, where it is not the one last served."),
            valueName: "URL"
        )
    )
    var url: String?

    /// The link with a code.
    func link(
        with code: OneTimeCode,
        of service: SyncService,
        _ store: any Store
    ) async throws -> EnrolmentLink {
        try await EnrolmentLinks(to: url, of: service, on: store).link(code)
    }

    /// Shows a link, and what is to be run on the device with it.
    func show(
        _ link: EnrolmentLink,
        _ expires: Int64,
        _ options: CommonOptions,
        flag: String = ""
    ) throws {
        if options.json {
            return try Console.out(
                json: [
                    "link": link.text, "code": link.code, "expires": SystemClock.iso(expires),
                ])
        }
        Console.out(link.text)
        // Whoever looks at a terminal can hold a phone to it; a script gets the link alone.
        if qr || Console.isWatched, let code = QRCode(link.text) {
            for line in code.lines(colours: Console.isWatched) { Console.note(line) }
        }
        Console.note(
            say(
                "请在设备上运行：residence enroll '\(link.text)'\(flag)\n一次有效，\(SystemClock.text(expires)) 前使用。",
                "On the device: residence enroll '\(link.text)'\(flag)\n"
                    + "It works once, until \(SystemClock.text(expires))."
            )
        )
    }
}

extension DeviceCommand {
    /// Gives a device a new key.
    struct Rekey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "re-key",
            abstract: say(
                "更换设备密钥，生成一次性链接；旧密钥即刻失效",
                "Give a device a new key: prints a one-time link; the old key is refused at once [A-12]."
            ),
            discussion: say(
                """
                用于分叉（被克隆或由旧镜像恢复）的设备，或密钥可能泄露的设备。在设备上运行 residence enroll 链接 --rekey：\
                责任区、岗位、未送出的采集全部保留，以新密钥继续，已送达的不会重复。两份副本各用一条链接，各成一台设备；\
                旧记录作为历史保留。再次运行本命令得到另一条链接。
                """,
                """
                For a device that forked (it was cloned, or restored from an old image), or whose key somebody may know. \
                On it, residence enroll LINK --rekey: areas, role and what was not sent stay, and nothing counts twice. \
                Each copy takes a link of its own and is a device of its own then; the old one stays as history. \
                Run this again for another link.
                """
            )
        )

        @OptionGroup var options: CommonOptions
        @OptionGroup var chosen: ChosenDevice
        @OptionGroup var shown: ShownLink
        @Option(help: ArgumentHelp(say("新名称（缺省不变）", "What to call it from now on.")))
        var name: String?
        @Option(help: ArgumentHelp(say("原因", "Why."), valueName: "TEXT")) var reason = ""
        @Option(help: ArgumentHelp(say("由谁办理", "Who does it."), valueName: "NAME"))
        var by: String?

        func run() async throws {
            try await options.run {
                let (service, store) = try await options.service()
                let device = try await chosen.foundEvenRekeyed(by: service)
                let (_, code, expires) = try await service.rekey(
                    device.id,
                    named: name,
                    reason: reason,
                    for: options.somebody(by)
                )
                let link = try await shown.link(with: code, of: service, store)
                try shown.show(link, expires, options, flag: " --rekey")
            }
        }
    }
}
