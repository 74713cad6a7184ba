import Foundation
import Testing

/// The authorities redraw the map, people change jobs and handhelds change hands, with the programs.
@Suite(.serialized) struct AreasChangeTests {
    private static let (old, new) = ("330902001", "330902101")

    private func dwelling(
        _ address: String,
        village: String,
        on name: String,
        _ daemon: RunningDaemon
    ) throws -> String {
        let added = try daemon.on(
            name,
            "add",
            "dwelling",
            "address=\(address)",
            "area=\(Self.old)",
            "village=\(village)",
            "kind=租赁房屋",
            "--json"
        )
        return try #require(try added.json()["id"] as? String)
    }

    @Test("[P-06] a township has another code, and a device that was away follows with its work")
    func rename() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("one", areas: [Self.old])
        try daemon.person(on: "one", in: Self.old)
        try daemon.on("one", "sync")
        let late = try dwelling("海滨路2号", village: "甬东", on: "one", daemon)

        let unknown = try daemon.atServer("area", "rename", Self.old, "--to", Self.new)
        let plan = try daemon.atServer(
            "area",
            "rename",
            Self.old,
            "--to",
            Self.new,
            "--unknown-code",
            "--plan",
            "--json"
        ).json()
        let done = try daemon.atServer(
            "area",
            "rename",
            Self.old,
            "--to",
            Self.new,
            "--unknown-code",
            "--reason",
            "民政发3号",
            "--json"
        ).json()
        try daemon.on("one", "sync")

        #expect(unknown.status == 1 && unknown.errors.contains("division_unknown"))
        #expect(plan["records"] as? Int == 1 && plan["moved"] as? Int == 0)
        #expect((plan["devices"] as? [[String: Any]])?.first?["after"] as? [String] == [Self.new])
        #expect(done["moved"] as? Int == 1)
        let shown = try daemon.atServer("show", late, "--json")
        let status = try daemon.on("one", "status", "--json").output
        let held = try daemon.on("one", "list", "person").output
        #expect(shown.output.contains(Self.new), "\(shown.output)")
        #expect(status.contains(Self.new) && held.contains("王小明"))
        let history = try daemon.atServer("area", "history", "--lang", "en").output
        let listed = try daemon.atServer("area", "list", "--json").output
        let log = try daemon.atServer("access", "--json").output
        #expect(history.contains("民政发3号") && listed.contains(Self.new))
        #expect(log.contains("rename: 民政发3号"))
    }

    @Test("[P-08] a township is split by a file that somebody filled in, and by villages")
    func split() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("one", areas: [Self.old])
        let first = try dwelling("=1+1号", village: "甬东", on: "one", daemon)
        let second = try dwelling("人民路1号", village: "白泉", on: "one", daemon)
        let third = try dwelling("人民路2号", village: "城中", on: "one", daemon)
        try daemon.on("one", "sync")
        let file = daemon.folder.appendingPathComponent("split.csv")

        let written = try daemon.atServer("area", "list", Self.old, "--csv", file.path)
        var text = try String(contentsOf: file, encoding: .utf8)
        let lines = text.split(separator: "\r\n").map { line in
            line.hasPrefix(first) ? line + "330902102" : line
        }
        text = lines.joined(separator: "\r\n")
        try Data(text.utf8).write(to: file)
        let done = try daemon.atServer(
            "area",
            "split",
            Self.old,
            "--into",
            Self.old,
            "--into",
            "330902102",
            "--where",
            file.path,
            "--village",
            "白泉=330902102",
            "--unknown-code"
        )
        try daemon.on("one", "sync")

        #expect(written.status == 0 && text.contains("'=1+1号") && lines.count == 4)
        #expect(done.status == 0, "\(done.errors)")
        let areas = try daemon.atServer("area", "list", "--json").output
        #expect(areas.contains("330902102"))
        for (id, code) in [(first, "330902102"), (second, "330902102"), (third, Self.old)] {
            let shown = try daemon.atServer("show", id, "--lang", "en").output
            let line = shown.split(separator: "\n").first { $0.hasPrefix("areas") }
            #expect(line?.contains(code) == true, "\(shown)")
        }
        let status = try daemon.on("one", "status", "--json").output
        #expect(status.contains("330902102"))
    }

    @Test("[O-02] what was returned to one coordinator is mended by the one who was given the work")
    func handover() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("one", areas: [Self.old])
        try daemon.enrol("two", areas: ["330902002"])
        try daemon.person(on: "one", in: Self.old)
        try daemon.on("one", "sync")
        // Captured for a place that is not the device's: the server returns it.
        let id =
            try daemon.on(
                "one",
                "add",
                "dwelling",
                "address=海滨路2号",
                "area=330902009",
                "kind=租赁房屋",
                "--json"
            ).json()["id"] as? String
        try daemon.on("one", "sync")

        let given = try daemon.atServer("device", "handover", "one", "two", "--json")
        let report = try given.json()
        for device in ["one", "two"] { try daemon.on(device, "sync") }
        let handed = try daemon.on("two", "returned", "--handed", "--json").output
        let list = try JSONSerialization.jsonObject(with: Data(handed.utf8)) as? [[String: Any]]
        let number = try #require(list?.first?["number"] as? Int)
        let mended = try daemon.on(
            "two",
            "mend",
            String(number),
            "area=\(Self.old)",
            "--handed",
            "--json"
        ).json()
        for device in ["one", "two"] { try daemon.on(device, "sync") }

        #expect(given.status == 0 && report["returned"] as? Int == 1)
        #expect(list?.first?["author"] as? String == "one" && mended["record"] as? String == id)
        let (left, arrived) = try (
            daemon.on("one", "list", "person").output, daemon.on("two", "list", "person").output
        )
        #expect(!left.contains("王小明") && arrived.contains("王小明"))
        #expect(try daemon.on("two", "list", "dwelling").output.contains("海滨路2号"))
        let settled = try daemon.on("one", "returned", "--json").output
        #expect(settled.contains("mended") && settled.contains("two"))
    }

    @Test("[O-03] a handheld is another person's: it keeps nothing, and the old device is revoked")
    func afresh() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("one", areas: [Self.old])
        try daemon.person(on: "one", in: Self.old)
        let added = try daemon.atServer(
            "device",
            "add",
            "--principal",
            "林小梅",
            "--replaces",
            "one",
            "--area",
            "330902002",
            "--json"
        )
        let link = try #require(try added.json()["link"] as? String)
        let data = daemon.device("one")

        let plain = try Programs.run("residence", "--data", data, "enroll", link)
        let unsent = try Programs.run("residence", "--data", data, "enroll", link, "--afresh")
        try daemon.on("one", "sync")
        let fresh = try Programs.run("residence", "--data", data, "enroll", link, "--afresh")
        try daemon.on("one", "sync")

        #expect(plain.status == 1 && plain.errors.contains("already_enrolled"))
        #expect(unsent.status == 1 && unsent.errors.contains("unsent_work"))
        #expect(fresh.status == 0, "\(fresh.errors)")
        let held = try daemon.on("one", "list", "person").output
        let devices = try daemon.atServer("device", "list", "--lang", "en").output
        let lines = devices.split(separator: "\n")
        #expect(!held.contains("王小明"))
        #expect(lines.contains { $0.hasPrefix("one") && $0.contains("revoked") }, "\(devices)")
        #expect(lines.contains { $0.hasPrefix("林小梅") && $0.contains("active") })
        let files = try FileManager.default.contentsOfDirectory(atPath: data)
        for file in files {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: data + "/" + file))
            #expect(bytes.range(of: Data("王小明".utf8)) == nil, "\(file)")
        }
    }
}
