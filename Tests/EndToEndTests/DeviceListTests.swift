import Foundation
import Testing

/// An operator who enrols a county's coordinators from a spreadsheet.
@Suite(.serialized) struct DeviceListTests {
    private func write(
        _ text: String,
        _ daemon: RunningDaemon
    ) throws -> (list: String, links: String) {
        let list = daemon.folder.appendingPathComponent("list.csv")
        try Data(text.utf8).write(to: list)
        return (list.path, daemon.folder.appendingPathComponent("links.csv").path)
    }

    private func addAll(
        _ files: (list: String, links: String),
        _ daemon: RunningDaemon
    ) throws -> Programs.Result {
        try Programs.run(
            "residence-syncd",
            "device",
            "add-all",
            files.list,
            "--links",
            files.links,
            "--data",
            daemon.data,
            "--json"
        )
    }

    @Test func `every device of a list enrols itself by the link that stands beside its name`()
        throws
    {
        let daemon = try RunningDaemon()
        let files = try write(
            """
            名称,区划,岗位
            "林小梅, 高亭",330921101,
            站长周,330921101 330921102,supervisor

            """,
            daemon
        )

        let added = try addAll(files, daemon)
        let text = try String(contentsOfFile: files.links, encoding: .utf8)
        let links = text.split(separator: "\r\n").dropFirst().compactMap {
            $0.split(separator: ",").last
        }
        for (index, link) in links.enumerated() {
            let device = daemon.device("list-\(index)")
            let enrolled = try Programs.run("residence", "--data", device, "enroll", String(link))
            #expect(enrolled.status == 0, "\(enrolled.errors)")
        }
        let listed = try Programs.run(
            "residence-syncd",
            "device",
            "list",
            "--data",
            daemon.data,
            "--json"
        )

        #expect(added.status == 0, "\(added.errors)")
        #expect(links.count == 2)
        #expect(text.contains("\"林小梅, 高亭\",330921101,http"))
        let rights = try FileManager.default.attributesOfItem(atPath: files.links)[
            .posixPermissions
        ]
        #expect(rights as? Int == 0o600)
        #expect(listed.output.contains("林小梅, 高亭"))
        #expect(listed.output.contains("supervisor"))
    }

    @Test(
        "[A-14] what a department may see has to be said, is listed, and is changed by the operator"
    )
    func department() throws {
        let daemon = try RunningDaemon()
        let about = ["device", "add", "--data", daemon.data, "--name", "社保", "--area", "330921"]
        let unsaid = try Programs.run("residence-syncd", about + ["--department", "人力社保"])
        let nobody = try Programs.run("residence-syncd", about + ["--types", "dwelling"])
        let added = try Programs.run(
            "residence-syncd",
            about + ["--department", "人力社保", "--fields", "employment.months_paid", "--json"]
        )
        let link = try #require(try added.json()["link"] as? String)
        try daemon.on("社保", "enroll", link)

        let changed = try daemon.atServer(
            "device",
            "areas",
            "社保",
            "--types",
            "employment",
            "--json"
        )
        try daemon.on("社保", "sync")
        let listed = try daemon.atServer("device", "list", "--lang", "zh")

        #expect(unsaid.status == 1 && unsaid.errors.contains("scope_missing"))
        #expect(nobody.status == 1 && nobody.errors.contains("scope_unfit"))
        #expect(try changed.json()["scope"] as? [String] == ["employment"])
        #expect(listed.output.contains("人力社保：employment"))
    }

    @Test(
        arguments: [
            ("名称,区划\n甲,330921101\n乙,3309211\n", "row 3"), ("名称,区划\n,330921101\n", "row 2"),
            ("名称,区划,岗位\n甲,330921101,船长\n", "row 2"),
            ("名称,区划,部门\n甲,330921101,人力社保\n", "row 2"), ("姓名,区划\n甲,330921101\n", "name"),
        ]
    )
    func `of a list with a wrong row no device is expected, and the row is named`(
        text: String,
        named: String
    ) throws {
        let daemon = try RunningDaemon()
        let files = try write(text, daemon)

        let added = try addAll(files, daemon)

        #expect(added.status != 0)
        #expect((added.output + added.errors).contains("device_list_invalid"))
        #expect((added.output + added.errors).contains(named))
        #expect(!FileManager.default.fileExists(atPath: files.links))
    }
}
