import Foundation
import Testing

/// A reviewer's working hour, played with the programs as people use them.
@Suite(.serialized) struct ReviewersHourTests {
    private static let number = "11010519491231002X"

    @Test func `a conflict is seen on both sides, settled in one step, and heard of by all`() throws
    {
        let daemon = try Self.station()
        let id = try Self.person(on: daemon)
        try daemon.on("one", "edit", id, "name=王晓明")
        try daemon.on("two", "edit", id, "name=王肖明")
        for device in ["one", "two", "chief"] { try daemon.on(device, "sync") }

        let shown = try daemon.on("chief", "conflicts", "1", "--lang", "en").output
        try daemon.on("chief", "resolve", "1", "name=王小明明", "--reason", "saw the document")
        for device in ["chief", "one", "two"] { try daemon.on(device, "sync") }

        #expect(Self.columns(of: "王晓明", and: "王肖明", in: shown))
        for device in ["one", "two", "chief"] {
            let record = try daemon.on(device, "show", id, "--json").json()
            #expect((record["fields"] as? [String: Any])?["name"] as? String == "王小明明")
            let open = try daemon.on(device, "conflicts", "--json").json()
            #expect((open["conflicts"] as? [Any] ?? []).isEmpty)
        }
        let history = try daemon.on("one", "history", id, "--lang", "en").output
        #expect(history.contains("王肖明 proposed, not taken"))
        #expect(history.contains("saw the document"))
        let first = try daemon.on("one", "history", id, "--at", "1", "--json").json()
        let then = first["recordThen"] as? [String: Any]
        let body = (then?["body"] as? [String: Any])?["person"] as? [String: Any]
        #expect(body?["name"] as? String == "王小明")
    }

    @Test func `a coordinator may not settle, and is told who may`() throws {
        let daemon = try Self.station()
        let id = try Self.person(on: daemon)
        try daemon.on("one", "edit", id, "name=王晓明")
        try daemon.on("two", "edit", id, "name=王肖明")
        for device in ["one", "two"] { try daemon.on(device, "sync") }

        let refused = try Programs.run(
            "residence",
            "--data",
            daemon.device("two"),
            "resolve",
            "1",
            "mine"
        )
        let settled = try daemon.atServer("conflicts", "resolve", "1", "提出", "--by", "周审核")
        let again = try daemon.atServer("conflicts", "resolve", "1", "原有", "--json")

        #expect(refused.status == 1)
        #expect(refused.errors.contains("role_forbidden") && refused.errors.contains("审核人员"))
        #expect(settled.status == 0 && settled.output.contains("周审核"))
        #expect(again.status == 1 && again.output.contains("conflict_closed"))
    }

    @Test
    func `a returned capture is explained, mended on the device, or thrown away with a reason`()
        throws
    {
        let daemon = try Self.station()
        for (name, number) in [("外人", Self.number), ("路人", "34011119701005450X")] {
            try daemon.on(
                "one",
                "add",
                "person",
                "name=\(name)",
                "document_number=\(number)",
                "captured_in=330922"
            )
        }
        try daemon.on("one", "sync")

        let returned = try daemon.on("one", "returned", "--json").json()
        let entries = try #require(returned["returned"] as? [[String: Any]])
        let mended = try #require(entries.first?["record"] as? String)
        try daemon.on("one", "mend", mended, "captured_in=330921")
        let list = try daemon.atServer("quarantine", "--json").json()
        let last = try #require((list["entries"] as? [[String: Any]])?.last?["id"] as? Int)
        let silent = try daemon.atServer("quarantine", "discard", "\(last)", "--reason", " ")
        let told = try daemon.atServer("quarantine", "discard", "\(last)", "--reason", "辖区不对")
        let heard = try daemon.on("one", "sync").output

        #expect(entries.map { $0["code"] as? String } == ["outside_areas", "outside_areas"])
        #expect(silent.status == 1 && told.status == 0)
        #expect(heard.contains("辖区不对"))
        let left = try daemon.on("one", "returned", "--json").json()
        #expect((left["returned"] as? [Any])?.isEmpty == true)
        #expect((left["settled"] as? [Any])?.count == 2)
        let names = try daemon.on("one", "list", "person").output
        #expect(names.contains("外人") && !names.contains("路人"))
    }

    @Test func `one person under two numbers becomes one, and two again`() throws {
        let daemon = try Self.station()
        let id = try Self.person(on: daemon)
        try daemon.on("one", "sync")

        let pairs = try daemon.on("two", "duplicates", "--json").output
        try daemon.on("one", "reidentify", id, "document_number=110105194912310046")
        for device in ["one", "two"] { try daemon.on(device, "sync") }
        let merged = try daemon.on("two", "list", "person").output
        try daemon.on("two", "split", id)
        for device in ["two", "one"] { try daemon.on(device, "sync") }
        let parted = try daemon.on("one", "list", "person").output

        #expect(pairs.contains("[") && !merged.contains(Self.number))
        #expect(merged.contains("110105194912310046"))
        #expect(parted.contains(Self.number) && parted.contains("110105194912310046"))
    }

    @Test func `what was erased by law is in no byte of server or device, and the chains hold`()
        throws
    {
        let daemon = try Self.station()
        let id = try Self.person(on: daemon, named: "罗刹海市")
        try daemon.on("one", "edit", id, "name=罗刹海寺", "remark=罗刹海石")
        try daemon.on("two", "edit", id, "name=罗刹海诗")
        for device in ["one", "two", "one"] { try daemon.on(device, "sync") }

        let unsure = try daemon.atServer("erase", id, "--reason", "2026-17")
        let erased = try daemon.atServer("erase", id, "--reason", "2026-17", "--yes")
        for device in ["one", "two"] { try daemon.on(device, "sync") }

        #expect(unsure.status == 1 && erased.status == 0)
        for folder in [daemon.data, daemon.device("one"), daemon.device("two")] {
            #expect(try Self.files(holding: "罗刹海", in: folder).isEmpty)
            #expect(try Self.files(holding: Self.number, in: folder).isEmpty)
        }
        let walked = try daemon.atServer("audit", "verify", "--json")
        #expect(walked.status == 0)
        #expect(try walked.json()["redacted"] as? Int == 3)
    }

    // MARK: - Support

    /// A running server with two coordinators and a reviewer of one county.
    private static func station() throws -> RunningDaemon {
        let daemon = try RunningDaemon()
        try daemon.enrol("one", areas: ["330921"])
        try daemon.enrol("two", areas: ["330921"])
        try daemon.enrol("chief", areas: ["330921"], role: "reviewer")
        return daemon
    }

    /// A person whom both coordinators hold.
    private static func person(
        on daemon: RunningDaemon,
        named name: String = "王小明"
    ) throws -> String {
        let added = try daemon.on(
            "one",
            "add",
            "person",
            "name=\(name)",
            "document_number=\(number)",
            "--json"
        ).json()
        for device in ["one", "two"] { try daemon.on(device, "sync") }
        return try #require(added["id"] as? String)
    }

    /// Whether two values stand on one line, apart.
    private static func columns(of one: String, and other: String, in text: String) -> Bool {
        text.split(separator: "\n").contains { line in
            guard let first = line.range(of: one), let second = line.range(of: other) else {
                return false
            }
            return line[first.upperBound..<second.lowerBound].contains("  ")
        }
    }

    private static func files(holding text: String, in folder: String) throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        return try names.filter { name in
            let bytes = try Data(
                contentsOf: URL(fileURLWithPath: folder).appendingPathComponent(name)
            )
            return bytes.range(of: Data(text.utf8)) != nil
        }
    }
}
