import Foundation
import Testing

/// Clients that hold what they got: headers, bodies, connections.
///
/// Everybody else is served meanwhile.
@Suite(.serialized) struct HostileClientTests {
    /// A connection that says just what it is told to.
    fileprivate final class Line {
        private let socket: Int32

        init(to address: String) throws {
            let port = try #require(address.split(separator: ":").last.flatMap { UInt16($0) })
            socket = Foundation.socket(
                AF_INET,
                Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue),
                0
            )
            var target = sockaddr_in()
            target.sin_family = sa_family_t(AF_INET)
            target.sin_port = port.bigEndian
            target.sin_addr.s_addr = inet_addr("127.0.0.1")
            let connected = withUnsafePointer(to: &target) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            try #require(connected == 0)
            var patience = timeval(tv_sec: 10, tv_usec: 0)
            setsockopt(
                socket,
                SOL_SOCKET,
                SO_RCVTIMEO,
                &patience,
                socklen_t(MemoryLayout<timeval>.size)
            )
        }

        deinit { _ = close(socket) }

        /// Whether all of it could be sent.
        @discardableResult
        func say(_ text: String) -> Bool {
            let bytes = Array(text.utf8)
            return send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
        }

        /// What comes next; nothing where the other end has closed.
        func hear() -> String {
            var bytes = [UInt8](repeating: 0, count: 4_096)
            let count = recv(socket, &bytes, bytes.count, 0)
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }
    }

    private static func story(
        _ limits: String,
        _ tell: (RunningDaemon, _ token: String) throws -> Void
    ) throws {
        let daemon = try RunningDaemon(settings: #"{"limits": \#(limits)}"#)
        try daemon.enrol("a", areas: ["330921101"])
        try daemon.enrol("b", areas: ["330921101"])
        let token = try daemon.on("a", "token").output.trimmingCharacters(
            in: .whitespacesAndNewlines
        )
        try tell(daemon, token)
        // Whatever was done, another device goes on with its work.
        try daemon.person(on: "b", in: "330921101")
        try daemon.on("b", "sync")
        #expect(daemon.stop() == 0)
    }

    @Test("[A-11] a header that is too long is refused before it is kept")
    func longHeader() throws {
        try Self.story(#"{"header_bytes": 4096}"#) { daemon, _ in
            let line = try Line(to: daemon.address)
            line.say("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: ")
            line.say(String(repeating: "x", count: 20_000) + "\r\n\r\n")
            #expect(!line.hear().contains("200 OK"))
            let isServed = try Line(to: daemon.address).isServed
            #expect(isServed)
        }
    }

    @Test("[A-11] a body that comes drop by drop is given up")
    func slowBody() throws {
        let limits = #"{"body_grace_seconds": 0.2, "body_bytes_per_second": 1000}"#
        try Self.story(limits) { daemon, token in
            let line = try Line(to: daemon.address)
            line.say(
                "POST /v1/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n"
                    + "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
            )
            for _ in 0..<8 {
                line.say("{")
                usleep(50_000)
            }
            let answer = line.hear()
            #expect(answer.contains("408") && answer.contains("body_too_slow"))
        }
    }

    @Test("[W-04] a connection that is cut in a body is no fault of the server's")
    func cutBody() throws {
        try Self.story("{}") { daemon, token in
            for _ in 0..<3 {
                try Line(to: daemon.address).say(
                    "POST /v1/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n"
                        + "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
                )
            }
            var counted = ""
            for _ in 0..<500 where !counted.contains("/v1/sync") {
                let line = try Line(to: daemon.address)
                line.say("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                var part = line.hear()
                while !part.isEmpty {
                    counted += part
                    part = line.hear()
                }
            }
            #expect(counted.contains(#"status_code="400""#))
            #expect(!counted.contains(#"status_code="5"#))
        }
    }

    @Test("[A-11] a device that holds all that it may at once is told to wait")
    func manyAtOnce() throws {
        try Self.story(#"{"device_at_once": 2}"#) { daemon, token in
            let head =
                "POST /v1/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n"
                + "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
            let held = try (0..<2).map { _ in try Line(to: daemon.address) }
            for line in held { line.say(head) }
            // Both are being read by the time that another connection was served.
            usleep(100_000)
            let third = try Line(to: daemon.address)
            third.say(head)
            #expect(third.hear().contains("429"))
            let isServed = try Line(to: daemon.address).isServed
            #expect(isServed)
        }
    }

    @Test("[A-11] an address holds so many connections and no more")
    func manyConnections() throws {
        try Self.story(#"{"address_connections": 3}"#) { daemon, _ in
            var held: [Line] = []
            for _ in 0..<3 { held.append(try Line(to: daemon.address)) }
            let areServed = held.allSatisfy(\.isServed)
            #expect(areServed)
            let tooMany = try Line(to: daemon.address).isServed
            #expect(!tooMany)
            held = []
            // Closing takes the server a moment to see.
            for _ in 0..<50 where try !Line(to: daemon.address).isServed { usleep(20_000) }
            let isServed = try Line(to: daemon.address).isServed
            #expect(isServed)
        }
    }
}

extension HostileClientTests.Line {
    /// Whether a plain request is answered.
    fileprivate var isServed: Bool {
        say("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        return hear().contains("200 OK")
    }
}
