import Foundation
import Testing

/// A coordinator on a link where each kilobyte counts.
@Suite(.serialized) struct SlowLinkTests {
    /// Two devices of a city, of which one has captured a ledger.
    private func district() throws -> RunningDaemon {
        let daemon = try RunningDaemon()
        try daemon.enrol("a", areas: ["3309"])
        try daemon.enrol("b", areas: ["3309"])
        try daemon.importLedger(on: "a")
        return daemon
    }

    private func sync(
        _ daemon: RunningDaemon,
        _ device: String,
        _ options: String...
    ) throws -> [String: Any] {
        try Programs.run(
            "residence",
            ["--data", daemon.device(device), "sync", "--json"] + options
        ).json()
    }

    private func bytes(_ report: [String: Any]) -> Int {
        let bytes = report["bytes"] as? [String: Int] ?? [:]
        let trips = report["round_trips"] as? Int ?? 0
        return (bytes["sent"] ?? 0) + (bytes["received"] ?? 0) + trips * 720
    }

    @Test("[F-09] what a sync would take is told before, and then it takes about that")
    func plan() throws {
        let daemon = try district()

        let up = try sync(daemon, "a", "--plan")
        let sent = try sync(daemon, "a")
        let down = try sync(daemon, "b", "--plan")
        let received = try sync(daemon, "b")
        let nothing = try sync(daemon, "b", "--plan")

        let people = (down["news"] as? [String: Any])?["records"] as? [String: Int]
        #expect(people?["Person"] ?? 0 > 2_000)
        #expect(up["changes"] as? Int ?? 0 > 5_000)
        for (plan, report) in [(up, sent), (down, received)] {
            let (told, took) = (plan["bytes"] as? Int ?? 0, bytes(report))
            #expect(told * 10 > took * 8 && told * 10 < took * 12, "\(told) told, \(took) taken")
        }
        #expect(nothing["bytes"] as? Int ?? 0 < 2_000)
    }

    @Test("[F-10] a budget is kept on the wire, and a district arrives in several evenings")
    func budget() throws {
        let daemon = try district()
        _ = try sync(daemon, "a")

        var evenings: [[String: Any]] = []
        repeat {
            evenings.append(try sync(daemon, "b", "--budget", "100"))
        } while evenings.last?["budget_spent"] as? Bool == true && evenings.count < 30
        let rest = try sync(daemon, "b")

        #expect(evenings.count > 3)
        #expect(evenings.allSatisfy { bytes($0) <= 105_000 }, "\(evenings.map(bytes))")
        #expect(rest["received"] as? Int == 0)
    }
}
