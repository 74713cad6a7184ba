import LocalSQLite
import StoreSQLite
import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// Holders of very many areas, who do not show how far they have read each of them every time.
struct BookmarkTokenTests {
    private static let villages = (1...40).compactMap { number in
        AreaCode("330921101" + (number < 10 ? "00" : "0") + String(number))
    }

    /// A township of forty villages with a dwelling each, its supervisor, who has read them, and a coordinator.
    private func township() async throws -> (world: World, head: Device, lin: Device) {
        var limits = Limits()
        limits.bookmarksShown = 8
        let world = try await World(limits: limits)
        let lin = try await world.device(named: "林小梅")
        for village in Self.villages {
            try await lin.client.capture(Sample.dwelling("\(village)", in: village))
        }
        try await lin.sync()
        let head = try await world.device(named: "站长", role: .supervisor, limits: limits)
        // The first one brings everything, the second shows that it came, the third has the token.
        for _ in 0..<3 { try await head.sync() }
        return (world, head, lin)
    }

    /// What a request told of how far the device had read.
    private struct Shown: Equatable {
        var token: Bool
        var bookmarks: Int
    }

    private func shown(by device: Device) throws -> Shown {
        let last = try #require(device.weather.requests.last)
        return Shown(token: !last.bookmarkToken.isEmpty, bookmarks: last.bookmarks.count)
    }

    @Test("[F-11] forty villages are one token on the wire, and those that moved since")
    func token() async throws {
        let (_, head, lin) = try await township()
        let quiet = try shown(by: head)
        try await lin.client.capture(Sample.dwelling("人民路1号", in: Self.villages[7]))
        try await lin.sync()

        try await head.sync()
        let bringing = try shown(by: head)
        try await head.sync()
        let showing = try shown(by: head)
        try await head.sync()
        let after = try shown(by: head)

        #expect(
            quiet == Shown(token: true, bookmarks: 0)
                && bringing == Shown(token: true, bookmarks: 0)
        )
        #expect(
            showing == Shown(token: true, bookmarks: 1) && after == Shown(token: true, bookmarks: 0)
        )
        #expect(try await head.client.count(of: Dwelling.recordType) == 41)
    }

    @Test("[F-11] an answer that was lost moves nothing on: what it brought comes again, once")
    func lost() async throws {
        let (_, head, lin) = try await township()
        for village in [3, 9, 27] {
            try await lin.client.capture(
                Sample.dwelling("人民路\(village)号", in: Self.villages[village])
            )
            try await lin.sync()
            head.weather.next(.answerLost, .answerLost)
            try await head.sync()
            try await head.sync()
        }

        #expect(try await head.client.count(of: Dwelling.recordType) == 43)
        #expect(try await head.store.read { try $0.bookmarks().count } == 40)
        #expect(head.weather.requests.suffix(4).allSatisfy { !$0.bookmarkToken.isEmpty })
    }

    @Test(
        "[F-11] a token that stands for nothing is refused, and the device shows every bookmark at once"
    )
    func unknown() async throws {
        let (world, head, lin) = try await township()
        try await world.store.write { transaction in
            for var device in try transaction.devices() {
                device.vector = nil
                try transaction.save(device)
            }
        }
        try await lin.client.capture(Sample.dwelling("人民路1号", in: Self.villages[0]))
        try await lin.sync()

        try await head.sync()
        let all = try shown(by: head)
        try await head.sync()
        try await head.sync()

        #expect(all == Shown(token: false, bookmarks: 40))
        #expect(try shown(by: head) == Shown(token: true, bookmarks: 0))
        #expect(try await head.client.count(of: Dwelling.recordType) == 41)
    }

    @Test("[F-11] an area that was taken away and comes back is read from its start")
    func backAgain() async throws {
        let (world, head, _) = try await township()
        let device = try #require(try await head.client.profile()?.device)
        try await world.service.assign(Array(Self.villages.dropFirst(10)), to: device)
        for _ in 0..<3 { try await head.sync() }
        let less = try await head.client.count(of: Dwelling.recordType)

        try await world.service.assign([Sample.harbour], to: device)
        for _ in 0..<3 { try await head.sync() }

        #expect(less == 30)
        #expect(try await head.client.count(of: Dwelling.recordType) == 40)
        #expect(try shown(by: head) == Shown(token: true, bookmarks: 0))
    }

    @Test(
        "[F-11] an image of the device from before is read to from where it stood, not from where the device is"
    )
    func image() async throws {
        let (_, head, lin) = try await township()
        let image = try await head.copy()
        try await lin.client.capture(Sample.dwelling("人民路1号", in: Self.villages[7]))
        try await lin.sync()
        // The one brings it, the other shows that it came: the token that the image has is the former one.
        for _ in 0..<2 { try await head.sync() }

        let report = try await image.sync()

        #expect(report.repair == nil && report.received == 1)
        #expect(try await image.client.count(of: Dwelling.recordType) == 41)
    }

    @Test("[F-11] what is shown of areas that are not the device's is not kept")
    func foreign() async throws {
        let (world, _, lin) = try await township()
        let id = try #require(try await lin.client.profile()?.device)
        var request = SyncRequest()
        request.epoch = try await lin.epoch()
        request.grant = 1
        request.bookmarks = (10...60).compactMap { AreaCode("4403\($0)") }
            .map { Bookmark(area: $0, position: Position(rawValue: 7)) }

        _ = try await world.service.sync(request, from: id)

        let kept = try await world.store.read { try $0.device(id)?.vector }
        #expect(request.bookmarks.count == 51)
        #expect(kept == nil)
    }

    @Test("[S-02] of an area that was taken away no bookmark counts for what was read")
    func leftover() async throws {
        let (world, head, _) = try await township()
        let device = try #require(try await head.client.profile()?.device)
        // Something came there and left again: a bookmark stands, and no record.
        try await head.store.write {
            try $0.save(Bookmark(area: Sample.hill, position: Position(rawValue: 2)))
        }

        try await world.service.assign(Array(Self.villages.dropFirst(10)), to: device)
        try await head.sync()

        let left = try await head.store.read { try $0.bookmarks().map(\.area) }
        #expect(left.count == 30 && !left.contains(Sample.hill))
    }

    @Test("[F-11] a restored server knows no token of the time that was lost")
    func restored() async throws {
        let (world, head, lin) = try await township()
        let backup = try await world.backUp()
        try await lin.client.capture(Sample.dwelling("人民路1号", in: Self.villages[0]))
        for device in [lin, head, head, head] { try await device.sync() }
        try await world.restore(backup)

        for device in [lin, head, head, head] { try await device.sync() }

        #expect(try await head.client.count(of: Dwelling.recordType) == 41)
        #expect(try shown(by: head) == Shown(token: true, bookmarks: 0))
        let (mine, theirs) = try await (
            head.client.digest(), lin.client.digest()
        )
        #expect(mine == theirs)
    }
}
