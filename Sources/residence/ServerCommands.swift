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
