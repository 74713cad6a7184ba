import Foundation
import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// A handheld that is given to another person.
struct AfreshTests {
    @Test("[O-03] the second person sees nothing of the first one's, in the file neither")
    func afresh() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let first = try await lin.client.profile()
        let id = try await lin.client.capture(Sample.person("王一一"))
        try await lin.sync()
        try await lin.rename(id, to: "王一一一")
        try await lin.sync()

        let link = try await world.link(for: "陈建国", areas: [Sample.hill])
        let profile = try await lin.client.enrol(link: link, .afresh)
        let before = try await lin.client.status()
        try await lin.sync()

        let held = try await lin.client.record(id)
        let bytes = try lin.bytesOnDisk()
        #expect(profile.name == "陈建国" && profile.keySeed != first?.keySeed)
        #expect(before.counts.isEmpty && before.unanswered == 0 && held == nil)
        #expect(bytes.range(of: Data("王一一一".utf8)) == nil)
        let again = try await lin.reopen().client.profile()
        #expect(again?.device == profile.device)
    }

    @Test("[O-03] what was not given away keeps it from that, and nothing is lost")
    func unsent() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("王一一"))
        let link = try await world.link(for: "陈建国")

        let refused = try await errorCode { try await lin.client.enrol(link: link, .afresh) }
        let held = try await lin.client.record(id)
        try await lin.sync()
        let profile = try await lin.client.enrol(link: link, .afresh)

        #expect(refused == "unsent_work" && held != nil)
        #expect(profile.name == "陈建国")
    }

    @Test(
        "[O-03] a link that does not work leaves everything as it is; an answer that was lost is asked for again"
    )
    func brokenOff() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("王一一"))
        try await lin.sync()
        let link = try await world.link(for: "陈建国")

        let wrong = try await world.link(
            for: "陈建国",
            fingerprint: String(repeating: "0", count: 64)
        )
        let untrusted = try await errorCode {
            try await lin.client.enrol(link: wrong, .afresh)
        }
        let kept = try await lin.client.record(id)
        lin.weather.next(.answerLost)
        let lost = try await errorCode { try await lin.client.enrol(link: link, .afresh) }
        let profile = try await lin.client.enrol(link: link, .afresh)

        #expect(untrusted == "server_untrusted" && kept != nil)
        #expect(lost == "server_unreachable")
        #expect(profile.name == "陈建国")
    }
}
