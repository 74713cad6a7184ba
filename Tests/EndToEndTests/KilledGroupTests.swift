import Foundation
import Testing

/// The daemon is killed while several devices share its commits.
@Suite(.serialized) struct KilledGroupTests {
    @Test("[Q-02] what was acknowledged to devices that pushed at once is there after a kill")
    func killedAmongMany() throws {
        let daemon = try RunningDaemon()
        let names = (1...4).map { "device-\($0)" }
        let areas = (1...4).map { "33092110\($0)" }
        for (name, area) in zip(names, areas) {
            try daemon.enrol(name, areas: [area])
            for number in 1...6 {
                try daemon.on(
                    name,
                    "add",
                    "dwelling",
                    "address=渔港路\(number)号",
                    "area=\(area)",
                    "kind=rented",
                    "--json"
                )
            }
        }

        let syncs = names.map { name in
            Programs.process(
                "residence",
                ["--data", daemon.device(name), "sync", "--attempts", "1"]
            )
        }
        for sync in syncs { try sync.run() }
        // The first that is done has its answer: the others are on their way, or not yet begun.
        syncs[0].waitUntilExit()
        daemon.kill()
        for sync in syncs { sync.waitUntilExit() }
        let acknowledged = syncs.count { $0.terminationStatus == 0 }
        try daemon.restart()
        let kept = try daemon.counts()

        for name in names { try daemon.on(name, "sync") }

        #expect(acknowledged >= 1)
        #expect(kept >= 6 * acknowledged)
        #expect(kept.isMultiple(of: 6), "a batch is there whole or not at all")
        try #expect(daemon.counts() == 24)
    }
}

extension RunningDaemon {
    /// How many changes the server has.
    fileprivate func counts() throws -> Int {
        let status = try atServer("status", "--json").json()
        return try #require(status["changes"] as? Int)
    }
}
