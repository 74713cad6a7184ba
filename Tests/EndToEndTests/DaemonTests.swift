import Foundation
import Testing

@Suite(.serialized) struct DaemonTests {
    @Test func `a second daemon on the same data refuses with a clear sentence`() throws {
        let daemon = try RunningDaemon()

        let second = try Programs.run(
            "residence-syncd",
            "serve",
            "--data",
            daemon.data,
            "--listen",
            "127.0.0.1:0",
            "--json"
        )

        #expect(second.status == 1)
        #expect(second.output.contains("already_serving"))
    }

    @Test func `a port in use is refused with a clear sentence`() throws {
        let daemon = try RunningDaemon()
        let port = try #require(daemon.address.split(separator: ":").last)

        let second = try Programs.run(
            "residence-syncd",
            "serve",
            "--data",
            daemon.folder.appendingPathComponent("x").path,
            "--listen",
            "127.0.0.1:\(port)",
            "--json"
        )

        #expect(second.status == 1)
        #expect(second.output.contains("port_in_use"))
    }

    @Test func `a data file that is no database is refused and left as it is`() throws {
        let daemon = try RunningDaemon()
        let folder = daemon.folder.appendingPathComponent("broken")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appendingPathComponent("residence.sqlite")
        let garbage = Data(repeating: 0x5A, count: 8192)
        try garbage.write(to: file)

        let served = try Programs.run(
            "residence-syncd",
            "serve",
            "--data",
            folder.path,
            "--listen",
            "127.0.0.1:0",
            "--json"
        )

        #expect(served.status == 1)
        #expect(served.output.contains("database_unreadable"))
        #expect(try Data(contentsOf: file) == garbage)
    }

    @Test func `a link works once, and another device is told so`() throws {
        let daemon = try RunningDaemon()
        let added = try Programs.run(
            "residence-syncd",
            "device",
            "add",
            "--data",
            daemon.data,
            "--name",
            "a",
            "--area",
            "330921101",
            "--json"
        ).json()
        let link = try #require(added["link"] as? String)

        let first = try Programs.run("residence", "--data", daemon.device("a"), "enroll", link)
        let second = try Programs.run(
            "residence",
            "--data",
            daemon.device("b"),
            "enroll",
            link,
            "--json"
        )

        #expect(first.status == 0)
        #expect(second.status == 1)
        #expect(second.output.contains("code_used"))
    }

    @Test func `SIGTERM ends the daemon in order`() throws {
        let daemon = try RunningDaemon()

        #expect(daemon.stop() == 0)
    }

    @Test func `of a daemon that was stopped, a copy of the database's one file has everything`()
        throws
    {
        let daemon = try RunningDaemon()
        try daemon.enrol("a", areas: ["330921"])
        try daemon.person(on: "a", in: "330921101")
        try daemon.on("a", "sync")
        #expect(daemon.stop() == 0)
        let file = "server/residence.sqlite"
        let copy = daemon.folder.appendingPathComponent("copy")
        try FileManager.default.createDirectory(
            at: copy.appendingPathComponent("server"),
            withIntermediateDirectories: true
        )
        try FileManager.default.copyItem(
            at: daemon.folder.appendingPathComponent(file),
            to: copy.appendingPathComponent(file)
        )

        let server = copy.appendingPathComponent("server").path
        let status = try Programs.run("residence-syncd", "status", "--data", server, "--json")

        #expect(status.status == 0, "\(status.errors)")
        #expect(try status.json()["changes"] as? Int == 1, "\(status.output)")
    }

    @Test func `a file that is no ledger is refused by name`() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("a", areas: ["3309"])
        let file = daemon.folder.appendingPathComponent("photo.csv")
        try Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13]).write(to: file)

        let refused = try Programs.run(
            "residence",
            "--data",
            daemon.device("a"),
            "import",
            file.path,
            "--json"
        )

        #expect(refused.status == 1)
        #expect(refused.output.contains("not_csv"))
    }
}
