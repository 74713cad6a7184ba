import StoreSQLite
import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// The server's disk is lost, and it goes on from last night's backup.
struct RestoreTests {
    @Test(
        "[X-01] [X-02] what a device had given since the backup comes back, once, with its history"
    )
    func comesBack() async throws {
        let (world, lin, chen) = try await World.crew()
        let kept = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        let night = try await world.backUp()
        let lost = try await lin.client.capture(Sample.person("李四", passport: "E2"))
        try await lin.remark(kept, "周末在家")
        try await lin.sync()
        try await chen.sync()
        let before = try await world.counts()

        try await world.restore(night)
        let gone = try await world.record(lost)
        try await everybodySyncs(lin, chen)

        let after = try await world.counts()
        let remark = try await world.record(kept)?.state.fields.text(of: 17)
        let back = try await world.record(lost)?.state.fields.text(of: 1)
        let steps = try await world.service.history(of: kept, for: world.clerk).steps
        #expect(gone == nil)
        #expect(back == "李四")
        #expect(remark == "周末在家")
        #expect(after.records == before.records)
        #expect(after.openConflicts == 0 && after.decidedConflicts == 0)
        #expect(steps.filter { $0.outcome != .unchanged }.map(\.sequence.rawValue) == [1, 3])
        try await world.expectAlike(lin, chen)
    }

    @Test(
        "[X-03] what was written one after the other is no conflict, in whatever order it comes back",
        arguments: [[0, 1], [1, 0]]
    )
    func noFalseConflict(order: [Int]) async throws {
        let (world, lin, chen) = try await World.crew()
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        try await chen.sync()
        let night = try await world.backUp()
        try await lin.rename(id, to: "张山")
        try await lin.sync()
        try await chen.sync()
        try await chen.rename(id, to: "章三")
        try await chen.sync()

        try await world.restore(night)
        for index in order { try await [lin, chen][index].sync() }
        try await everybodySyncs(lin, chen)

        let name = try await world.record(id)?.state.fields.text(of: 1)
        let conflicts = try await world.conflicts(of: id)
        #expect(name == "章三")
        #expect(conflicts.isEmpty)
        try await world.expectAlike(lin, chen)
    }

    @Test("[X-04] what a lost handheld had given comes back from a colleague's copy")
    func comesBackFromACopy() async throws {
        let (world, lin, chen) = try await World.crew()
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        let night = try await world.backUp()
        let home = try await lin.client.capture(Sample.dwelling("渔港路1号"))
        let stay = try await lin.client.capture(Sample.registration(of: id, at: home))
        try await lin.remark(id, "周末在家")
        try await lin.sync()
        try await chen.sync()

        // Lin's handheld fell off the ferry.
        try await world.restore(night)
        try await chen.sync()

        let fields = try await world.record(id)?.state.fields
        let registration = try await world.record(stay)
        let dwelling = try await world.record(home)
        let returned = try await world.returned()
        let status = try await chen.client.status()
        #expect(fields?.text(of: 17) == "周末在家")
        #expect(dwelling != nil && registration != nil)
        #expect(returned.isEmpty)
        #expect(status.unanswered == 0)
        try await world.expectAlike(chen)
    }

    @Test("[X-04] an old copy overrules nothing that its author has written since")
    func oldCopy() async throws {
        let (world, lin, chen) = try await World.crew()
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        let night = try await world.backUp()
        try await lin.rename(id, to: "张山")
        try await lin.sync()
        // Chen has the middle state only.
        try await chen.sync()
        try await lin.rename(id, to: "章三")
        try await lin.sync()

        try await world.restore(night)
        try await everybodySyncs(lin, chen)

        let name = try await world.record(id)?.state.fields.text(of: 1)
        let conflicts = try await world.conflicts(of: id)
        #expect(name == "章三")
        #expect(conflicts.isEmpty)
        try await world.expectAlike(lin, chen)
    }

