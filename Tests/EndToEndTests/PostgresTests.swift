import Foundation
import TestSupport
import Testing

/// The programs as people run them, with the data in PostgreSQL.
///
/// Not run where no PostgreSQL is installed: the suite of the stores reports that.
@Suite(.serialized, .enabled(if: PostgresCluster.isInstalled, "not run: no PostgreSQL"))
struct PostgresTests {
    /// The settings file that names a database.
    private static func settings(_ address: String, in folder: URL) throws {
        let data = folder.appendingPathComponent("server")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        let text = #"{"store": "\#(address)"}"#
        try Data(text.utf8).write(to: data.appendingPathComponent("config.json"))
    }

    private static func scratch() throws -> URL {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("end-to-end-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    /// A daemon on a schema of its own.
    private static func daemon(on address: String) throws -> RunningDaemon {
        let folder = try scratch()
        try settings(address, in: folder)
        return try RunningDaemon(in: folder)
    }

    private static func counts(_ daemon: RunningDaemon) throws -> [String: Any] {
        try daemon.atServer("status", "--json").json()
    }

    @Test func `one line of settings moves the data, and every command knows it`() throws {
        let address = try PostgresCluster.shared().schema(of: "e2e_\(UUID().uuidString.prefix(8))")
        let daemon = try Self.daemon(on: address)
        try daemon.enrol("a", areas: ["330921"])
        try daemon.enrol("b", areas: ["330921"])
        let id = try daemon.person(on: "a", in: "330921101")
        try daemon.on("a", "sync")
        try daemon.on("b", "sync")

        let shown = try daemon.atServer("show", id, "--json")
        let check = try daemon.atServer("check", "--json")
        let audit = try daemon.atServer("audit", "verify", "--json")
        let plan = try daemon.atServer("migrate", "--plan", "--lang", "en")
        let backup = try daemon.atServer("backup", "x.sqlite", "--json")
        let restore = try daemon.atServer("restore", "x.sqlite", "--json")
        let mark = daemon.folder.appendingPathComponent("mark.json").path
        let begun = try daemon.atServer("database", "begin-backup", mark)
        let declared = try daemon.atServer("database", "declare-backup", mark, "--json")

        #expect(shown.status == 0 && shown.output.contains("王小明"))
        #expect(check.status == 0, "\(check.output) \(check.errors)")
        #expect(audit.status == 0, "\(audit.output) \(audit.errors)")
        #expect(plan.output.contains("Nothing is to be done."))
        #expect(backup.status == 1 && backup.output.contains("store_is_postgres"))
        #expect(restore.status == 1 && restore.output.contains("store_is_postgres"))
        #expect(begun.status == 0 && declared.status == 0, "\(declared.output)")
        #expect(
            !FileManager.default.fileExists(
                atPath: daemon.folder.appendingPathComponent("server/residence.sqlite").path
            )
        )
        let onB = try daemon.on("b", "show", id, "--json")
        #expect(onB.output.contains("王小明"))
    }

    @Test func `daemon and database are killed under load, and nothing answered is missing`() throws
    {
        let cluster = try PostgresCluster()
        let address = try cluster.schema(of: "residence")
        let daemon = try Self.daemon(on: address)
        let second = try RunningDaemon(besides: daemon)
        for (name, through) in [("a", daemon.address), ("b", second.address)] {
            try daemon.enrol(name, areas: ["3309"], through: through)
        }
        for name in ["a", "b"] {
            let refused = daemon.folder.appendingPathComponent("refused-\(name).csv").path
            _ = try Programs.run(
                "residence",
                [
                    "--data", daemon.device(name), "import", Programs.ledger, "--refused", refused,
                    "--json",
                ]
            )
        }

        for round in 0..<4 {
            let syncs = ["a", "b"].map { name in
                Programs.process("residence", ["--data", daemon.device(name), "sync"])
            }
            for sync in syncs { try sync.run() }
            usleep(UInt32(400_000 + 200_000 * round))
            if round % 2 == 0 {
                daemon.kill()
                try daemon.restart()
            } else {
                try cluster.order("stop")
                usleep(500_000)
                try cluster.order("start")
            }
            for sync in syncs { sync.waitUntilExit() }
        }
        for name in ["a", "b", "a"] { try daemon.on(name, "sync") }

        let held = try ["a", "b"].map { try daemon.on($0, "status", "--json").json() }
        let counts = try Self.counts(daemon)
        let check = try daemon.atServer("check", "--json")
        let audit = try daemon.atServer("audit", "verify", "--json")
        for status in held {
            #expect(status["pending"] as? Int == 0)
            #expect(counts["records"] as? [String: Int] == status["records"] as? [String: Int])
        }
        #expect(check.status == 0, "\(check.output) \(check.errors)")
        #expect(audit.status == 0, "\(audit.output) \(audit.errors)")
        #expect(counts["changes"] as? Int ?? 0 >= 8577 * 2)
        second.kill()
    }

    @Test func `a deployment moves house, cut off and gone on with, and devices notice nothing`()
        throws
    {
        let daemon = try RunningDaemon()
        try daemon.enrol("a", areas: ["3309"])
        let refused = daemon.folder.appendingPathComponent("refused.csv").path
        _ = try Programs.run(
            "residence",
            [
                "--data", daemon.device("a"), "import", Programs.ledger, "--refused", refused,
                "--json",
            ]
        )
        try daemon.on("a", "sync")
        let before = try Self.counts(daemon)
        #expect(daemon.stop() == 0)
        let address = try PostgresCluster.shared().schema(of: "e2e_\(UUID().uuidString.prefix(8))")

        let cut = Programs.process(
            "residence-syncd",
            ["copy", "--from", daemon.data, "--to", address]
        )
        try cut.runUntilFirstProgress()
        cut.kill()
        cut.waitUntilExit()
        let copied = try Programs.run(
            "residence-syncd",
            ["copy", "--from", daemon.data, "--to", address, "--json"]
        )
        let again = try Programs.run(
            "residence-syncd",
            ["copy", "--from", daemon.data, "--to", address, "--json"]
        )

        #expect(copied.status == 0, "\(copied.output) \(copied.errors)")
        #expect(try copied.json()["changes"] as? Int == 8577)
        #expect(again.status == 1 && again.output.contains("database_exists"))
        try Self.settings(address, in: daemon.folder)
        try daemon.restart()
        let after = try Self.counts(daemon)
        #expect(NSDictionary(dictionary: after) == NSDictionary(dictionary: before))
        let id = try daemon.person(on: "a", in: "330921101")
        try daemon.on("a", "sync")
        try daemon.enrol("b", areas: ["3309"])
        try daemon.on("b", "sync")
        #expect(try daemon.on("b", "show", id, "--json").output.contains("王小明"))
    }
}
