import Foundation
import Testing

/// A handheld was copied, bit by bit; both copies have somebody's work, and both go on.
struct RekeyedHandheldTests {
    @Test(
        "[A-12] a cloned handheld: both halves come under new keys, and all that they captured is there once"
    )
    func cloned() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("one", areas: ["330921101"])
        try daemon.person(on: "one", in: "330921101")
        try daemon.on("one", "sync")
        try FileManager.default.copyItem(atPath: daemon.device("one"), toPath: daemon.device("two"))
        for (device, address) in [("one", "人民路1号"), ("two", "人民路2号")] {
            try daemon.on(
                device,
                "add",
                "dwelling",
                "address=\(address)",
                "area=330921101",
                "kind=rented"
            )
        }
        try daemon.on("one", "sync")
        let forked = try Programs.run("residence", "--data", daemon.device("two"), "sync")

        for device in ["one", "two"] {
            let asked = try daemon.atServer("device", "re-key", "one", "--name", device, "--json")
            // The second time, two go by that name: the id tells which.
            let made =
                asked.status == 0
                ? asked
                : try daemon.atServer(
                    "device",
                    "re-key",
                    try former(daemon),
                    "--name",
                    device,
                    "--json"
                )
            let link = try #require(try made.json()["link"] as? String)
            try daemon.on(device, "enroll", link, "--rekey")
        }
        for device in ["one", "two", "one"] { try daemon.on(device, "sync") }

        #expect(forked.status == 1 && forked.errors.contains("device_forked"))
        for device in ["one", "two"] {
            let listed = try daemon.on(device, "list", "dwelling").output
            #expect(listed.contains("人民路1号") && listed.contains("人民路2号"))
        }
        let listed = try daemon.atServer("device", "list", "--lang", "en").output
        #expect(listed.contains("forked, re-keyed") && listed.contains("goes on from"))
        let log = try daemon.atServer("access", "list", "--lang", "en").output
        let audit = try daemon.atServer("audit", "--json").json()
        #expect(log.contains("re-key"))
        #expect((audit["breaks"] as? [Any])?.isEmpty == true && audit["changes"] as? Int ?? 0 >= 3)
    }

    @Test("[A-12] a key that somebody may know is refused, in words that say what to do")
    func known() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("one", areas: ["330921101"])
        try daemon.person(on: "one", in: "330921101")

        let link = try daemon.atServer("device", "re-key", "one", "--reason", "密钥可能泄露")
        let refused = try Programs.run("residence", "--data", daemon.device("one"), "sync")
        try daemon.on(
            "one",
            "enroll",
            link.output.trimmingCharacters(in: .whitespacesAndNewlines),
            "--rekey"
        )
        let synced = try daemon.on("one", "sync", "--json").json()

        #expect(link.errors.contains("--rekey"))
        #expect(refused.status == 1 && refused.errors.contains("residence enroll 链接 --rekey"))
        #expect((synced["outcomes"] as? [String: Int])?["applied"] == 1)
    }

    private func former(_ daemon: RunningDaemon) throws -> String {
        let listed = try daemon.atServer("device", "list", "--json").output
        let all = try JSONSerialization.jsonObject(with: Data(listed.utf8)) as? [[String: Any]]
        return try #require(all?.first { $0["rekeyed"] != nil }?["id"] as? String)
    }
}
