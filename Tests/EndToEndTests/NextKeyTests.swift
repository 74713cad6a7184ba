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
        _ = daemon.stop()
        try daemon.restart()
        try daemon.person(on: "one", in: "330921101")
        try daemon.on("one", "sync")

        #expect(switched.status == 0, "\(switched.errors)")
        let used = try switched.json()["pin"] as? String
        #expect(used == next["next"] as? String && used != next["pin"] as? String)
        let status = try daemon.on("one", "status", "--json").json()
        #expect(status["pending"] as? Int == 0)
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
}
