import Foundation
import Testing

/// What release 0.1.0 left on a server and on a handheld, opened by this one.
///
/// Two people were captured; of one the name was changed twice, unseen, and the other was deleted; a third
/// was returned. The files were made by the programs of 0.1.0 themselves.
@Suite(.serialized) struct UpgradeTests {
    private static let fixture = Programs.root
        .appendingPathComponent("Tests/EndToEndTests/Fixtures/0.1.0")
    private static let contested = "93a26a0c-2fa5-8138-8ebf-2f6a6c7a5947"
    private static let deleted = "a8021668-ea54-8dd2-a4d3-0d672b409448"

    @Test func `an open conflict of 0.1 is shown with both sides and settled`() throws {
        let daemon = try RunningDaemon(on: Self.fixture)

        let listed = try daemon.atServer("conflicts", "--json").json()
        let settled = try daemon.atServer("conflicts", "resolve", "1", "提出", "--by", "周审核")
        let shown = try daemon.atServer("show", Self.contested, "--json").json()

        let entry = try #require((listed["conflicts"] as? [[String: Any]])?.first)
        #expect(entry["type"] as? String == "Person" && entry["fields"] as? [String] == ["name"])
        #expect(entry["impact"] as? Int == 400 && entry["currentRevision"] as? Int == 3)
        #expect(settled.status == 0 && settled.output.contains("周审核"))
        #expect(
            ((shown["body"] as? [String: Any])?["person"] as? [String: Any])?["name"] as? String
                == "王肖明"
        )
    }

    @Test func `the history of 0.1 names every step, and tells of each what was kept and no more`()
        throws
    {
        let daemon = try RunningDaemon(on: Self.fixture)
        func then(_ id: String, _ revision: Int) throws -> Programs.Result {
            try daemon.atServer("history", id, "--at", String(revision), "--json")
        }

        let steps = try daemon.atServer("history", Self.contested, "--json").json()
        let (first, second) = (try then(Self.contested, 1), try then(Self.contested, 3))
        let gone = try then(Self.deleted, 2)

        let acts = (steps["entries"] as? [[String: Any]])?.map { $0["act"] as? String }
        #expect(acts == ["capture", "edit", "edit"])
        #expect(first.status == 1 && first.output.contains("record_not_there_then"))
        #expect(second.status == 0 && second.output.contains("王晓明"))
        #expect(gone.status == 0 && gone.output.contains("\"deleted\":true"))
        #expect(try daemon.atServer("audit", "verify").status == 0)
    }

    @Test func `what 0.1 returned is mended at the server`() throws {
        let daemon = try RunningDaemon(on: Self.fixture)

        let mended = try daemon.atServer("quarantine", "mend", "3", "captured_in=330921")
        let status = try daemon.atServer("status", "--json").json()

        #expect(mended.status == 0, "\(mended.errors)")
        #expect(status["quarantined"] as? Int == 0 && status["settled"] as? Int == 1)
    }

    @Test func `a handheld of 0.1 shows what it holds, and captures on`() throws {
        let daemon = try RunningDaemon(on: Self.fixture)

        try daemon.on("one", "edit", Self.contested, "remark=夜班")
        let shown = try daemon.on("one", "show", Self.contested, "--json").json()
        let conflicts = try daemon.on("one", "conflicts", "--json").json()
        let returned = try daemon.on("one", "returned", "--json").json()
        let status = try daemon.on("one", "status", "--json").json()

        #expect((shown["fields"] as? [String: Any])?["remark"] as? String == "夜班")
        #expect((conflicts["conflicts"] as? [Any])?.count == 1)
        #expect((returned["returned"] as? [Any])?.count == 1)
        #expect(status["pending"] as? Int == 1)
    }
}
