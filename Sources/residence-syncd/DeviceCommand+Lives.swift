internal import ArgumentParser
internal import StoreSQLite
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// The device that a command is about.
struct ChosenDevice: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            say("设备编号或其开头，或名称", "The device's id, its first digits, or its name."),
            valueName: "DEVICE"
        )
    )
    var device: String

    /// Throws `device_ambiguous` and `device_not_found`.
    func found(by service: SyncService) async throws -> StoredDevice {
        try await Self.found(device, by: service)
    }

    /// The same, where the old one of two that go by a name may be meant.
    func foundEvenRekeyed(by service: SyncService) async throws -> StoredDevice {
        try await Self.found(device, by: service, evenRekeyed: true)
    }

    /// The device that a name, or the first digits of an id, mean.
    ///
    /// A name means whoever goes by it now: not one in whose place another key was given out, as long as there
    /// is another.
    static func found(
        _ device: String,
        by service: SyncService,
        evenRekeyed: Bool = false
    ) async throws -> StoredDevice {
        let all = try await service.devices()
        var named = all.filter { $0.name == device }
        let current = named.filter { $0.succession.rekeyedAt == nil }
        if !evenRekeyed, !current.isEmpty { named = current }
        // A name is meant before the first digits of an id, and few digits are nobody's.
        let matching =
            named.isEmpty && device.count >= 6
            ? all.filter { $0.id.description.hasPrefix(device.lowercased()) } : named
        guard matching.count <= 1 else {
            throw SyncError(
                "device_ambiguous",
                "有 \(matching.count) 台设备符合 “\(device)” \(matching.count) devices match",
                hint: matching.map { "\($0.id.description.prefix(12)) \($0.name)" }
                    .joined(separator: "，"),
                subject: "DEVICE"
            )
        }
        guard let device = matching.first else {
            throw SyncError(
                "device_not_found",
                "没有这台设备 No device is called, or begins with, \(device)",
                hint:
                    "给出名称，或编号的前 6 位以上。 Its name, or six digits of its id at least. residence-syncd device list 列出各设备。 It lists the devices.",
                subject: "DEVICE"
            )
        }
        return device
    }
}

