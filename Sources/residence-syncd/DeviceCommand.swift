internal import ArgumentParser
internal import Foundation
internal import StoreSQLite
internal import SyncProtocol
internal import SyncServer
internal import SyncTrust
internal import Terminal

/// `residence-syncd device …`: a device's life, from the operator's side.
struct DeviceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "device",
        abstract: say("管理设备", "Enrol and list devices."),
        subcommands: [
            Add.self, AddAll.self, List.self, Areas.self, Handover.self, Rekey.self, Suspend.self,
            Resume.self, Revoke.self, Confirm.self,
        ]
    )

    /// Expects a device: prints the link that its coordinator needs.
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("登记新设备，生成一次性链接", "Expect a device; prints a one-time link."),
            discussion: say(
                "设备换人使用：device add --principal 新人 --replaces 旧设备 --area …，在设备上 residence enroll --afresh；新人登记后旧设备即被撤销。",
                "A handheld for another person: add --principal NEW --replaces OLD --area …, then residence enroll --afresh on it; once it is enrolled, the old device is revoked [O-03]."
            )
        )

        @OptionGroup var options: CommonOptions
        @OptionGroup var shown: ShownLink

        @Option(help: ArgumentHelp(say("设备名称", "What to call it, and who holds it.")))
        var name: String?

        @Option(help: ArgumentHelp(say("使用人", "Who holds it."), valueName: "PERSON"))
        var principal: String?

        @Option(
            help: ArgumentHelp(
                say(
                    "所替换的旧设备，新设备登记后即被撤销",
                    "The device that it replaces: revoked once this one is enrolled."
                ),
                valueName: "DEVICE"
            )
        )
        var replaces: String?

        @Option(
            name: .customLong("area"),
            parsing: .singleValue,
            help: ArgumentHelp(
                say("责任区划代码，可多次给出", "An area that it may hold; may be repeated."),
                valueName: "CODE"
            )
        )
        var areas: [String]

        @Option(
            help: ArgumentHelp(
                say(
                    "岗位：coordinator 协管员、supervisor 站长、reviewer 审核人员、operator 运维人员",
                    "coordinator, supervisor, reviewer or operator."
                ),
                valueName: "ROLE"
            )
        )
        var role = "coordinator"

        @Option(
            help: ArgumentHelp(
                say("所属部门（如 人力社保）", "The department that speaks through it.")
            )
        )
        var department: String?
        @OptionGroup var granted: ScopeOptions

        func validate() throws {
            guard name != nil || principal != nil else {
                throw ValidationError(say("请写 --name 或 --principal", "Give --name or --principal"))
            }
        }

        func run() async throws {
            try await options.run {
                let codes = try areas.map(Self.area)
                let (service, store) = try await options.service()
                let (code, expires) = try await expected(by: service, codes)
                let link = try await shown.link(with: code, of: service, store)
                try shown.show(link, expires, options)
            }
        }

        private func expected(
            by service: SyncService,
            _ areas: [AreaCode]
        ) async throws -> (code: OneTimeCode, expires: Int64) {
            let called = [principal, name].compactMap(\.self).joined(separator: " ")
            let role = try Self.role(role)
            let scope = try granted.scope(of: department)
            guard let replaces else {
                return try await service.expectDevice(
                    named: called,
                    areas: areas,
                    department: department,
                    role: role,
                    scope: scope
                )
            }
            return try await service.expectReplacement(
                of: try await ChosenDevice.found(replaces, by: service).id,
                named: called,
                areas: areas,
                department: department,
                role: role,
                scope: scope
            )
        }

        static func area(_ text: String) throws -> AreaCode {
            guard let area = AreaCode(text) else {
                throw SyncError(
                    "area_malformed",
                    "区划代码不对 \(text) is not an area code",
                    hint: "2, 4, 6, 9 or 12 digits, for example 330921101.",
                    subject: "--area"
                )
            }
            return area
        }

        static func role(_ text: String) throws -> Role {
            let known = Role.allCases.filter { $0 != .department }
            guard let role = known.first(where: { [$0.rawValue, $0.label.zh].contains(text) })
            else {
                throw SyncError(
                    "role_unknown",
                    "没有这种岗位 There is no role \(text)",
                    hint: known.map { "\($0.rawValue) \($0.label.zh)" }.joined(separator: "、"),
                    subject: "--role"
                )
            }
            return role
        }
    }

    /// Lists every device.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("列出设备", "List every device.")
        )

        @OptionGroup var options: CommonOptions

        func run() async throws {
            try await options.run {
                let service = try await options.service().service
                let (devices, lags) = try await (service.devices(), service.lags())
                let now = service.now
                if options.json {
                    return try Console.out(
                        json: devices.map { Row($0, lag: lags[$0.id] ?? 0, now: now) }
                    )
                }
                var table = Table([
                    say("名称", "name"), say("设备", "device"), say("岗位", "role"), say("区划", "areas"),
                    say("已收变更", "changes"), say("待送", "pending"), say("未读", "lag"),
                    say("最近联系", "last contact"), say("闲置", "idle"), say("时钟偏差", "clock"),
                    say("程序", "software"), say("状态", "state"),
                ])
                for device in devices {
                    table.add([
                        device.name, String(device.id.description.prefix(12)),
                        device.roleText,
                        device.grant.areas.map(\.rawValue).joined(separator: " "),
                        String(device.highWater.rawValue), String(device.pending),
                        String(lags[device.id] ?? 0),
                        device.lastContact.map(SystemClock.text) ?? "–",
                        Self.idle(device, since: now, lease: service.leaseDays),
                        "\(device.clockOffset / 1000) s", device.software,
                        Self.state(of: device),
                    ])
                }
                Console.out(table.text)
            }
        }

        /// For how long it was not heard of; marked where that is longer than what it holds may be shown.
        private static func idle(
            _ device: StoredDevice,
            since now: Int64,
            lease: UInt32
        ) -> String {
            guard let days = Row.idleDays(device, now) else { return "–" }
            let isOver = lease > 0 && days >= Int64(lease)
            return say("\(days) 天", "\(days) d")
                + (isOver ? say("，超过租期", ", beyond its lease") : "")
        }

        private static func state(of device: StoredDevice) -> String {
            if let claimed = device.claimed {
                let areas = claimed.areas.map(\.rawValue).joined(separator: " ")
                return say("等待确认（自称 \(areas)）", "waits to be confirmed (says \(areas))")
            }
            if let revoked = device.revoked {
                return revoked.heardAt == nil
                    ? say("已撤销，设备尚未得知", "revoked, not heard of it yet")
                    : say("已撤销", "revoked")
            }
            if device.succession.rekeyedAt != nil {
                return device.forkedAt == nil
                    ? say("已换密钥", "re-keyed") : say("分叉，已换密钥", "forked, re-keyed")
            }
            if device.suspendedAt != nil { return say("已暂停", "suspended") }
            if device.forkedAt != nil { return say("分叉", "forked") }
            let former = device.succession.predecessor.map { String($0.description.prefix(12)) }
            let since = former.map { say("，接续 \($0)", ", goes on from \($0)") } ?? ""
            return
                (device.holes.isEmpty
                ? say("正常", "active") : say("正常，有缺口", "active, with a hole")) + since
        }
    }

    /// Confirms a device that came back after a restore.
    struct Confirm: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("确认恢复后回来的设备", "Confirm a device that came back after a restore [X-07].")
        )

        @OptionGroup var options: CommonOptions

        @Argument(
            help: ArgumentHelp(
                say("设备编号或其开头", "The device's id, or its first digits."),
                valueName: "ID"
            )
        )
        var id: String

        @Option(
            name: .customLong("area"),
            parsing: .singleValue,
            help: ArgumentHelp(
                say("责任区划代码，可多次给出", "An area that it may hold; may be repeated."),
                valueName: "CODE"
            )
        )
        var areas: [String]

        @Option(help: ArgumentHelp(say("岗位", "Its role."), valueName: "ROLE"))
        var role = "coordinator"
        @Option(help: ArgumentHelp(say("所属部门", "The department that speaks through it.")))
        var department: String?
        @OptionGroup var granted: ScopeOptions

        func run() async throws {
            try await options.run {
                let codes = try areas.map(Add.area)
                let service = try await options.service().service
                let found = try await service.devices().filter {
                    $0.claimed != nil && $0.id.description.hasPrefix(id.lowercased())
                }
                guard found.count == 1, let device = found.first else {
                    throw SyncError(
                        "device_not_waiting",
                        "没有等待确认的这台设备 No one device with \(id) waits to be confirmed",
                        hint: "residence-syncd device list 列出各设备的状态。 It lists the devices' states.",
                        subject: "ID"
                    )
                }
                let role = try Add.role(role)
                let department = department ?? device.department
                // One that was a department's is not made anybody else's by leaving that out.
                let wasOne = device.claimed?.role == .department || department != nil
                let confirmed = try await service.confirm(
                    device.id,
                    areas: codes,
                    role: wasOne ? .department : role,
                    department: department,
                    scope: wasOne && device.grant.scope != nil && !granted.isGiven
                        ? .none : .some(try granted.scope(of: wasOne ? "" : nil))
                )
                if options.json { return try Console.out(json: Row(confirmed)) }
                Console.out(
                    say(
                        "已确认 \(confirmed.name)，请其再同步一次。",
                        "\(confirmed.name) is confirmed; have it sync again."
                    )
                )
            }
        }
    }

    /// A device as scripts read it.
    struct Row: Encodable {
        var id: String
        var name: String
        var role: String
        var department: String?
        var scope: [String]?
        var areas: [String]
        var changes: UInt64
        var enrolled: String
        var lastContact: String?
        var clockOffsetMilliseconds: Int64
        var software: String
        var isForked: Bool
        var isWaiting: Bool
        var backedUp: UInt64
        var holes: [Hole]
        var pending: UInt64
        var lag: UInt64?
        var isSuspended: Bool
        var revoked: String?
        var rekeyed: String?
        var predecessor: String?
        var idleDays: Int64?

        enum CodingKeys: String, CodingKey {
            case id, name, role, department, scope, areas, changes, enrolled, software
            case lastContact = "last_contact"
            case clockOffsetMilliseconds = "clock_offset_ms"
            case isForked = "forked"
            case isWaiting = "waiting"
            case backedUp = "backed_up"
            case holes, pending, lag, revoked, rekeyed, predecessor
            case isSuspended = "suspended"
            case idleDays = "idle_days"
        }

        /// Full days since it was last heard of; `nil` before it was.
        static func idleDays(_ device: StoredDevice, _ now: Int64) -> Int64? {
            device.lastContact.map { max(0, now - $0) / (24 * 3600 * 1000) }
        }

        init(_ device: StoredDevice, lag: UInt64? = nil, now: Int64? = nil) {
            idleDays = now.flatMap { Self.idleDays(device, $0) }
            id = device.id.description
            name = device.name
            role = device.role.rawValue
            department = device.department
            scope = device.grant.scope?.names
            areas = device.grant.areas.map(\.rawValue)
            changes = device.highWater.rawValue
            enrolled = SystemClock.iso(device.enrolledAt)
            lastContact = device.lastContact.map(SystemClock.iso)
            clockOffsetMilliseconds = device.clockOffset
            software = device.software
            isForked = device.forkedAt != nil
            isWaiting = device.claimed != nil
            backedUp = device.backedUp.rawValue
            holes = device.holes
            pending = device.pending
            self.lag = lag
            isSuspended = device.suspendedAt != nil
            revoked = device.revoked.map { SystemClock.iso($0.at) }
            rekeyed = device.succession.rekeyedAt.map(SystemClock.iso)
            predecessor = device.succession.predecessor?.description
        }
    }
}
