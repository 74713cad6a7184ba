import Foundation
import Testing

/// Restores of the wrong file, and ones that are begun again at once.
@Suite(.serialized) struct RestoreRefusalsTests {
    @Test func `a restore within the second of another one overwrites nothing`() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("a", areas: ["330921"])
        let backup = daemon.folder.appendingPathComponent("backup.sqlite").path
        #expect(try daemon.atServer("backup", backup).status == 0)
        #expect(daemon.stop() == 0)
        // What a restore that was killed set aside, in whichever second the next one begins.
        let kept = Data("set aside".utf8)
        let asides = (-2...60).map { seconds in
            let stamp = Date.now.addingTimeInterval(Double(seconds)).ISO8601Format()
            return daemon.data + "/replaced-" + stamp.filter(\.isNumber)
        }
        for aside in Set(asides) {
            try FileManager.default.createDirectory(
                atPath: aside,
                withIntermediateDirectories: true
            )
            try kept.write(to: URL(fileURLWithPath: aside + "/residence.sqlite"))
        }

        let restored = try daemon.atServer("restore", backup, "--replace", "--json")
        let replaced = try #require(try restored.json()["replaced"] as? String)

        #expect(restored.status == 0, "\(restored.errors)")
        #expect(!asides.contains(replaced))
        #expect(FileManager.default.fileExists(atPath: replaced + "/residence.sqlite"))
        for aside in asides {
            #expect(FileManager.default.contents(atPath: aside + "/residence.sqlite") == kept)
        }
        #expect(try daemon.atServer("status").status == 0)
    }

    @Test func `a file that is no backup of ours is refused by name, and changes nothing`() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("a", areas: ["330921"])
        #expect(daemon.stop() == 0)
        let folder = daemon.folder
        let (text, empty) = (
            folder.appendingPathComponent("ledger.sqlite"),
            folder.appendingPathComponent("empty.sqlite")
        )
        try Data(String(repeating: "a ledger, not a database\n", count: 500).utf8).write(to: text)
        try Data().write(to: empty)
        let before = try daemon.atServer("status", "--json").json()

        for (file, code) in [
            (daemon.device("a") + "/device.sqlite", "backup_foreign"),
            (empty.path, "backup_foreign"), (text.path, "database_unreadable"),
            (daemon.device("a"), "backup_missing"),
            (folder.path + "/nothing.sqlite", "backup_missing"),
        ] {
            let refused = try daemon.atServer("restore", file, "--replace", "--lang", "en")

            #expect(refused.status == 1)
            #expect(refused.errors.contains("[\(code)]"), "\(file): \(refused.errors)")
            #expect(refused.errors.lowercased().contains("name"), "\(refused.errors)")
            #expect(!refused.errors.contains("permissions"), "\(refused.errors)")
        }

        let left = try FileManager.default.contentsOfDirectory(atPath: daemon.data)
        let after = try daemon.atServer("status", "--json").json()
        #expect(!left.contains { $0.hasPrefix("replaced-") || $0 == "restoring" })
        #expect(after["changes"] as? Int == before["changes"] as? Int)
        #expect(after["epoch"] as? Int == before["epoch"] as? Int)
    }

    @Test func `what a restore left that was cut off is no backup to restore from`() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("a", areas: ["330921"])
        #expect(daemon.stop() == 0)
        let workshop = daemon.data + "/restoring"
        let half = workshop + "/residence.sqlite"
        try FileManager.default.createDirectory(
            atPath: workshop,
            withIntermediateDirectories: true
        )
        try FileManager.default.copyItem(atPath: daemon.data + "/residence.sqlite", toPath: half)

        let refused = try daemon.atServer("restore", half, "--replace")

        #expect(refused.status == 1 && refused.errors.contains("[backup_in_use]"))
        #expect(FileManager.default.fileExists(atPath: half))
    }
}
