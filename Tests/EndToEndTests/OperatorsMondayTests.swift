import Foundation
import Testing

/// An operator's Monday: villages change hands, a handheld falls off the ferry, another breaks.
@Suite(.serialized) struct OperatorsMondayTests {
    @Test func `two villages change hands, and devices follow at their next sync`() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("one", areas: ["330921101"])
        try daemon.enrol("two", areas: ["330921102"])
        try daemon.person(on: "one", in: "330921101")
        try daemon.on("one", "sync")

        let moved = try daemon.atServer("device", "areas", "one", "--set", "330921102", "--json")
        let given = try daemon.atServer("device", "areas", "two", "--add", "330921101")
        for device in ["one", "two"] { try daemon.on(device, "sync") }

        #expect(moved.status == 0 && given.status == 0)
        let (left, arrived) = try (
            daemon.on("one", "list", "person").output, daemon.on("two", "list", "person").output
        )
        #expect(!left.contains("王小明") && arrived.contains("王小明"))
        let empty = try daemon.atServer("device", "areas", "two", "--remove", "330922", "--json")
        #expect(empty.status == 1 && empty.output.contains("area_not_held"))
    }

    @Test func `a lost handheld is erased at its next contact, and its work is on the server`()
        throws
    {
        let daemon = try RunningDaemon()
        try daemon.enrol("one", areas: ["330921"])
        let id = try daemon.person(on: "one", in: "330921101")

        let revoked = try daemon.atServer("device", "revoke", "one", "--take-outbox")
        let told = try Programs.run("residence", "--data", daemon.device("one"), "sync")
        let listed = try daemon.atServer("device", "list", "--lang", "en")
        let shown = try daemon.atServer("show", id, "--json")

        #expect(revoked.status == 0)
        #expect(told.status == 1 && told.errors.contains("device_revoked"))
        #expect(listed.output.contains("revoked"))
        #expect(shown.output.contains("王小明"))
        let status = try daemon.on("one", "status", "--json").json()
        #expect(status["enrolled"] as? Bool == false && status["sealed"] == nil)
    }

    @Test func `the work of a handheld that cannot sync comes by a file, once`() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("one", areas: ["330921"])
        try daemon.on("one", "sync")
        let id = try daemon.person(on: "one", in: "330921101")
        let file = daemon.device("outbox.sealed")

        try daemon.on("one", "outbox", file)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        let taken = try daemon.atServer("import", file, "--json").json()
        let again = try daemon.atServer("import", file, "--json").json()
        let wrong = try daemon.atServer("import", daemon.data + "/residence.sqlite")

        #expect(bytes.range(of: Data("王小明".utf8)) == nil)
        #expect((taken["outcomes"] as? [String: Int])?["applied"] == 1)
        #expect((again["outcomes"] as? [String: Int])?.isEmpty == true)
        #expect(again["known"] as? Int == 1)
        #expect(wrong.status == 1 && wrong.errors.contains("outbox_malformed"))
        #expect(try daemon.atServer("show", id, "--json").output.contains("王小明"))
    }
}