    @Test(
        "[X-04] a copy decides no conflict, and what the reviewer had decided is to be decided again"
    )
    func decidedAgain() async throws {
        let (world, lin, chen) = try await World.crew()
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        try await chen.sync()
        let night = try await world.backUp()
        try await lin.rename(id, to: "张山")
        try await chen.rename(id, to: "章三")
        try await lin.sync()
        try await chen.sync()
        let open = try await world.conflicts(of: id).filter(\.isOpen)
        let entry = try #require(open.first)
        let revision = try #require(try await world.record(id)?.state.revision)
        _ = try await world.service.resolve(
            entry.id,
            ResolveRequest(revision: revision, choice: .standing),
            for: world.clerk
        )
        try await lin.sync()

        try await world.restore(night)
        try await everybodySyncs(lin, chen)

        let report = try await world.service.recovery(for: world.clerk)
        let name = try await world.record(id)?.state.fields.text(of: 1)
        #expect(report.conflicts.map(\.record) == [id])
        #expect(name == "张山")
        #expect(report.missing.isEmpty)
        try await world.expectAlike(lin, chen)
    }

    @Test(
        "[X-05] [X-08] what was forgotten, and an older backup lacks, is a recorded hole and no dead end"
    )
    func hole() async throws {
        let (world, lin, chen) = try await World.crew()
        let monday = try await world.backUp()
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.remark(id, "周末在家")
        try await lin.sync()
        try await chen.sync()
        _ = try await world.backUp()
        // The next sync tells that a backup has it: the bytes are forgotten.
        try await lin.sync()
        let kept = try await lin.client.change(SequenceNumber(rawValue: 1))?.payload
        try await lin.client.capture(Sample.person("李四", passport: "E2"))

        try await world.restore(monday)
        try await everybodySyncs(lin, chen)

        let report = try await world.service.recovery(for: world.clerk)
        let audit = try await world.service.auditChains(for: world.clerk)
        let remark = try await world.record(id)?.state.fields.text(of: 17)
        let status = try await lin.client.status()
        #expect(kept?.isEmpty == true)
        #expect(status.unanswered == 0)
        #expect(
            report.holed.flatMap(\.holes).map { [$0.first.rawValue, $0.last.rawValue] } == [[1, 2]]
        )
        #expect(audit.breaks.isEmpty)
        #expect(audit.missing == 2)
        // The changes are gone; what they made is not.
        #expect(remark == "周末在家")
        try await world.expectAlike(lin, chen)
    }

    @Test("[X-06] a fail-over that nobody declared is found out by whoever had been answered")
    func undeclared() async throws {
        let (world, lin, chen) = try await World.crew()
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        try await chen.sync()
        let standby = try await world.backUp()
        try await lin.rename(id, to: "张山")
        try await lin.sync()
        let before = try await lin.epoch()

        try await world.restore(standby, declared: false)
        try await chen.remark(id, "外出")
        try await chen.sync()
        // Lin has nothing to send, and yet had been answered for more than the server has.
        try await lin.sync()
        try await everybodySyncs(chen, lin)

        let fields = try await world.record(id)?.state.fields
        let causes = try await world.service.recovery(for: world.clerk).epochs.map(\.cause)
        let after = try await lin.epoch()
        #expect(after > before)
        #expect(causes == [.created, .undeclared])
        #expect(fields?.text(of: 1) == "张山")
        #expect(fields?.text(of: 17) == "外出")
        try await world.expectAlike(lin, chen)
    }

    @Test("[X-06] what one epoch gave twice is compared by what all have in common")
    func twoHistories() async throws {
        let (world, lin, chen) = try await World.crew()
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        try await chen.sync()
        let standby = try await world.backUp()
        world.pass(Sample.minute)
        try await lin.rename(id, to: "张山")
        try await lin.sync()
        try await world.restore(standby, declared: false)
        world.pass(Sample.minute)
        // The same revision is given a second time, to a name that Lin has not seen.
        try await chen.rename(id, to: "章三")
        try await chen.sync()
        try await lin.client.edit(id, as: Person.self) { $0.remark = "在家" }

        try await everybodySyncs(lin, chen)

        let open = try await world.conflicts(of: id).filter(\.isOpen)
        let names = open.flatMap { [$0.conflict.standing, $0.conflict.proposed] }
            .compactMap { $0.values.text(of: 1) }
        #expect(Set(names) == ["张山", "章三"])
        try await world.expectAlike(lin, chen)
    }

    @Test("[X-06] a receipt that this server never signed begins no epoch")
    func forgedReceipt() async throws {
        let (world, lin, _) = try await World.crew()
        try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        let profile = try #require(try await lin.client.profile())
        var request = SyncRequest()
        request.epoch = profile.epoch
        request.grant = 1
        var receipt = try #require(try await lin.client.lastReceipt())
        receipt.sequence = SequenceNumber(rawValue: 99)
        request.receipt = receipt

        let device = try #require(profile.device)
        let answer = try await world.service.sync(request, from: device)

        #expect(answer.epoch == profile.epoch)
    }

    @Test("[X-07] a device enrolled since the backup waits for the operator, and loses nothing")
    func enrolledSince() async throws {
        let (world, lin, _) = try await World.crew()
        let night = try await world.backUp()
        let hu = try await world.device(named: "胡敏")
        let id = try await hu.client.capture(Sample.person("张三"))
        try await hu.sync()

        try await world.restore(night)
        let told = try await errorCode { try await hu.sync() }
        let again = try await errorCode { try await hu.sync() }
        let waiting = try await world.service.recovery(for: world.clerk).waiting
        let device = try #require(waiting.first)
        let confirmed = try await world.service.confirm(
            device.id,
            areas: [Sample.harbour],
            role: .coordinator
        )
        try await everybodySyncs(hu, lin)

        let name = try await world.record(id)?.state.fields.text(of: 1)
        #expect(told == "device_awaits_confirmation")
        #expect(again == "device_awaits_confirmation")
        #expect(waiting.count == 1 && device.claimed?.areas == [Sample.harbour])
        #expect(confirmed.grant.areas == [Sample.harbour])
        #expect(name == "张三")
        try await world.expectAlike(hu, lin)
    }

    @Test("[X-07] areas that were taken away since the backup are not served again unasked")
    func grantSince() async throws {
        let (world, lin, chen) = try await World.crew()
        try await chen.client.capture(Sample.person("张三"))
        try await everybodySyncs(chen, lin)
        let night = try await world.backUp()
        let id = try #require(try await lin.client.profile()?.device)
        try await world.store.write { transaction in
            guard var device = try transaction.device(id) else { return }
            device.grants.append(Grant(number: 2, areas: [Sample.hill]))
            try transaction.save(device)
        }
        try await lin.sync()
        let unsent = try await lin.client.capture(
            Sample.person("李四", passport: "E2", in: [Sample.hill])
        )

        try await world.restore(night)
        let told = try await errorCode { try await lin.sync() }
        let held = try await lin.client.records(of: Person.recordType)
        _ = try await world.service.confirm(id, areas: [Sample.hill], role: .coordinator)
        try await lin.sync()

        let grant = try await lin.client.profile()?.grant
        let arrived = try await world.record(unsent)
        #expect(told == "device_awaits_confirmation")
        #expect(held.map(\.id) == [unsent])
        #expect(grant?.areas == [Sample.hill] && (grant?.number ?? 0) >= 2)
        #expect(arrived != nil)
    }

    @Test("[X-01] two backups in turn, the older one restored second")
    func twoRestores() async throws {
        let (world, lin, chen) = try await World.crew()
        let id = try await lin.client.capture(Sample.person("张三"))
        try await everybodySyncs(lin, chen)
        let monday = try await world.backUp()
        try await lin.remark(id, "周一")
        try await everybodySyncs(lin, chen)
        let tuesday = try await world.backUp()
        try await chen.client.capture(Sample.person("李四", passport: "E2"))
        try await everybodySyncs(chen, lin)
        try await world.restore(tuesday)
        try await lin.client.capture(Sample.person("王五", passport: "E3"))
        try await everybodySyncs(lin, chen)
        let before = try await world.counts()

        try await world.restore(monday)
        try await everybodySyncs(chen, lin)

        let after = try await world.counts()
        let remark = try await world.record(id)?.state.fields.text(of: 17)
        #expect(after.records == before.records)
        #expect(remark == "周一")
        try await world.expectAlike(lin, chen)
    }
}
