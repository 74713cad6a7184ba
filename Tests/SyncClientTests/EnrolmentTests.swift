import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct EnrolmentTests {
    @Test func `an enrolled device knows its name, its areas and its server`() async throws {
        let world = try await World()
        let stranger = try world.stranger(named: "林小梅")

        let profile = try await stranger.client.enrol(link: try await world.link(for: "林小梅"))

        let kept = try await stranger.reopen().client.profile()
        #expect(profile.name == "林小梅")
        #expect(profile.grant == Grant(number: 1, areas: [Sample.harbour]))
        #expect(profile.server == "http://server.test:8080")
        #expect(kept?.keySeed == profile.keySeed)
    }

    @Test("[A-03] a device whose link names another server's fingerprint stores nothing")
    func wrongFingerprint() async throws {
        let world = try await World()
        let stranger = try world.stranger(named: "林小梅")
        let link = try await world.link(
            for: "林小梅",
            fingerprint: String(repeating: "0", count: 64)
        )

        let code = try await errorCode { try await stranger.client.enrol(link: link) }

        let profile = try await stranger.client.profile()
        #expect(code == "server_untrusted")
        #expect(profile == nil)
    }

    @Test(arguments: [
        "", "7Q2M-K9XD-04TB", "http://server.test:8080/enroll",
        "http://server.test:8080/enroll#key=00",
        "http://server.test:8080/#code=7Q2M&key=00", "ftp://server.test/enroll#code=7Q2M&key=00",
        // A pin that nothing would hold, or that is none.
        "http://server.test/enroll#code=7Q2M&key=00&tls=\(String(repeating: "a", count: 64))",
        "https://server.test/enroll#code=7Q2M&key=00&tls=",
        "https://server.test/enroll#code=7Q2M&key=00&tls=abc",
    ])
    func `what is no enrolment link is refused before anybody is asked`(
        link: String
    ) async throws {
        let world = try await World()
        let stranger = try world.stranger(named: "林小梅")

        let code = try await errorCode { try await stranger.client.enrol(link: link) }

        #expect(code == "link_malformed")
        #expect(stranger.weather.requests.isEmpty)
    }

    @Test func `a link that a chat broke into lines is understood`() async throws {
        let world = try await World()
        let stranger = try world.stranger(named: "林小梅")
        let link = try await world.link(for: "林小梅")

        let broken = " " + link.replacing("#", with: "\n#") + "\n"
        let profile = try await stranger.client.enrol(link: broken)

        #expect(profile.name == "林小梅")
    }

    @Test func `a device is enrolled once`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let link = try await world.link(for: "陈建国")

        let code = try await errorCode { try await lin.client.enrol(link: link) }

        let name = try await lin.client.profile()?.name
        #expect(code == "already_enrolled")
        #expect(name == "林小梅")
    }

    @Test("[A-01] a link that another device used is refused")
    func usedLink() async throws {
        let world = try await World()
        let link = try await world.link(for: "林小梅")
        let first = try world.stranger(named: "林小梅")
        let second = try world.stranger(named: "陈建国")
        _ = try await first.client.enrol(link: link)

        let code = try await errorCode { try await second.client.enrol(link: link) }

        #expect(code == "code_used")
    }

    @Test func `an enrolment whose answer was lost can be repeated with the same link`()
        async throws
    {
        let world = try await World()
        let link = try await world.link(for: "林小梅")
        let lin = try world.stranger(named: "林小梅")
        lin.weather.next(.answerLost)
        let lost = try await errorCode { try await lin.client.enrol(link: link) }

        let code = try await errorCode { try await lin.client.enrol(link: link) }

        let devices = try await world.service.devices().count
        #expect(lost == "server_unreachable")
        #expect(code == nil)
        #expect(devices == 1)
    }
}