extension DeviceCommand {
    /// Gives a device other areas.
    struct Areas: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say(
                "改变责任区、岗位或部门授权",
                "Give a device other areas, another role or scope [A-06]."
            ),
            discussion: say(
                "下次同步时生效：新责任区的记录整体送达；不再负责的，先送出未同步的采集，再从设备上清除。",
                "It holds from the next sync: a new area arrives whole; one taken away is erased after its unsent changes went up."
            )
        )

        @OptionGroup var options: CommonOptions
        @OptionGroup var chosen: ChosenDevice

        @Option(
            name: .customLong("set"),
            parsing: .singleValue,
            help: ArgumentHelp(
                say("责任区划代码，可多次给出，替换原有的", "An area, in place of those it has; may be repeated."),
                valueName: "CODE"
            )
        )
        var replacing: [String] = []

        @Option(
            name: .customLong("add"),
            parsing: .singleValue,
            help: ArgumentHelp(say("增加的区划代码", "An area to add."), valueName: "CODE")
        )
        var added: [String] = []

        @Option(
            name: .customLong("remove"),
            parsing: .singleValue,
            help: ArgumentHelp(say("取消的区划代码", "An area to take away."), valueName: "CODE")
        )
        var removed: [String] = []

        @Option(help: ArgumentHelp(say("岗位", "Its role."), valueName: "ROLE"))
        var role: String?
        @OptionGroup var granted: ScopeOptions

        func run() async throws {
            try await options.run {
                let service = try await options.service().service
                let device = try await chosen.found(by: service)
                let areas = try changed(device.grant.areas)
                let changed = try await service.assign(
                    areas,
                    role: try role.map(Add.role),
                    scope: try granted.scope,
                    to: device.id
                )
                if options.json { return try Console.out(json: Row(changed)) }
                let codes = changed.grant.areas.map(\.rawValue).joined(separator: " ")
                Console.out(
                    say(
                        "\(changed.name) 的责任区：\(codes)（第 \(changed.grant.number) 次分配，下次同步生效）",
                        "\(changed.name) holds \(codes) (grant \(changed.grant.number), from its next sync)"
                    )
                )
            }
        }

        private func changed(_ known: [AreaCode]) throws -> [AreaCode] {
            let (new, more, less) = try (
                replacing.map(Add.area), added.map(Add.area), removed.map(Add.area)
            )
            for area in less where !known.contains(area) {
                throw SyncError(
                    "area_not_held",
                    "设备没有责任区 The device does not hold \(area.rawValue)",
                    hint: known.map(\.rawValue).joined(separator: " "),
                    subject: "--remove"
                )
            }
            guard new.isEmpty || less.isEmpty else {
                throw SyncError(
                    "options_contradict",
                    "--set 与 --remove 不能同时使用 --set and --remove contradict each other",
                    hint: "只用其中之一。 Use one of them.",
                    subject: "--remove"
                )
            }
            let kept = new.isEmpty ? known.filter { !less.contains($0) } : new
            let areas = kept + more.filter { !kept.contains($0) }
            guard !areas.isEmpty else {
                throw SyncError(
                    "areas_missing",
                    "设备至少要有一个责任区 A device holds at least one area",
                    hint:
                        "不再使用的设备请用 device suspend 或 device revoke。 Suspend or revoke a device that is not in use.",
                    subject: "--remove"
                )
            }
            return areas
        }
    }

    /// Suspends a device.
    struct Suspend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say(
                "暂停设备：不能同步，采集照常",
                "Suspend a device: it may not sync, and goes on capturing [A-07]."
            )
        )

        @OptionGroup var options: CommonOptions
        @OptionGroup var chosen: ChosenDevice

        func run() async throws { try await DeviceCommand.set(true, options, chosen) }
    }

    /// Lets a suspended device sync again.
    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("恢复已暂停的设备", "Let a suspended device sync again.")
        )

        @OptionGroup var options: CommonOptions
        @OptionGroup var chosen: ChosenDevice

        func run() async throws { try await DeviceCommand.set(false, options, chosen) }
    }

    /// Revokes a device.
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say(
                "撤销设备：下次联系时清除其数据与密钥",
                "Revoke a device: at its next contact it is erased [A-08]."
            ),
            discussion: say(
                "未送出的采集先用服务器公钥封存。加 --take-outbox 时由设备送达；否则请从设备导出，用 residence-syncd import 收下。",
                "What was not sent is first sealed to the server's key. With --take-outbox the device delivers it; without, its file is taken with residence-syncd import."
            )
        )

        @OptionGroup var options: CommonOptions
        @OptionGroup var chosen: ChosenDevice

        @Flag(help: ArgumentHelp(say("接收设备送达的封存采集", "Take what it seals when it delivers it.")))
        var takeOutbox = false

        @Flag(
            help: ArgumentHelp(
                say("即使已分叉：其未送出的采集将丢失", "Even a forked one: what it has not sent is lost.")
            )
        )
        var evenForked = false

        func run() async throws {
            try await options.run {
                let service = try await options.service().service
                let device = try await chosen.found(by: service)
                let revoked = try await service.revoke(
                    device.id,
                    takesOutbox: takeOutbox,
                    evenForked: evenForked
                )
                if options.json { return try Console.out(json: Row(revoked)) }
                Console.out(
                    say(
                        "已撤销 \(revoked.name)，下次联系时清除。",
                        "\(revoked.name) is revoked; at its next contact it is erased."
                    )
                )
            }
        }
    }

    fileprivate static func set(
        _ isSuspended: Bool,
        _ options: CommonOptions,
        _ chosen: ChosenDevice
    ) async throws {
        try await options.run {
            let service = try await options.service().service
            let device = try await chosen.found(by: service)
            let changed = try await service.suspend(device.id, isSuspended)
            if options.json { return try Console.out(json: Row(changed)) }
            Console.out(
                isSuspended
                    ? say("已暂停 \(changed.name)。", "\(changed.name) is suspended.")
                    : say("已恢复 \(changed.name)。", "\(changed.name) may sync again.")
            )
        }
    }
}
