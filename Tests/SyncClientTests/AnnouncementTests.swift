import LocalSQLite
import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// The server says by which keys, and where, it is met from now on.
struct AnnouncementTests {
    private static let (old, new) = (
        String(repeating: "a", count: 64), String(repeating: "b", count: 64)
    )
    private static let secure = "https://server.test:8443"

    /// A device whose link pinned a key.
    private static func pinned(in world: World) async throws -> Device {
        let device = try await world.device(named: "船上")
        try await device.store.write { transaction in
            guard var profile = try transaction.profile() else { return }
            (profile.server, profile.tlsPin) = ("https://server.test:8443", old)
            try transaction.save(profile)
        }
        return device
    }

    @Test("[A-15] a device takes the next key beside the present one, and tells that it has heard")
    func heard() async throws {
        let world = try await World()
        let device = try await Self.pinned(in: world)
        try await device.sync()
        try await world.service.announce(pins: [Self.old, Self.new], address: Self.secure)
        let before = try await world.service.devicesThatHaveNotHeard()

        try await device.sync()
        let address = try await device.client.profile()?.address
        try await device.sync()
        let after = try await world.service.devicesThatHaveNotHeard()

        #expect(before.map(\.name) == ["船上"] && after.isEmpty)
        #expect(address?.pins == [Self.old, Self.new])
    }

    @Test("[A-15] after the switch the former key goes")
    func switched() async throws {
        let world = try await World()
        let device = try await Self.pinned(in: world)
        try await world.service.announce(pins: [Self.old, Self.new], address: Self.secure)
        try await device.sync()

        try await world.service.announce(pins: [Self.new], address: Self.secure)
        try await device.sync()

        let address = try await device.client.profile()?.address
        #expect(address == ServerAddress(url: Self.secure, pin: Self.new))
    }

    @Test("[A-15] who serves a key hands out no announcement that leaves it out")
    func notMyKey() async throws {
        let world = try await World()
        let id = try #require(try await Self.pinned(in: world).client.profile()?.device)
        var former = world.service
        former.servedPin = Self.old
        let both = try await world.service.announce(pins: [Self.old, Self.new], address: "")
        let first = try await former.sync(SyncRequest(), from: id).announcement

        let switched = try await world.service.announce(pins: [Self.new], address: "")
        let byFormer = try await former.sync(SyncRequest(), from: id).announcement
        former.servedPin = Self.new
        let byRestarted = try await former.sync(SyncRequest(), from: id).announcement

        #expect(first == both && byFormer == nil && byRestarted == switched)
    }

    @Test(
        "[A-15] one that was revoked and does not know it yet counts among those that have not heard"
    )
    func revokedUnheard() async throws {
        let world = try await World()
        let device = try await Self.pinned(in: world)
        let id = try #require(try await device.client.profile()?.device)
        try await world.service.announce(pins: [Self.old, Self.new], address: Self.secure)
        try await world.service.revoke(id, takesOutbox: true)

        let before = try await world.service.devicesThatHaveNotHeard()
        let code = try await errorCode { try await device.sync() }
        let after = try await world.service.devicesThatHaveNotHeard()

        #expect(before.map(\.id) == [id] && code == "device_revoked" && after.isEmpty)
    }

    @Test(
        "[A-15] after a restore, what devices heard from a clock that was ahead does not count as heard"
    )
    func clockAhead() async throws {
        let world = try await World()
        let device = try await Self.pinned(in: world)
        let copy = try await world.backUp()
        world.clock.advance(by: Sample.year)
        try await world.service.announce(pins: [Self.old], address: Self.secure)
        try await device.sync()
        world.clock.advance(by: -Sample.year)

        try await world.restore(copy)
        try await world.service.announce(pins: [Self.old, Self.new], address: Self.secure)
        try await device.sync()
        try await device.sync()
        let unheard = try await world.service.devicesThatHaveNotHeard()
        // Said again, now that it is known what the device has.
        try await world.service.announce(pins: [Self.old, Self.new], address: Self.secure)
        try await device.sync()
        try await device.sync()
        let heard = try await world.service.devicesThatHaveNotHeard()

        #expect(unheard.map(\.name) == ["船上"] && heard.isEmpty)
        let pins = try await device.client.profile()?.address.pins
        #expect(pins == [Self.old, Self.new])
    }

    @Test("[A-15] the same again is no new announcement, and is not told twice")
    func same() async throws {
        let world = try await World()
        let first = try await world.service.announce(pins: [Self.old], address: Self.secure)
        let again = try await world.service.announce(pins: [Self.old], address: Self.secure)
        let id = try #require(try await Self.pinned(in: world).client.profile()?.device)

        var request = SyncRequest()
        let told = try await world.service.sync(request, from: id).announcement
        request.announcement = first.number
        let known = try await world.service.sync(request, from: id).announcement

        #expect(first == again && told == first && known == nil)
    }

