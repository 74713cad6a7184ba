import Foundation
import Testing

/// The server's key changes, and TLS comes: devices go on.
@Suite(.serialized) struct NextKeyTests {
    @Test("[A-15] a device that heard of the next key goes on after the switch")
    func heard() throws {
        let daemon = try RunningDaemon(underTLS: true)
        try daemon.enrol("one", areas: ["330921"])
        let next = try daemon.atServer("certificate", "next", "--json").json()
        // It hears of it, and says so by the request that follows.
        try daemon.on("one", "sync")
        try daemon.on("one", "sync")

        let switched = try daemon.atServer("certificate", "switch", "--json")
        // The daemon still serves the former key: no device may drop it.
        let early = try daemon.atServer("certificate", "next")
        _ = daemon.stop()
        try daemon.restart()
        try daemon.person(on: "one", in: "330921101")
        try daemon.on("one", "sync")

        #expect(switched.status == 0, "\(switched.errors)")
        #expect(early.status == 1 && early.errors.contains("daemon_not_restarted"))
        let used = try switched.json()["pin"] as? String
        #expect(used == next["next"] as? String && used != next["pin"] as? String)
        let status = try daemon.on("one", "status", "--json").json()
        #expect(status["pending"] as? Int == 0)
    }

    @Test("[A-15] a switch that was cut off between key and certificate is finished by the next")
    func cutOff() throws {
        let daemon = try RunningDaemon(underTLS: true)
        try daemon.enrol("one", areas: ["330921"])
        _ = try daemon.atServer("certificate", "next")
        try daemon.on("one", "sync")
        try daemon.on("one", "sync")
        let certificate = daemon.folder.appendingPathComponent("server/tls/certificate.pem")
        let kept = daemon.folder.appendingPathComponent("kept.pem")
        try FileManager.default.moveItem(at: certificate, to: kept)
        try FileManager.default.createDirectory(
            at: certificate.appendingPathComponent("in the way"),
            withIntermediateDirectories: true
        )

        let cut = try daemon.atServer("certificate", "switch")
        try FileManager.default.removeItem(at: certificate)
        try FileManager.default.moveItem(at: kept, to: certificate)
        let next = try daemon.atServer("certificate", "next")
        let again = try daemon.atServer("certificate", "switch", "--json")
        _ = daemon.stop()
        try daemon.restart()
        try daemon.on("one", "sync")

        #expect(cut.status == 1 && cut.errors.contains("file_unwritable"))
        #expect(next.status == 1 && next.errors.contains("switch_unfinished"))
        #expect(again.status == 0, "\(again.errors)")
        let report = try again.json()
        #expect(report["former"] as? String != report["pin"] as? String)
    }

    @Test("[A-15] a key that nobody was told of is not switched to: without TLS none is announced")
    func unannounced() throws {
        let daemon = try RunningDaemon(underTLS: true)
        _ = try daemon.atServer("certificate", "next")
        _ = daemon.stop()
        try daemon.restart(on: 0, with: "--plain-http", "--public-url", "https://proxy.test")

        let early = try daemon.atServer("certificate", "switch", "--force")
        let next = try daemon.atServer("certificate", "next")
        let switched = try daemon.atServer("certificate", "switch")

        #expect(early.status == 1 && early.errors.contains("next_key_unannounced"))
        #expect(next.status == 0 && switched.status == 0, "\(switched.errors)")
    }

    @Test("[A-15] who was revoked and does not know it yet is named apart")
    func revokedUnheard() throws {
        let daemon = try RunningDaemon(underTLS: true)
        try daemon.enrol("one", areas: ["330921"])
        _ = try daemon.atServer("certificate", "next")
        _ = try daemon.atServer("device", "revoke", "one", "--take-outbox")

        let early = try daemon.atServer("certificate", "switch")
        let english = try daemon.atServer("certificate", "switch", "--lang", "en")
        let told = try Programs.run("residence", "--data", daemon.device("one"), "sync")
        let later = try daemon.atServer("certificate", "switch")

        #expect(early.status == 1 && early.errors.contains("devices_unheard"))
        #expect(early.errors.contains("已撤销而尚未得知的：one"), "\(early.errors)")
        #expect(english.errors.contains("never be erased"), "\(english.errors)")
        #expect(english.errors.contains("revoked:one"))
        #expect(told.errors.contains("device_revoked") && later.status == 0, "\(later.errors)")
    }

    @Test(
        "[A-15] one that did not hear keeps the switch back; forced, it is told what to do, and a re-key link brings it back"
    )
    func unheard() throws {
        let daemon = try RunningDaemon(underTLS: true)
        try daemon.enrol("one", areas: ["330921"])
        try daemon.person(on: "one", in: "330921101")
        let made = try daemon.atServer("certificate", "next")
        let early = try daemon.atServer("certificate", "switch")
        let forced = try daemon.atServer("certificate", "switch", "--force")
        _ = daemon.stop()
        try daemon.restart()

        let refused = try Programs.run("residence", "--data", daemon.device("one"), "sync")
        let rekeyed = try daemon.atServer("device", "re-key", "one", "--json")
        let link = try #require(try rekeyed.json()["link"] as? String)
        try daemon.on("one", "enroll", link, "--rekey")
        try daemon.on("one", "sync")

        #expect(made.status == 0 && early.status == 1 && early.errors.contains("devices_unheard"))
        #expect(early.errors.contains("one") && forced.status == 0, "\(forced.errors)")
        #expect(refused.status == 1 && refused.errors.contains("server_untrusted"))
        #expect(refused.errors.contains("--rekey"))
        let status = try daemon.on("one", "status", "--json").json()
        #expect(status["pending"] as? Int == 0)
    }

    @Test(
        "[A-16] a device that was enrolled over http follows once the server serves TLS, and stays"
    )
    func fromPlainToTLS() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("one", areas: ["330921"])
        let plain = daemon.port
        _ = daemon.stop()
        _ = try daemon.atServer("certificate", "make")
        try daemon.restart(on: 0, with: "--also-http", "127.0.0.1:\(plain)")
        #expect(daemon.address.hasPrefix("https://") && daemon.port != plain)

        try daemon.on("one", "sync")
        try daemon.on("one", "sync")
        let followed = try daemon.on("one", "status", "--json").json()["server"] as? String
        _ = daemon.stop()
        try daemon.restart()
        try daemon.person(on: "one", in: "330921101")
        try daemon.on("one", "sync")

        #expect(followed == daemon.address)
        let status = try daemon.on("one", "status", "--json").json()
        #expect(status["pending"] as? Int == 0)
    }

    @Test("[A-16] where there is no TLS, nothing is served in the clear beside it")
    func nothingBeside() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("nothing-beside-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let refused = try Programs.run(
            "residence-syncd",
            [
                "serve", "--data", folder.path, "--listen", "127.0.0.1:0", "--also-http",
                "127.0.0.1:0",
            ]
        )
        let database = folder.appendingPathComponent("residence.sqlite").path
        #expect(refused.status == 1 && refused.errors.contains("nothing_beside"))
        #expect(!FileManager.default.fileExists(atPath: database), "nothing was written")
    }
}
