import Foundation
import TestSupport
import Testing

/// What befalls an operator whose data are in PostgreSQL: its disk is full, a backup has to do.
@Suite(.serialized, .enabled(if: PostgresCluster.isInstalled, "not run: no PostgreSQL"))
struct PostgresOperatorTests {
    private static let canMount = (try? run("/bin/mount", "--version")) == 0 && getuid() == 0

    @discardableResult
    private static func run(_ program: String, _ arguments: String...) throws -> Int32 {
        let process = ChildProcess(program, arguments)
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    private static func settings(_ address: String) -> String { #"{"store": "\#(address)"}"# }

    @Test(.enabled(if: canMount, "not run: it needs the right to mount a small file system"))
    func `a database whose disk is full refuses writes, answers reads, and recovers by itself`()
        throws
    {
        let name = "full_\(UUID().uuidString.lowercased().prefix(8))"
        let place = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        let mounted = try Self.run(
            "/bin/mount",
            "-t",
            "tmpfs",
            "-o",
            "size=64m",
            "tmpfs",
            place.path
        )
        try #require(mounted == 0)
        defer {
            _ = try? Self.run("/bin/umount", "-l", place.path)
            try? FileManager.default.removeItem(at: place)
        }
        _ = try Self.run("/bin/chown", "postgres", place.path)
        let cluster = try PostgresCluster.shared()
        try cluster.run("CREATE TABLESPACE \(name) LOCATION '\(place.path)'")
        defer {
            try? cluster.run("DROP SCHEMA \(name) CASCADE")
            try? cluster.run("DROP TABLESPACE \(name)")
        }
        let address = try cluster.schema(of: name) + "%20-cdefault_tablespace%3D\(name)"
        let daemon = try RunningDaemon(settings: Self.settings(address))
        try daemon.enrol("a", areas: ["3309"])
        let id = try daemon.person(on: "a", in: "330921101")
        try daemon.on("a", "sync")
        let refused = daemon.folder.appendingPathComponent("refused.csv").path
        _ = try Programs.run(
            "residence",
            [
                "--data", daemon.device("a"), "import", Programs.ledger, "--refused", refused,
                "--json",
            ]
        )

        let ballast = place.appendingPathComponent("ballast")
        try Data().write(to: ballast)
        let handle = try FileHandle(forWritingTo: ballast)
        while (try? handle.write(contentsOf: Data(repeating: 7, count: 4_096))) != nil {}
        try handle.close()
        let full = try Programs.run(
            "residence",
            ["--data", daemon.device("a"), "sync", "--attempts", "1", "--json"]
        )
        let read = try Programs.run("residence", ["--data", daemon.device("a"), "history", id])
        try FileManager.default.removeItem(at: ballast)
        let after = try Programs.run("residence", ["--data", daemon.device("a"), "sync", "--json"])
        let counts = try daemon.atServer("status", "--json").json()

        #expect(full.status != 0)
        #expect(full.output.contains("disk_full"), "\(full.output)")
        #expect(read.status == 0, "\(read.errors)")
        #expect(after.status == 0, "\(after.output)")
        #expect(counts["changes"] as? Int ?? 0 >= 8577)
        daemon.kill()
    }

    @Test("[X-01] after a restore by the database's own tools, what devices hold comes back")
    func restored() throws {
        let name = "restored_\(UUID().uuidString.lowercased().prefix(8))"
        let cluster = try PostgresCluster.shared()
        let daemon = try RunningDaemon(settings: Self.settings(try cluster.schema(of: name)))
        for device in ["a", "b"] { try daemon.enrol(device, areas: ["330921"]) }
        let before = try daemon.person(on: "a", in: "330921101")
        try daemon.on("a", "sync")
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(name).sql")
        let mark = daemon.folder.appendingPathComponent("mark.json").path
        defer { try? FileManager.default.removeItem(at: file) }

        #expect(try daemon.atServer("database", "begin-backup", mark).status == 0)
        try cluster.dump(name, to: file.path)
        #expect(try daemon.atServer("database", "declare-backup", mark).status == 0)
        for device in ["a", "b"] { try daemon.on(device, "sync") }
        let added = try daemon.on(
            "b",
            "add",
            "person",
            "name=李四",
            "sex=1",
            "document_type=2",
            "document_number=E10000007",
            "captured_in=330921101",
            "--json"
        )
        let since = try #require(try added.json()["id"] as? String)
        for device in ["b", "a"] { try daemon.on(device, "sync") }
        #expect(daemon.stop() == 0)
        try cluster.restore(name, from: file.path)
        let lost = try daemon.atServer("show", since, "--json")
        let declared = try daemon.atServer("database", "restored", "--json")
        try daemon.restart()
        for device in ["a", "b", "a"] { try daemon.on(device, "sync") }
        try daemon.enrol("c", areas: ["330921"])
        try daemon.on("c", "sync")

        #expect(lost.status != 0)
        #expect(declared.status == 0, "\(declared.output)")
        for id in [before, since] {
            #expect(try daemon.on("c", "show", id, "--json").status == 0)
        }
        let changes = try daemon.atServer("status", "--json").json()["changes"] as? Int ?? 0
        #expect(changes >= 2, "\(changes)")
        let (check, audit) = try (
            daemon.atServer("check", "--json"), daemon.atServer("audit", "verify", "--json")
        )
        #expect(check.status == 0, "\(check.output)")
        #expect(audit.status == 0, "\(audit.output)")
        daemon.kill()
    }
}
