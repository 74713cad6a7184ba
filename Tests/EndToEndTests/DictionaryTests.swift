import Foundation
import SyncProtocol
import Testing

/// What small bodies are packed with, on both sides of a wire.
@Suite(.serialized) struct DictionaryTests {
    @Test(
        "[W-08] a device whose dictionary the server does not know loses nothing, and is given the server's"
    )
    func unknownDictionary() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("a", areas: ["3309"])
        // As after an update of the server, and before one of the device.
        let file = URL(fileURLWithPath: daemon.device("a")).appendingPathComponent("dictionary")
        let former = PresetDictionary.latest.bytes.dropLast(500)
        try Data(former).write(to: file)
        try daemon.importLedger(on: "a")

        let sent = try Programs.run("residence", "--data", daemon.device("a"), "sync", "--json")
            .json()
        // What it has of its own is not kept in a file.
        let isKept = FileManager.default.fileExists(atPath: file.path)
        let again = try Programs.run("residence", "--data", daemon.device("a"), "sync", "--json")
            .json()

        #expect(sent["unanswered"] as? Int == 0)
        #expect(!isKept)
        #expect(again["round_trips"] as? Int == 1)
    }

    @Test func `a dictionary that was damaged on the disk is passed over`() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("a", areas: ["3309"])
        let file = URL(fileURLWithPath: daemon.device("a")).appendingPathComponent("dictionary")
        for bytes in [Data(), Data(repeating: 7, count: 100_000)] {
            try bytes.write(to: file)
            let synced = try Programs.run("residence", "--data", daemon.device("a"), "sync")
            #expect(synced.status == 0, "\(synced.errors)")
        }
    }
}
