import Foundation
import Testing

/// Devices that keep up with a real daemon.
@Suite(.serialized) struct FollowingTests {
    @Test(
        "[S-01] what a colleague captured arrives by itself, in the clear and under TLS",
        arguments: [false, true]
    )
    func follow(underTLS: Bool) throws {
        let daemon = try RunningDaemon(underTLS: underTLS)
        for name in ["a", "b"] { try daemon.enrol(name, areas: ["330921"]) }
        try daemon.person(on: "b", in: "330921101")
        let output = Pipe()
        let follower = Programs.process(
            "residence",
            ["--data", daemon.device("b"), "--lang", "en", "sync", "--follow", "--every", "3600"]
        )
        follower.standardOutput = .pipe(output)
        try follower.run()
        defer { follower.kill() }
        var heard = ""
        while !heard.contains("round trips") { heard += try output.next() }
        #expect(heard.contains("sent: applied 1\n"))
        heard = ""

        try daemon.on("a", "sync")
        try daemon.on(
            "a",
            "add",
            "person",
            "name=张三",
            "sex=1",
            "document_type=2",
            "document_number=E10000001",
            "captured_in=330921102"
        )
        try daemon.on("a", "sync")
        while !heard.contains("received: 1 records") { heard += try output.next() }
        follower.kill()
        follower.waitUntilExit()
        let listed = try daemon.on("b", "list", "person", "--json").output

        #expect(listed.contains("张三"))
        #expect(daemon.stop() == 0)
    }

    @Test("[S-06] a server that ends says goodbye to those who listen, and is kept by none of them")
    func goodbye() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("a", areas: ["330921"])
        let token = try daemon.on("a", "token").output.filter { !$0.isWhitespace }
        let descriptor = try #require(Loopback.connect(to: daemon.port))
        defer { _ = close(descriptor) }
        let request = """
            GET /v1/events HTTP/1.1\r
            Host: localhost\r
            Authorization: Bearer \(token)\r
            \r

            """
        _ = send(descriptor, request, request.utf8.count, Int32(MSG_NOSIGNAL))
        var heard = ""
        while !heard.contains("event: news\nid: ") {
            heard += try #require(Self.receive(from: descriptor))
        }

        let status = daemon.stop()
        while let more = Self.receive(from: descriptor) { heard += more }

        #expect(status == 0)
        #expect(heard.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(heard.contains("event: goodbye\nretry: "))
    }

    /// What comes next; `nil` at the end.
    private static func receive(from descriptor: Int32) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
    }
}

extension Pipe {
    /// What is written next; throws at the end.
    fileprivate func next() throws -> String {
        let data = fileHandleForReading.availableData
        try #require(!data.isEmpty, "the program ended")
        return String(decoding: data, as: UTF8.self)
    }
}
