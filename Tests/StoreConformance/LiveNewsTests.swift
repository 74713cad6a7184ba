import SyncProtocol
import SyncServer
import Testing

/// Who waits for news of a store, and who is woken by what.
@Suite(.timeLimit(.minutes(5))) struct LiveNewsTests {
    private static let town = "330921101"

    @Test(
        "[S-01] a commit in a device's areas wakes it, and nobody elsewhere",
        arguments: StoreKind.available
    )
    func areas(in kind: StoreKind) async throws {
        try await Office.run(in: kind) { office in
            var lin = try await office.hand("林小梅", Self.town)
            let near = try await office.listen(office.hand("陈建国", "3309"))
            let far = try await office.listen(office.hand("吴海", "330922"))
            let before = try #require(await near.next().mark)
            _ = try #require(await far.next().mark)

            try await lin.send(lin.change(Sample.record(1), dwelling(in: Self.town)))
            let after = try #require(await near.next().mark)
            office.beat()

            #expect(after.positions == before.positions + 1)
            #expect(await far.next() == .beat)
            #expect(await near.next() == .beat)
        }
    }

    @Test(
        "[S-02] a stream begins with an event, unless the device knows as much",
        arguments: StoreKind.available
    )
    func resuming(in kind: StoreKind) async throws {
        try await Office.run(in: kind) { office in
            var lin = try await office.hand("林小梅", Self.town)
            let wu = try await office.hand("吴海", Self.town)
            try await lin.send(lin.change(Sample.record(1), dwelling(in: Self.town)))
            let first = try await office.listen(lin)
            let mark = try #require(await first.next().mark)

            let resumed = try await office.listen(lin, knowing: mark)
            // Those who begin are looked at one after the other.
            let other = try await office.listen(wu)
            _ = await other.next()
            office.beat()
            let quiet = await resumed.next()
            try await lin.send(lin.change(Sample.record(2), dwelling("人民路2号", in: Self.town)))

            #expect(quiet == .beat)
            #expect(await resumed.next().mark?.positions == mark.positions + 1)
            #expect(NewsMark("\(mark)") == mark)
            #expect(mark.epoch == lin.epoch && mark.grant == 1 && mark.positions == 1)
        }
    }

    @Test(
        "[S-01] a device hears that its grant changed, and what was decided about its captures",
        arguments: StoreKind.available
    )
    func acts(in kind: StoreKind) async throws {
        try await Office.run(in: kind) { office in
            var lin = try await office.hand("林小梅", Self.town)
            let watch = try await office.listen(lin)
            let before = try #require(await watch.next().mark)
            let outside = lin.change(Sample.record(1), dwelling(in: "330922100"))
            let outcomes = try await lin.send(outside)
            let returned = try await office.service.quarantine(for: office.clerk).entries

            try await office.service.discard(
                try #require(returned.first?.returned.id),
                reason: "不是这里的",
                for: office.clerk
            )
            let settled = try #require(await watch.next().mark)
            try await office.service.assign([Sample.area("330922")], to: lin.id)
            let assigned = try #require(await watch.next().mark)

            #expect(outcomes.map(\.kind) == [.quarantined])
            #expect(settled.settlement > before.settlement && settled.grant == 1)
            #expect(assigned.grant == 2)
        }
    }

    @Test(
        "[S-04] a device has one stream, and none when it may not sync any more",
        arguments: StoreKind.available
    )
    func ends(in kind: StoreKind) async throws {
        try await Office.run(in: kind) { office in
            let lin = try await office.hand("林小梅", Self.town)
            let wu = try await office.hand("吴海", Self.town)
            let former = try await office.listen(lin)
            let later = try await office.listen(lin)
            let other = try await office.listen(wu)
            for watch in [former, later, other] { _ = await watch.next() }

            try await office.service.suspend(lin.id, true)
            try await office.service.revoke(wu.id, takesOutbox: true)

            #expect(await former.next() == .replaced)
            #expect(await later.next() == .outOfUse)
            #expect(await other.next() == .outOfUse)
            for watch in [former, later, other] { office.service.end(watch) }
            #expect(office.service.watches == 0)
        }
    }

    @Test("[S-03] many commits become one event, and nobody is kept from committing")
    func coalescing() async throws {
        try await Office.run(in: .sqlite) { office in
            var lin = try await office.hand("林小梅", Self.town)
            let watch = try await office.listen(office.hand("陈建国", Self.town))
            let other = try await office.listen(office.hand("吴海", Self.town))
            let first = try #require(await watch.next().mark)
            for number in 1...20 {
                let record = Sample.record(UInt8(number))
                try await lin.send(lin.change(record, dwelling("人民路\(number)号", in: Self.town)))
            }
            // Another one hears of all of them; then both have been told.
            while let mark = await other.next().mark, mark.positions < first.positions + 20 {}
            try await lin.send(lin.change(Sample.record(21), dwelling("人民路21号", in: Self.town)))
            while let mark = await other.next().mark, mark.positions < first.positions + 21 {}

            let heard = try #require(await watch.next().mark)

            #expect(heard.positions >= first.positions + 20)
        }
    }

    @Test("[S-03] whoever takes nothing from one beat to the next is dropped")
    func stuck() async throws {
        try await Office.run(in: .sqlite) { office in
            let lin = try await office.hand("林小梅", Self.town)
            let (dropped, drop) = AsyncStream.makeStream(of: Void.self)
            let watch = try await office.listen(lin) { drop.finish() }
            _ = await watch.next()

            office.beat()
            office.beat()

            #expect(await dropped.first { _ in true } == nil)
        }
    }

    @Test(
        "[S-08] what another process commits to the same data wakes devices, too",
        arguments: StoreKind.available
    )
    func otherProcesses(in kind: StoreKind) async throws {
        try await kind.withStore { store, folder in
            let here = try await Office(on: store)
            let there = try await Office(on: kind.open(folder))
            var lin = try await there.hand("林小梅", Self.town)
            let wu = try await there.hand("吴海", Self.town)
            let watch = try await here.listen(wu)
            let before = try #require(await watch.next().mark)

            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await here.service.listen() }
                try await lin.send(lin.change(Sample.record(1), dwelling(in: Self.town)))
                let after = try #require(await watch.next().mark)
                try await there.service.suspend(wu.id, true)
                let last = await watch.next()
                group.cancelAll()

                #expect(after.positions == before.positions + 1)
                #expect(last == .outOfUse)
            }
        }
    }

    @Test("[S-08] what processes tell each other comes back as it was, or as less that is certain")
    func words() throws {
        var news = CommitNews()
        news.areas = [Sample.gaoting, Sample.area("33")]
        news.devices = [Sample.deviceID(7)]

        #expect(CommitNews(text: news.text(atMost: 100)) == news)
        #expect(CommitNews(text: news.text(atMost: 20)) == .vague)
        #expect(CommitNews(text: "b12 a330921101").isVague)
        #expect(CommitNews(text: "").isEmpty)
    }
}

extension NewsWatch.Word {
    /// Up to where there is something to read.
    fileprivate var mark: NewsMark? { if case .news(let mark) = self { mark } else { nil } }
}

extension Office {
    /// Listens for a device.
    func listen(
        _ hand: Hand,
        knowing mark: NewsMark? = nil,
        drop: @escaping @Sendable () -> Void = {}
    ) async throws -> NewsWatch {
        let device = try await device(hand.id)
        return try #require(service.watch(for: device, knowing: mark, drop: drop))
    }

    /// Half a minute passes.
    fileprivate func beat() { for turn in 0..<30 { service.beat(turn) } }
}
