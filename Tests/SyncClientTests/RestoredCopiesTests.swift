import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// Copies of one handheld, at a server that was restored from before they parted.
struct RestoredCopiesTests {
    /// A handheld that has synced once, and its id.
    private func started() async throws -> (World, Device, DeviceID) {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        try await lin.client.capture(Sample.person("王零", passport: "E00000000"))
        try await lin.sync()
        let former = try #require(try await lin.client.profile()?.device)
        return (world, lin, former)
    }

    @Test(
        "[A-12, X-02] what a copy had been answered for, and the other copy's work took the place of, goes on",
        arguments: [(1, 1), (2, 2), (7, 3)],
        [false, true]
    )
    func goesOn(captures: (own: Int, refusals: Int), isAnswerLost: Bool) async throws {
        let (own, refusals) = captures
        let (world, lin, former) = try await started()
        let night = try await world.backUp()
        try await lin.client.capture(Sample.person("王一", passport: "E00000001"))
        try await lin.sync()
        let clone = try await lin.copy()
        for number in 0..<own {
            try await lin.client.capture(Sample.person("甲\(number)", passport: "E1000000\(number)"))
        }
        for number in 0..<own {
            try await clone.client.capture(
                Sample.person("乙\(number)", passport: "E2000000\(number)")
            )
        }
        try await lin.sync()

        try await world.restore(night)
        try await clone.sync()
        let forked = try await errorCode { try await lin.sync() }
        let link = try await world.rekeyLink(for: former)
        if isAnswerLost {
            lin.weather.next(Array(repeating: .arrives, count: refusals) + [.answerLost])
            let lost = try await errorCode { try await lin.client.enrol(link: link, .rekeyed) }
            #expect(lost == "server_unreachable")
        }
        _ = try await lin.client.enrol(link: link, .rekeyed)
        let shown = try await lin.client.records(of: Person.recordType).count
        let other = try await world.rekeyLink(for: former)
        _ = try await clone.client.enrol(link: other, .rekeyed)
        for device in [lin, clone, lin] { try await device.sync() }

        let counts = try await world.counts()
        let audit = try await world.service.auditChains(for: world.clerk)
        #expect(forked == "device_forked" && audit.breaks.isEmpty)
        #expect(shown >= own + 2, "what it had captured is shown before it has synced again")
        #expect(counts.records[Person.recordType.number] == 2 + 2 * own)
        #expect(counts.openConflicts + counts.decidedConflicts + counts.quarantined == 0)
        try await world.expectAlike(lin, clone)
    }

    @Test("[A-12, X-07] a copy that was re-keyed after the backup comes back beside the other copy")
    func rekeyedSince() async throws {
        let (world, lin, former) = try await started()
        let night = try await world.backUp()
        let clone = try await lin.copy()
        for number in 1...3 {
            try await lin.client.capture(Sample.person("甲\(number)", passport: "E1000000\(number)"))
        }
        try await lin.sync()
        let first = try await world.rekeyLink(for: former)
        _ = try await lin.client.enrol(link: first, .rekeyed)
        try await lin.client.capture(Sample.person("甲四", passport: "E10000004"))
        try await lin.sync()

        try await world.restore(night)
        for number in 1...5 {
            try await clone.client.capture(
                Sample.person("乙\(number)", passport: "E2000000\(number)")
            )
        }
        try await clone.sync()
        let refused = try await errorCode { try await lin.sync() }
        for device in [lin, clone] {
            let link = try await world.rekeyLink(for: former)
            _ = try await device.client.enrol(link: link, .rekeyed)
        }
        for device in [lin, clone, lin] { try await device.sync() }

        let counts = try await world.counts()
        #expect(refused != nil)
        #expect(counts.records[Person.recordType.number] == 1 + 4 + 5)
        #expect(counts.openConflicts + counts.decidedConflicts + counts.quarantined == 0)
        try await world.expectAlike(lin, clone)
    }

    @Test("[A-12] where the answer to one link was lost, another link does as well")
    func anotherLink() async throws {
        let (world, lin, former) = try await started()
        try await lin.client.capture(Sample.person("王一", passport: "E00000001"))
        let links = [
            try await world.rekeyLink(for: former), try await world.rekeyLink(for: former),
        ]
        lin.weather.next(.answerLost)

        let lost = try await errorCode { try await lin.client.enrol(link: links[0], .rekeyed) }
        _ = try await lin.client.enrol(link: links[1], .rekeyed)
        try await lin.sync()

        let counts = try await world.counts()
        #expect(lost == "server_unreachable")
        #expect(counts.records[Person.recordType.number] == 2)
        try await world.expectAlike(lin)
    }

    @Test(
        "[A-12, X-05] who is given a new key before it has synced with a restored server declares what it forgot",
        arguments: [
            (1, RekeyingMoment.afterIt), (2, .afterIt), (1, .beforeIt), (2, .beforeIt),
            (1, .meanwhile),
        ],
        [true, false]
    )
    func holeOfAnotherKey(
        rekeying: (keys: Int, moment: RekeyingMoment),
        isDeclared: Bool
    ) async throws {
        let (keys, moment) = rekeying
        let (world, lin, _) = try await started()
        let monday = try await world.backUp()
        for number in 1...3 {
            try await lin.client.capture(Sample.person("甲\(number)", passport: "E1000000\(number)"))
        }
        try await lin.sync()
        _ = try await world.backUp()
        // The next sync tells that a backup has them: the bytes are forgotten.
        try await lin.sync()
        try await lin.client.capture(Sample.person("甲四", passport: "E10000004"))
        try await lin.sync()
        if moment != .beforeIt { try await world.restore(monday, declared: isDeclared) }
        if moment == .meanwhile {
            // The device has heard of the restore, and no more.
            lin.weather.next([.arrives])
            lin.weather.otherwise(.requestLost)
            let cut = try await errorCode { try await lin.sync() }
            #expect(cut == "server_unreachable")
            lin.weather.otherwise(.arrives)
        }
        for _ in 0..<keys {
            // A restored server may not know the last key: the link is for the last one that it does.
            let id = try #require(try await lin.client.profile()?.device)
            let link = try await world.rekeyLink(for: id)
            _ = try await lin.client.enrol(link: link, .rekeyed)
        }
        if moment == .beforeIt { try await world.restore(monday, declared: isDeclared) }
        try await lin.client.capture(Sample.person("甲五", passport: "E10000005"))
        if moment == .beforeIt {
            let waits = try await errorCode { try await lin.sync() }
            #expect(waits == "device_awaits_confirmation")
            let id = try #require(try await lin.client.profile()?.device)
            _ = try await world.service.confirm(id, areas: [Sample.harbour], role: .coordinator)
        }
        try await lin.sync()
        try await lin.sync()

        let status = try await lin.client.status()
        let report = try await world.service.recovery(for: world.clerk)
        let audit = try await world.service.auditChains(for: world.clerk)
        #expect(status.unanswered == 0 && audit.breaks.isEmpty)
        let holes = report.holed.flatMap(\.holes).map { [$0.first.rawValue, $0.last.rawValue] }
        #expect(Set(holes) == [[2, 4]])
        // The changes are gone; what they made is not.
        let counts = try await world.counts()
        #expect(counts.records[Person.recordType.number] == 6)
        try await world.expectAlike(lin)
    }

    /// When a key is replaced.
    enum RekeyingMoment { case beforeIt, meanwhile, afterIt }
}
