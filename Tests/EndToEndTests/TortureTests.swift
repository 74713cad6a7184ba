import Foundation
import Simulator
import SyncProtocol
import Testing

/// The real daemon and real devices as processes, a bad network between them, and `kill -9` at random moments.
@Suite(.serialized) struct TortureTests {
    /// How often something is killed: RESIDENCE_KILLS asks for more.
    private static let kills =
        ProcessInfo.processInfo.environment["RESIDENCE_KILLS"].flatMap { Int($0) } ?? 200

    /// Draws the moments; the story is not the same twice, since processes are not.
    private struct Dice {
        var state: UInt64

        mutating func below(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }
    }

    @Test func `nothing acknowledged is lost, whatever is killed and whenever`() async throws {
        let daemon = try RunningDaemon()
        let names = ["a", "b", "c"]
        let port = try #require(daemon.address.split(separator: ":").last.flatMap { Int($0) })
        let proxy = try Proxy(to: port, seed: 7)
        defer { proxy.close() }
        for name in names {
            try daemon.enrol(name, areas: ["330921"], through: "http://127.0.0.1:\(proxy.port)")
        }
        var dice = Dice(state: 11)
        // How long a capture takes here and now: half of that to more than twice is when it is killed.
        let begun = ContinuousClock.now
        var captured = [RecordID(try daemon.person(on: "a", in: "330921101"))].compactMap(\.self)
        let pace = UInt32((ContinuousClock.now - begun) / .microseconds(1))
        var done = 0
        while done < Self.kills {
            let name = names[dice.below(names.count)]
            let share = UInt32(dice.below(60))
            let moment = share * 1_000
            switch dice.below(10) {
            case 0...4:
                let patience = pace * (30 + 2 * share) / 60
                if let id = try capture(number: done, on: name, of: daemon, killedAfter: patience) {
                    captured.append(id)
                }
                done += 1
                #expect(try await Self.flaws(of: name, daemon).isEmpty)
            case 5...7:
                try kill(Self.sync(name, of: daemon), after: moment * 3)
                done += 1
                #expect(try await Self.flaws(of: name, daemon).isEmpty)
            case 8:
                // The daemon is killed while somebody syncs.
                let syncing = Self.sync(name, of: daemon)
                try syncing.run()
                usleep(moment)
                daemon.kill()
                syncing.waitUntilExit()
                let flaws = Inspection.flaws(ofServer: URL(fileURLWithPath: daemon.data))
                #expect(flaws.isEmpty)
                try daemon.restart()
                done += 1
            default:
                let syncing = Self.sync(name, of: daemon)
                try syncing.run()
                syncing.waitUntilExit()
            }
        }

        try settle(names, daemon)
        let faults = proxy.faults
        #expect(daemon.stop() == 0)
        let verdicts = try await Inspection.judge(
            server: URL(fileURLWithPath: daemon.data),
            devices: names.map { URL(fileURLWithPath: daemon.device($0)) },
            captured: captured
        )

        #expect(verdicts == [])
        #expect(captured.count > Self.kills / 20)
        #expect(faults.cut > 0 && faults.repeated > 0)
    }

    private static func flaws(of name: String, _ daemon: RunningDaemon) async throws -> [String] {
        try await Inspection.flaws(ofDevice: URL(fileURLWithPath: daemon.device(name)))
    }

    private static func sync(_ name: String, of daemon: RunningDaemon) -> ChildProcess {
        let process = Programs.process(
            "residence",
            ["--data", daemon.device(name), "sync", "--attempts", "2"]
        )
        return process
    }

    private func kill(_ process: ChildProcess, after microseconds: UInt32) throws {
        try process.run()
        usleep(microseconds)
        process.kill()
        process.waitUntilExit()
    }

    /// Captures a person, and kills the program; the id, where it was told before.
    private func capture(
        number: Int,
        on name: String,
        of daemon: RunningDaemon,
        killedAfter microseconds: UInt32
    ) throws -> RecordID? {
        let process = Programs.process(
            "residence",
            [
                "--data", daemon.device(name), "add", "person", "name=张三", "sex=1",
                "document_type=2", "document_number=E\(10_000_000 + number / 2)",
                "captured_in=330921101", "--json",
            ]
        )
        let pipe = Pipe()
        process.standardOutput = .pipe(pipe)
        try process.run()
        usleep(microseconds)
        process.kill()
        let told = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let json = try? JSONSerialization.jsonObject(with: told) as? [String: Any]
        return (json?["id"] as? String).flatMap { RecordID($0) }
    }

    /// Everybody syncs until nobody has anything new; the network goes on as it is.
    private func settle(_ names: [String], _ daemon: RunningDaemon) throws {
        for name in names + names + names {
            for _ in 0..<20 {
                let result = try Programs.run(
                    "residence",
                    ["--data", daemon.device(name), "sync", "--json"]
                )
                if result.status == 0 { break }
            }
        }
    }
}
