internal import ArgumentParser
internal import Foundation
internal import ResidenceDomain
internal import SyncProtocol
internal import SyncServer
internal import SyncTrust
internal import Terminal

/// Writes the links by which devices of one server enrol themselves.
struct EnrolmentLinks {
    private let address: String
    private let fingerprint: String
    private let pin: String?

    /// Links to an address; without one, to where the server was last served.
    init(to url: String?, of service: SyncService, on store: any Store) async throws {
        let (kept, pin) = try await store.read { transaction in
            try (transaction.setting(.publicURL), transaction.setting(.tlsPin))
        }
        let address =
            url ?? kept.map { String(decoding: $0, as: UTF8.self) } ?? "http://127.0.0.1:7800"
        self.address = address
        fingerprint = service.fingerprint
        self.pin = pin.flatMap { pin in
            guard address.hasPrefix("https"), !pin.isEmpty else { return nil }
            return String(decoding: pin, as: UTF8.self)
        }
    }

    func link(_ code: OneTimeCode) -> EnrolmentLink {
        EnrolmentLink(
            address: address,
            code: code.description,
            fingerprint: fingerprint,
            pin: pin
        )
    }
}

extension DeviceCommand {
    /// Expects every device of a list.
    struct AddAll: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add-all",
            abstract: say("按名单登记多台设备", "Expect every device of a list."),
            discussion: say(
                """
                名单为 CSV：名称、区划两列必有，岗位、部门可有可无；部门须另有类型或字段列；一台设备有几个区划时以空格隔开。名单有误则一台也不登记。
                生成的链接等同于钥匙：文件仅所有者可读，发放后请删除。
                """,
                """
                The list is a CSV file with the columns name and areas, and where wanted role and department, of which types or fields say what it may see; several areas of \
                a device are set apart by blanks. Where a row is wrong, no device is expected. \
                The links are as good as keys: the file is its owner's alone; delete it once they are handed out.
                """
            )
        )

        @OptionGroup var options: CommonOptions
        @Argument(help: ArgumentHelp(say("名单", "The list."), valueName: "LIST.csv"))
        var list: String
        @Option(
            help: ArgumentHelp(say("链接写到哪里", "Where the links go."), valueName: "LINKS.csv")
        )
        var links: String
        @Option(help: ArgumentHelp(say("链接几天内有效", "How many days the links work.")))
        var days = 1
        @Option(
            help: ArgumentHelp(
                say("服务器地址", "The server's address, where it is not the one last served."),
                valueName: "URL"
            )
        )
        var url: String?

        func validate() throws {
            guard (1...60).contains(days) else {
                throw ValidationError(say("--days 为 1 至 60", "--days is 1 to 60"))
            }
        }

        func run() async throws {
            try await options.run {
                let expected = try DeviceList(path: list).devices
                let (service, store) = try await options.service()
                let written = try await EnrolmentLinks(to: url, of: service, on: store)
                let file = try LineFile(links)
                try file.add(text: "\u{FEFF}name,areas,link\r\n")
                for device in expected {
                    let areas = device.areas.map(\.rawValue).joined(separator: " ")
                    let cells = [device.name, areas, written.link(device.code).text]
                    try file.add(text: CSVLine(cells).text)
                }
                // The links are on the disk before any of them works: none is lost.
                try file.close()
                let expires = try await service.expectDevices(
                    expected,
                    lifetime: Int64(days) * 24 * 3_600_000
                )
                try tell(expected.count, expires)
            }
        }

        private func tell(_ count: Int, _ expires: Int64) throws {
            if options.json {
                return try Console.out(
                    json: [
                        "devices": String(count), "links": links,
                        "expires": SystemClock.iso(expires),
                    ])
            }
            Console.out(
                say(
                    "\(count) 台设备的链接已写入 \(links)，各一次有效，\(SystemClock.text(expires)) 前使用。",
                    "The links of \(count) devices are in \(links); each works once, until \(SystemClock.text(expires))."
                )
            )
        }
    }
}

/// The devices of a list: a CSV file with a row for each.
private struct DeviceList {
    private(set) var devices: [ExpectedDevice] = []

    private static let columns = [
        "name": ["name", "名称"], "areas": ["areas", "区划"], "role": ["role", "岗位"],
        "department": ["department", "部门"], "types": ["types", "类型"],
        "fields": ["fields", "字段"],
    ]

    /// Throws `device_list_invalid` with the first row that is wrong.
    init(path: String) throws {
        do {
            let reader = try CSVReader(path: path)
            var header: [String] = []
            while let row = try reader.next() {
                guard !header.isEmpty else {
                    header = row.cells.map(Self.column)
                    guard header.contains("name"), header.contains("areas") else {
                        throw Self.wrong(
                            row.row,
                            "须有名称与区划两列 The columns name and areas are needed",
                            path
                        )
                    }
                    continue
                }
                let cells = Dictionary(zip(header, row.cells)) { first, _ in first }
                devices.append(try Self.device(cells.mapValues(Self.trimmed), row.row, path))
            }
        } catch let error as LedgerError {
            throw Self.wrong(nil, "\(error.message) \(error.english)", path)
        }
    }

    private static func column(_ heading: String) -> String {
        let heading = trimmed(heading).lowercased()
        return columns.first { $0.value.contains(heading) }?.key ?? heading
    }

    private static func device(
        _ cells: [String: String],
        _ row: Int,
        _ path: String
    ) throws -> ExpectedDevice {
        guard let name = cells["name"], !name.isEmpty else {
            throw wrong(row, "名称是空的 The name is empty", path)
        }
        let texts = (cells["areas"] ?? "").split(whereSeparator: { " ;、，；".contains($0) })
        guard !texts.isEmpty else { throw wrong(row, "区划是空的 There is no area", path) }
        func cell(_ name: String) -> String? { cells[name].flatMap { $0.isEmpty ? nil : $0 } }
        let department = cell("department")
        let granted = ScopeOptions(types: cell("types"), fields: cell("fields"))
        do {
            return ExpectedDevice(
                name: name,
                areas: try texts.map { try DeviceCommand.Add.area(String($0)) },
                department: department,
                role: try cell("role").map(DeviceCommand.Add.role) ?? .coordinator,
                scope: try granted.scope(of: department)
            )
        } catch let error as SyncError {
            throw wrong(row, error.message, path)
        }
    }

    private static func trimmed(_ text: String) -> String {
        text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func wrong(_ row: Int?, _ what: String, _ path: String) -> SyncError {
        let place = row.map { "第 \($0) 行 row \($0): " } ?? ""
        return SyncError(
            "device_list_invalid",
            place + what,
            hint: "一台设备也未登记；请改好名单再试。 No device is expected; mend the list and try again.",
            subject: path
        )
    }
}
