import Foundation
import Testing

/// Programs that are started where nothing more can be written.
///
/// SQLite cannot even read then: the log's index beside the database (`-shm`) does not find room. A limit on
/// the size of files stands for the disk, since it takes no rights.
@Suite(.serialized) struct NoRoomTests {
    @Test func `a handheld without room says so, and has everything once there is some`() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("a", areas: ["330921"])
        try daemon.person(on: "a", in: "330921101")
        let folder = daemon.device("a")

        let full = try Self.runWithoutRoom(
            "residence",
            ["status", "--data", folder, "--json"],
            on: folder + "/device.sqlite"
        )
        let after = try daemon.on("a", "status", "--json").json()

        #expect(full.status == 1)
        #expect(full.output.contains("\"disk_full\""), "\(full.output)")
        #expect(full.output.contains("Make room"), "\(full.output)")
        #expect(after["pending"] as? Int == 1)
    }

    @Test func `a daemon that is started without room says so, and serves once there is some`()
        throws
    {
        let daemon = try RunningDaemon()
        try daemon.enrol("a", areas: ["330921"])
        #expect(daemon.stop() == 0)

        let full = try Self.runWithoutRoom(
            "residence-syncd",
            ["serve", "--data", daemon.data, "--listen", "127.0.0.1:0", "--json"],
            on: daemon.data + "/residence.sqlite"
        )
        try daemon.restart()
        try daemon.person(on: "a", in: "330921101")
        try daemon.on("a", "sync")

        #expect(full.status == 1)
        #expect(full.output.contains("\"disk_full\""), "\(full.output)")
        #expect(full.output.contains("Make room"), "\(full.output)")
    }

    /// Runs a program that may write no file beyond a few kilobytes; returns what it printed.
    private static func runWithoutRoom(
        _ name: String,
        _ arguments: [String],
        on database: String
    ) throws -> (status: Int32, output: String) {
        // An index that is left from before would need no room.
        try? FileManager.default.removeItem(atPath: database + "-shm")
        let program = Programs.process(name, arguments)
        let process = ChildProcess(
            "/bin/sh",
            ["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"", program.executable] + arguments,
            environment: program.environment
        )
        let pipe = Pipe()
        process.standardOutput = .pipe(pipe)
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
