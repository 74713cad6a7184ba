import Foundation
import Simulator
import Testing

/// The server room is flooded; there is last night's backup.
@Suite(.serialized) struct FloodedServerTests {
    private static func person(_ number: Int) -> [String] {
        [
            "add", "person", "name=张三", "sex=1", "document_type=2",
            "document_number=E1000000\(number)", "captured_in=330921101",
        ]
    }

    @Test
    func `a server restored from last night's backup has everything once each device has synced`()
        async throws
    {
        let daemon = try RunningDaemon()
        for name in ["a", "b"] { try daemon.enrol(name, areas: ["330921"]) }
        try daemon.run(on: "a", Self.person(1))
        try daemon.on("a", "sync")
        let backups = daemon.folder.appendingPathComponent("backups")
        // The daemon goes on serving.
        let backup = try daemon.atServer("backup", backups.path, "--keep", "2", "--json")
        let file = try #require(try backup.json()["file"] as? String)
        for number in 2...5 { try daemon.run(on: "a", Self.person(number)) }
        for name in ["a", "b", "a"] { try daemon.on(name, "sync") }
        let before = try daemon.atServer("status", "--json").json()

        daemon.kill()
        let unasked = try daemon.atServer("restore", file)
        let restored = try daemon.atServer("restore", file, "--replace", "--json")
        try daemon.restart()
        let lost = try daemon.atServer("status", "--json").json()
        let missing = try daemon.atServer("recovery", "--json").json()
        for name in ["b", "a", "b", "a"] { try daemon.on(name, "sync") }
        let after = try daemon.atServer("status", "--json").json()
        let report = try daemon.atServer("recovery", "--lang", "en")
        let check = try daemon.atServer("check", "--json").json()
        #expect(daemon.stop() == 0)
        let verdicts = try await Inspection.judge(
            server: URL(fileURLWithPath: daemon.data),
            devices: ["a", "b"].map { URL(fileURLWithPath: daemon.device($0)) }
        )

        #expect(unasked.status == 1 && unasked.errors.contains("database_exists"))
        #expect(restored.status == 0, "\(restored.errors)")
        #expect((lost["records"] as? [String: Int])?["Person"] == 1)
        #expect((missing["missing"] as? [String])?.count == 2)
        #expect(after["records"] as? [String: Int] == before["records"] as? [String: Int])
        #expect(report.output.contains("restored"))
        #expect((check["flaws"] as? [Any])?.isEmpty == true)
        #expect(verdicts == [])
        let replaced = try FileManager.default.contentsOfDirectory(atPath: daemon.data)
            .filter { $0.hasPrefix("replaced-") }
        #expect(replaced.count == 1)
    }

    @Test
    func `a damaged backup is refused and changes nothing, and a damaged folder is named in words`()
        throws
    {
        let daemon = try RunningDaemon()
        try daemon.enrol("a", areas: ["330921"])
        try daemon.run(on: "a", Self.person(1))
        try daemon.on("a", "sync")
        let file = daemon.folder.appendingPathComponent("backup.sqlite")
        #expect(try daemon.atServer("backup", file.path).status == 0)
        let again = try daemon.atServer("backup", file.path)
        var bytes = try Data(contentsOf: file)
        for index in 5_000..<9_000 { bytes[index] = 0xA5 }
        try bytes.write(to: file)
        let serving = try daemon.atServer("restore", file.path, "--replace")
        #expect(daemon.stop() == 0)
        let refused = try daemon.atServer("restore", file.path, "--replace", "--lang", "en")
        let sound = try daemon.atServer("check", "--lang", "en")
        let database = URL(fileURLWithPath: daemon.data).appendingPathComponent("residence.sqlite")
        // What a daemon that ended had not written back may still lie beside the file, and would hide the damage.
        for log in ["-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: database.path + log)
        }
        try bytes.write(to: database)
        let damaged = try daemon.atServer("check", "--lang", "en")

        #expect(again.status == 1 && again.errors.contains("backup_exists"))
        #expect(serving.status == 1)
        #expect(refused.status == 1 && refused.errors.contains("database_unreadable"))
        #expect(sound.status == 0 && sound.output.contains("All is sound"))
        #expect(damaged.status == 1 && damaged.output.contains("restore a backup"))
    }

    @Test(
        "backups are made on the schedule of the settings file, and only so many are kept",
        arguments: ["20200101", "20990101"]
    )
    func schedule(day: String) throws {
        let daemon = try RunningDaemon()
        #expect(daemon.stop() == 0)
        let backups = daemon.folder.appendingPathComponent("backups").path
        let config = URL(fileURLWithPath: daemon.data).appendingPathComponent("config.json")
        try Data(#"{"backup": {"folder": "x", "at": "25:00"}}"#.utf8).write(to: config)
        let refused = try Programs.run(
            "residence-syncd",
            ["serve", "--data", daemon.data, "--listen", "127.0.0.1:0", "--lang", "en"]
        )
        let plan = #"{"backup": {"folder": "\#(backups)", "every_hours": 6, "keep": 1}}"#
        try Data(plan.utf8).write(to: config)
        // One of long ago, or of a clock that was ahead, whose place the next one takes: none was ever declared, so
        // that one is due at once.
        let old = "residence-\(day)-000000.sqlite"
        try FileManager.default.createDirectory(
            atPath: backups,
            withIntermediateDirectories: true
        )
        try Data().write(to: URL(fileURLWithPath: backups + "/" + old))
        try daemon.restart()
        func kept() -> [String] {
            let all = (try? FileManager.default.contentsOfDirectory(atPath: backups)) ?? []
            return all.filter { $0.hasSuffix(".sqlite") }
        }
        for _ in 0..<200 where kept().contains(old) { usleep(100_000) }
        #expect(daemon.stop() == 0)
        let first = try #require(kept().first)
        let flaws = Inspection.flaws(ofBackup: URL(fileURLWithPath: backups + "/" + first))

        #expect(refused.status == 1 && refused.errors.contains("config_malformed"))
        #expect(kept().count == 1 && first != old)
        #expect(flaws.isEmpty)
    }
}
