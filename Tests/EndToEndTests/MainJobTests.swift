import Foundation
import Testing

@Suite(.serialized) struct MainJobTests {
    @Test func `a ledger imported offline is on the server and on a colleague's handheld`() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("a", areas: ["3309"])
        try daemon.enrol("b", areas: ["330921"])
        let expected = try #require(
            try JSONSerialization.jsonObject(
                with: Data(
                    contentsOf: URL(
                        fileURLWithPath: Programs.ledger.replacing(".csv", with: ".expected.json")
                    )
                )
            ) as? [String: Any]
        )
        #expect(daemon.stop() == 0)

        let refused = daemon.folder.appendingPathComponent("refused.csv").path
        let imported = try Programs.run(
            "residence",
            "--data",
            daemon.device("a"),
            "import",
            Programs.ledger,
            "--json",
            "--refused",
            refused
        ).json()
        #expect(imported["rows"] as? Int == expected["rows"] as? Int)
        #expect(imported["accepted"] as? Int == expected["accepted_rows"] as? Int)
        #expect(imported["people"] as? Int == expected["people"] as? Int)
        let again = try Programs.run(
            "residence",
            "--data",
            daemon.device("a"),
            "import",
            Programs.ledger,
            "--json",
            "--refused",
            daemon.folder.appendingPathComponent("again.csv").path
        ).json()
        #expect(again["changed"] as? Int == 0)
        let unreachable = try Programs.run(
            "residence",
            "--data",
            daemon.device("a"),
            "sync",
            "--attempts",
            "1",
            "--json"
        )
        #expect(unreachable.status == 3)
        #expect(unreachable.output.contains("server_unreachable"))

        try daemon.restart()
        let sent = try Programs.run(
            "residence",
            "--data",
            daemon.device("a"),
            "sync",
            "--json"
        ).json()
        #expect(sent["unanswered"] as? Int == 0)
        #expect((sent["outcomes"] as? [String: Int])?["quarantined"] == nil)
        try Programs.run("residence", "--data", daemon.device("b"), "sync")
        let server = try Programs.run(
            "residence-syncd",
            "status",
            "--data",
            daemon.data,
            "--json"
        ).json()
        let there = try #require(server["records"] as? [String: Int])
        #expect(there["Person"] == expected["people"] as? Int)
        #expect(there["Registration"] == expected["accepted_rows"] as? Int)
        for device in ["a", "b"] { try expectNoDanglingReference(daemon.device(device)) }
    }

    /// [I15]: a device that holds a registration holds its person and its dwelling.
    private func expectNoDanglingReference(_ folder: String) throws {
        let ids = { (type: String) -> Set<String> in
            let listed = try Programs.run(
                "residence",
                "--data",
                folder,
                "list",
                type,
                "--limit",
                "5000",
                "--json"
            )
            let rows = try JSONSerialization.jsonObject(with: Data(listed.output.utf8))
            return Set((rows as? [[String: Any]] ?? []).compactMap { $0["id"] as? String })
        }
        let held = try ids("person").union(ids("dwelling"))
        let listed = try Programs.run(
            "residence",
            "--data",
            folder,
            "list",
            "registration",
            "--limit",
            "5000",
            "--json"
        )
        let rows = try JSONSerialization.jsonObject(with: Data(listed.output.utf8))
        let registrations = try #require(rows as? [[String: Any]])
        #expect(!registrations.isEmpty)
        for registration in registrations {
            let fields = try #require(registration["fields"] as? [String: Any])
            #expect(held.contains(try #require(fields["person"] as? String)))
            #expect(held.contains(try #require(fields["dwelling"] as? String)))
        }
    }
}