    @Test("[A-15] one that this server did not sign, or that is not later, changes nothing")
    func forged() async throws {
        let (world, other) = try await (World(), World())
        let device = try await Self.pinned(in: world)
        let early = try await world.service.announce(pins: [Self.old], address: Self.secure)
        let later = try await world.service.announce(pins: [Self.new], address: Self.secure)
        try await device.sync()
        var changed = later
        (changed.number, changed.pins) = (later.number + 1, [Self.old])
        let foreign = try await other.service.announce(pins: [Self.old], address: "")
        let id = try #require(try await device.client.profile()?.device)

        for announcement in [early, changed, foreign] {
            var answer = try await world.service.sync(SyncRequest(), from: id)
            answer.announcement = announcement
            device.weather.next(.answered(answer))
            try await device.sync()
        }

        let address = try await device.client.profile()?.address
        #expect(address?.pins == [Self.new])
    }

    @Test(
        "[A-15] a device under a new key pins what its link says, and is told again of the next one"
    )
    func rekeyed() async throws {
        let world = try await World()
        let device = try await Self.pinned(in: world)
        try await world.service.announce(pins: [Self.old, Self.new], address: Self.secure)
        try await device.sync()
        let id = try #require(try await device.client.profile()?.device)

        let plain = try await world.rekeyLink(for: id)
        let link =
            plain.replacing("http://server.test:8080", with: Self.secure) + "&tls=\(Self.old)"
        _ = try await device.client.enrol(link: link, .rekeyed)
        let before = try await device.client.profile()?.address.pins
        try await device.sync()
        let after = try await device.client.profile()?.address.pins

        #expect(before == [Self.old] && after == [Self.old, Self.new])
    }

    @Test("[A-16] a device of plain http follows to the https address at its next sync")
    func follows() async throws {
        let world = try await World()
        let device = try await world.device(named: "船上")
        try await world.service.announce(pins: [Self.old], address: Self.secure)

        try await device.sync()
        let told = try await device.client.profile()
        try await device.sync()
        let after = try await device.client.profile()

        #expect(told?.server == "http://server.test:8080")
        #expect(told?.secureServer == ServerAddress(url: Self.secure, pin: Self.old))
        #expect(after?.address == ServerAddress(url: Self.secure, pin: Self.old))
        #expect(after?.secureServer == nil)
    }

    @Test("[A-16] where nobody answers under TLS it goes on as before, and tries again by the next")
    func nobodyAnswers() async throws {
        let world = try await World()
        let device = try await world.device(named: "船上")
        try await world.service.announce(pins: [Self.old], address: Self.secure)
        try await device.sync()

        device.weather.next(.requestLost)
        try await device.sync()
        let unreached = try await device.client.profile()?.server
        try await device.sync()
        let reached = try await device.client.profile()?.server

        #expect(unreached == "http://server.test:8080" && reached == Self.secure)
    }

    @Test(
        "[A-16] whoever answers there and is not the server is not followed"
    )
    func somebodyElse() async throws {
        let world = try await World()
        let device = try await world.device(named: "船上")
        try await world.service.announce(pins: [Self.old], address: Self.secure)
        try await device.sync()

        let untrusted = SyncError("server_untrusted", "别处 elsewhere", hint: "")
        device.weather.next(.refused(untrusted))
        try await device.sync()
        let profile = try await device.client.profile()

        #expect(profile?.server == "http://server.test:8080" && profile?.tlsPin == nil)
    }

    @Test(
        "[A-16] an answer that no server gave about the device is not followed",
        arguments: ["route_not_found", "internal", "device_unknown", "answer_unreadable"]
    )
    func notTheServer(code: String) async throws {
        let world = try await World()
        let device = try await world.device(named: "船上")
        try await world.service.announce(pins: [Self.old], address: Self.secure)
        try await device.sync()

        let refusal = SyncError(SyncError.Code(rawValue: code), "别处 elsewhere", hint: "")
        device.weather.next(.refused(refusal))
        try await device.sync()
        let refused = try await device.client.profile()?.server
        device.weather.next(.answered(SyncResponse()))
        try await device.sync()
        let empty = try await device.client.profile()?.server

        #expect(refused == "http://server.test:8080" && empty == refused)
    }

    @Test("[A-16] a refusal that only the server gives is an answer, and is followed")
    func refusedThere() async throws {
        let world = try await World()
        let device = try await world.device(named: "船上")
        let id = try #require(try await device.client.profile()?.device)
        try await world.service.announce(pins: [Self.old], address: Self.secure)
        try await device.sync()

        try await world.service.suspend(id, true)
        let code = try await errorCode { try await device.sync() }

        let profile = try await device.client.profile()
        #expect(code == "device_suspended" && profile?.server == Self.secure)
    }

    @Test("[A-16] nothing leads from https to http")
    func noWayBack() async throws {
        let world = try await World()
        let device = try await world.device(named: "船上")
        try await world.service.announce(pins: [Self.old], address: Self.secure)
        try await device.sync()
        try await device.sync()

        try await world.service.announce(pins: [Self.old], address: "http://server.test:8080")
        try await device.sync()
        device.weather.otherwise(.requestLost)
        let code = try await errorCode { try await device.sync() }

        let profile = try await device.client.profile()
        #expect(profile?.server == Self.secure && profile?.secureServer == nil)
        #expect(code == "server_unreachable")
    }
}
