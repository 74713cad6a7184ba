import Foundation
import Testing

struct SimulatedTraceTests {
    @Test("[I14] other processes, and any number of worlds at once, give the same trace")
    func sameTraceElsewhere() throws {
        let arguments = [
            "--seeds", "1..4", "--devices", "4", "--days", "3", "--weather", "storm", "--json",
        ]

        let alone = try Self.trace(arguments + ["--jobs", "1"])
        let beside = try Self.trace(arguments + ["--jobs", "3"])

        #expect(alone == beside)
        #expect(alone.count == 16)
    }

    private static func trace(_ arguments: [String]) throws -> String {
        let process = Programs.process("residence-sim", arguments)
        // The program has to see to its own order, whatever the tests run under.
        process.environment["SWIFT_DETERMINISTIC_HASHING"] = nil
        let output = Pipe()
        process.standardOutput = .pipe(output)
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let json = try #require(JSONSerialization.jsonObject(with: text) as? [String: Any])
        let summary = try #require(json["summary"] as? [String: Any])
        return try #require(summary["trace"] as? String)
    }
}
