internal import ArgumentParser
internal import LocalSQLite
internal import SyncClient
internal import SyncProtocol
internal import Terminal

/// `residence status`: how things stand on this device.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("本设备概况", "How things stand on this device.")
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await options.run { client, store in
            let status = try await client.status()
            let receipt = try await client.lastReceipt()
            if options.json {
                return try Console.out(
                    json: StatusDocument(status, receipt, isEncrypted: store.isSealed)
                )
            }
            var table = Table([say("项目", "what"), say("内容", "how it is")])
            let ended = status.profile == nil ? status.ended : nil
            table.add([
                say("设备", "device"),
                status.profile?.name ?? ended?.name ?? say("未登记", "not enrolled"),
            ])
            if let ended {
                let when = ended.revokedAt.map { Moment.text($0) } ?? "–"
                table.add([
                    say("已撤销", "revoked"),
                    say(
                        "\(when)，封存待送 \(ended.changes) 条",
                        "\(when), \(ended.changes) changes under seal"
                    ),
                ])
            }
            table.add([say("状态", "state"), DeviceStanding(status).words(status)])
            table.add([
                say("本机加密", "sealed"),
                store.isSealed
                    ? say("是", "yes")
                    : say("否；residence passphrase set 加密", "no; residence passphrase set seals it"),
            ])
            if let lease = status.lease {
                table.add([
                    say("租期", "lease"),
                    say(
                        "\(lease.days) 天，还剩 \(lease.daysLeft) 天；每次同步重新计算",
                        "\(lease.days) days, \(lease.daysLeft) left; each sync begins it anew"
                    ),
                ])
            }
            if let profile = status.profile {
                table.add([say("服务器", "server"), profile.server])
                // A department that sees some fields only holds no records.
                let isPartial = profile.grant.role == .department && profile.grant.areas.isEmpty
                table.add([
                    say("责任区", "areas"),
                    isPartial
                        ? say(
                            "部门授权：记录不下发，在服务器上查看",
                            "a department's: records are read at the server"
                        )
                        : profile.grant.areas.map(\.rawValue).joined(separator: " "),
                ])
            }
            for type in Schema.current.types {
                table.add([say(type.zh, type.en), String(status.counts[type.number] ?? 0)])
            }
            table.add([say("待同步变更", "changes waiting"), String(status.unanswered)])
            table.add([say("退回变更", "changes returned"), String(status.returned.count)])
            table.add([say("待审核冲突", "open conflicts"), String(status.conflicts)])
            table.add([say("上次同步", "last sync"), StatusDocument.lastSync(status) ?? "–"])
            if let repair = status.profile?.lastRepair {
                table.add([
                    say("上次修复", "last repair"),
                    say("\(repair.records) 条，", "\(repair.records) records, ")
                        + Moment.text(repair.time),
                ])
            }
            if let receipt {
                let number = receipt.sequence.rawValue
                table.add([
                    say("服务器回执", "receipt"),
                    say("第 \(number) 条变更为止，", "up to change \(number), ")
                        + Moment.text(receipt.time),
                ])
            }
            Console.out(table.text)
            for entry in status.returned.prefix(20) {
                let why = entry.outcome?.message.inCurrentLanguage ?? ""
                Console.out("  \(entry.record.description.prefix(13))  \(why)")
            }
        }
    }
}
