import Foundation
import SyncTrust
import Testing

/// What is on the wire, and with whom a device talks.
@Suite(.serialized) struct TLSTests {
    @Test("[A-10] a device syncs under TLS with the key that its link pinned")
    func pinned() throws {
        let daemon = try RunningDaemon(underTLS: true)

        try daemon.enrol("one", areas: ["330921"])
        try daemon.on("one", "sync")

        #expect(daemon.address.hasPrefix("https://"))
        let status = try daemon.on("one", "status", "--json").json()
        #expect((status["server"] as? String)?.hasPrefix("https://") == true)
    }

    @Test("[A-10] a certificate of another name that ran out long ago does for a pinned key")
    func outdated() throws {
        let daemon = try RunningDaemon(underTLS: true)
        try daemon.enrol("one", areas: ["330921"])
        let tls = URL(fileURLWithPath: daemon.data).appendingPathComponent("tls")
        let key = try String(contentsOf: tls.appendingPathComponent("key.pem"), encoding: .utf8)
        let outdated = try ServerCertificate.selfSigned(
            by: key,
            for: ["elsewhere.example"],
            from: Date(timeIntervalSince1970: 0),
            until: Date(timeIntervalSince1970: 86_400)
        )
        try outdated.write(
            to: tls.appendingPathComponent("certificate.pem"),
            atomically: true,
            encoding: .utf8
        )
        _ = daemon.stop()
        try daemon.restart()

        try daemon.on("one", "sync")
    }

    @Test(
        "[A-10] another key is refused before anything is sent, and everything stays on the device"
    )
    func another() throws {
        let daemon = try RunningDaemon(underTLS: true)
        try daemon.enrol("one", areas: ["330921"])
        try daemon.person(on: "one", in: "330921101")
        _ = daemon.stop()
        let tls = URL(fileURLWithPath: daemon.data).appendingPathComponent("tls")
        try FileManager.default.removeItem(at: tls)
        let key = ServerCertificate.newKey()
        let another = try ServerCertificate.selfSigned(
            by: key,
            for: ["127.0.0.1"],
            from: Date(timeIntervalSince1970: 0),
            until: Date(timeIntervalSince1970: 4_000_000_000)
        )
        try FileManager.default.createDirectory(at: tls, withIntermediateDirectories: true)
        for (text, name) in [(key, "key.pem"), (another, "certificate.pem")] {
            try text.write(
                to: tls.appendingPathComponent(name),
                atomically: true,
                encoding: .utf8
            )
        }
        let guarded = try daemon.atServer("serve", "--listen", "127.0.0.1:0")
        #expect(guarded.status == 1 && guarded.errors.contains("pin_changed"))
        try daemon.restart(with: "--new-key")

        let refused = try Programs.run("residence", "--data", daemon.device("one"), "sync")

        #expect(refused.status == 1 && refused.errors.contains("server_untrusted"))
        let status = try daemon.on("one", "status", "--json").json()
        #expect(status["pending"] as? Int == 1)
    }

    @Test func `a lost key is the one that the database keeps`() throws {
        let daemon = try RunningDaemon(underTLS: true)
        try daemon.enrol("one", areas: ["330921"])
        _ = daemon.stop()
        let tls = URL(fileURLWithPath: daemon.data).appendingPathComponent("tls")
        try FileManager.default.removeItem(at: tls)

        let made = try daemon.atServer("certificate", "make")
        try daemon.restart()
        try daemon.on("one", "sync")

        #expect(made.status == 0)
    }

    @Test func `nothing is served in the clear beyond the machine itself, unless it is asked for`()
        throws
    {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("clear-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }

        let refused = try Programs.run(
            "residence-syncd",
            "serve",
            "--data",
            folder.path,
            "--listen",
            "0.0.0.0:0"
        )

        #expect(refused.status == 1 && refused.errors.contains("certificate_missing"))
        #expect(refused.errors.contains("--plain-http"))
    }

    @Test func `a key is made once, and readable by its owner alone`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("key-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }

        let made = try Programs.run(
            "residence-syncd",
            "certificate",
            "make",
            "--data",
            folder.path,
            "--json"
        )
        let again = try Programs.run(
            "residence-syncd",
            "certificate",
            "make",
            "--data",
            folder.path
        )
        let renewed = try Programs.run(
            "residence-syncd",
            "certificate",
            "renew",
            "--data",
            folder.path,
            "--json"
        )

        let key = folder.appendingPathComponent("tls/key.pem").path
        let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(again.status == 1 && again.errors.contains("key_exists"))
        let (pin, same) = try (made.json()["pin"] as? String, renewed.json()["pin"] as? String)
        #expect(pin?.count == 64 && pin == same)
    }
}
