import Foundation
import Testing

/// A daemon on a file system of three megabytes, which fills up.
@Suite(.serialized) struct FullDiskTests {
    /// Mounting a file system takes rights that not every machine gives.
    private static let canMount = (try? run("/bin/mount", "--version")) == 0 && getuid() == 0

    @discardableResult
    private static func run(_ program: String, _ arguments: String...) throws -> Int32 {
        let process = ChildProcess(program, arguments)
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test(.enabled(if: canMount, "not run: it needs the right to mount a small file system"))
    func `a daemon whose disk is full answers reads, refuses writes, and recovers by itself`()
        throws
    {
        let parent = FileManager.default.temporaryDirectory
            .appendingPathComponent("full-\(UUID().uuidString)")
        let server = parent.appendingPathComponent("server")
        try FileManager.default.createDirectory(at: server, withIntermediateDirectories: true)
        let mounted = try Self.run(
            "/bin/mount",
            "-t",
            "tmpfs",
            "-o",
            "size=3m",
            "tmpfs",
            server.path
        )
        try #require(mounted == 0)
        defer {
            _ = try? Self.run("/bin/umount", "-l", server.path)
            try? FileManager.default.removeItem(at: parent)
        }
        let daemon = try RunningDaemon(in: parent)
        try daemon.enrol("a", areas: ["330921"])
        try daemon.on(
            "a",
            "add",
            "person",
            "name=张三",
            "sex=1",
            "document_type=2",
            "document_number=E10000001",
            "captured_in=330921101"
        )
        try daemon.on("a", "sync")

        let ballast = server.appendingPathComponent("ballast")
        try Data().write(to: ballast)
        let handle = try FileHandle(forWritingTo: ballast)
        while (try? handle.write(contentsOf: Data(repeating: 7, count: 4_096))) != nil {}
        try handle.close()
        for number in 2...9 {
            try daemon.on(
                "a",
                "add",
                "person",
                "name=李四",
                "sex=1",
                "document_type=2",
                "document_number=E1000000\(number)",
                "captured_in=330921101"
            )
        }
        let refused = try Programs.run(
            "residence",
            ["--data", daemon.device("a"), "sync", "--attempts", "1", "--json"]
        )
        let id = try #require(
            try daemon.on("a", "list", "person", "--limit", "1", "--json").output
                .split(separator: "\"").first { UUID(uuidString: String($0)) != nil }
        )
        let read = try Programs.run(
            "residence",
            ["--data", daemon.device("a"), "history", String(id)]
        )
        try FileManager.default.removeItem(at: ballast)
        let after = try Programs.run("residence", ["--data", daemon.device("a"), "sync", "--json"])
        let counts = try daemon.atServer("status", "--json").json()

        #expect(refused.status != 0)
        #expect(refused.output.contains("disk_full"))
        #expect(read.status == 0, "\(read.errors)")
        #expect(after.status == 0, "\(after.output)")
        #expect(counts["changes"] as? Int == 9)
    }
}
