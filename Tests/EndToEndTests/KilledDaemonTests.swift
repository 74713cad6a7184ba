import Foundation
import Testing

/// The daemon is killed (`kill -9`) in the middle of syncs, over and over; then everything is there
/// once, on the device as on the server.
@Suite(.serialized) struct KilledDaemonTests {
    @Test func `a daemon that is killed in mid-sync loses nothing and does nothing twice`() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("a", areas: ["3309"])
        try daemon.importLedger(on: "a")

        var interrupted = 0
        for _ in 0..<6 {
            let sync = Programs.process(
                "residence",
                ["--data", daemon.device("a"), "sync", "--attempts", "1"]
            )
            try sync.runUntilFirstProgress()
            daemon.kill()
            sync.waitUntilExit()
            if sync.terminationStatus != 0 { interrupted += 1 }
            try daemon.restart()
        }
        let last = try Programs.run(
            "residence",
            "--data",
            daemon.device("a"),
            "sync",
            "--json"
        )

        #expect(interrupted >= 3)
        #expect(last.status == 0, "\(last.output)")
        let counts = try Programs.run(
            "residence-syncd",
            "status",
            "--data",
            daemon.data,
            "--json"
        ).json()
        let status = try Programs.run(
            "residence",
            "--data",
            daemon.device("a"),
            "status",
            "--json"
        ).json()
        #expect(counts["records"] as? [String: Int] == status["records"] as? [String: Int])
        #expect(status["pending"] as? Int == 0)
        #expect(counts["changes"] as? Int == 8577)
        #expect(counts["open_conflicts"] as? Int == 0)
        #expect(counts["decided_conflicts"] as? Int == 0)
    }

    @Test func `a handheld that is killed in mid-import keeps whole rows and goes on`() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("a", areas: ["3309"])
        let importing = Programs.process(
            "residence",
            [
                "--data", daemon.device("a"), "import", Programs.ledger, "--refused",
                daemon.folder.appendingPathComponent("first.csv").path,
            ]
        )
        try importing.runUntilFirstProgress()
        importing.kill()
        importing.waitUntilExit()
        #expect(importing.ending == .signal(SIGKILL))

        try Programs.run(
            "residence",
            "--data",
            daemon.device("a"),
            "import",
            Programs.ledger,
            "--json",
            "--refused",
            daemon.folder.appendingPathComponent("second.csv").path
        )
        let status = try Programs.run(
            "residence",
            "--data",
            daemon.device("a"),
            "status",
            "--json"
        ).json()

        let records = try #require(status["records"] as? [String: Int])
        #expect(records["Person"] == 2785)
        #expect(records["Registration"] == 2859)
    }
}

extension ChildProcess {
    /// Starts a program and returns when it says that it is on its way: the moment to kill something.
    func runUntilFirstProgress() throws {
        let pipe = Pipe()
        standardError = .pipe(pipe)
        try run()
        try #require(!pipe.fileHandleForReading.availableData.isEmpty, "it ended without a word")
    }
}
