import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// ODK Central's offline entities, and three devices in every order, each with a good ending.
struct PainsOrderTests {
    @Test("[Q-05] central#669 updates that arrive out of order wait for their turn")
    func outOfOrder() async throws {
        let run = try await OfflineRun { lin, id in
            for remark in ["一", "二", "三"] { try await lin.remark(id, remark) }
        }

        let third = try await errorCode { try await run.arrives(3...3) }
        let second = try await errorCode { try await run.arrives(2...2) }
        let untouched = try await run.world.record(run.id)
        try await run.arrives(1...1)
        try await run.arrives(2...3)
        try await run.everybodySyncs()

        let conflicts = try await run.conflicts()
        let counts = try await run.world.service.counts()
        #expect(third == "sequence_gap" && second == "sequence_gap")
        #expect(untouched?.state.revision == Revision(rawValue: 1))
        #expect(conflicts.isEmpty)
        #expect(counts.changes == 4)
        for device in [run.lin, run.chen] {
            let remark = try await device.person(run.id)?.remark
            #expect(remark == "三")
        }
    }

    @Test(
        "[B-02] central#698 an update that merely follows its own predecessor hides no parallel edit",
        arguments: [true, false]
    )
    func hiddenParallelEdit(inOneBatch: Bool) async throws {
        let run = try await OfflineRun { lin, id in
            try await lin.remark(id, "周末在家")
            try await lin.client.edit(id, as: Person.self) { $0.ethnicity = .han }
        } parallel: { chen, id in
            try await chen.client.edit(id, as: Person.self) { $0.ethnicity = .she }
        }

        if !inOneBatch { try await run.arrives(1...1) }
        try await run.everybodySyncs()

        let conflicts = try await run.conflicts()
        let said = conflicts.flatMap(\.sides).map { $0.number(of: 6) }
        #expect(conflicts.map(\.conflict.fields) == [[6, 7]])
        #expect(Set(said) == [1, 22])
        for device in [run.lin, run.chen] {
            let read = try await device.person(run.id)
            #expect(read?.ethnicity == .han)
            #expect(read?.remark == "周末在家")
        }
    }

    @Test("[Q-05] central#705 a creation and two updates within a second, by workers side by side")
    func sideBySide() async throws {
        let run = try await OfflineRun(isKnown: false) { lin, id in
            for remark in ["一", "二"] { try await lin.remark(id, remark) }
        }

        await withTaskGroup(of: Void.self) { group in
            for number in 1...3 {
                group.addTask { _ = try? await run.arrives(number...number) }
            }
        }
        try await run.everybodySyncs()

        let counts = try await run.world.service.counts()
        let status = try await run.lin.client.status()
        let remark = try await run.chen.person(run.id)?.remark
        #expect(counts.changes == 3 && counts.quarantined == 0)
        #expect(counts.openConflicts + counts.decidedConflicts == 0)
        #expect(status.unanswered == 0)
        #expect(remark == "二")
    }

    @Test("[M-03] central#805 the last first, then the others: only a parallel edit is a conflict")
    func lastFirst() async throws {
        let run = try await OfflineRun { lin, id in
            for remark in ["一", "二", "三"] { try await lin.remark(id, remark) }
        } parallel: { chen, id in
            try await chen.remark(id, "陈")
        }

        let last = try await errorCode { try await run.arrives(3...3) }
        for number in 1...3 { try await run.arrives(number...number) }
        try await run.everybodySyncs()

        let conflicts = try await run.conflicts()
        let remark = try await run.chen.person(run.id)?.remark
        #expect(last == "sequence_gap")
        #expect(conflicts.map { $0.sides.map { $0.text(of: 17) ?? "" } } == [["陈", "一"]])
        #expect(remark == "三")
    }

    @Test("[Q-05] central#808 the second update first, the registration last: nothing goes wrong")
    func registrationLast() async throws {
        let run = try await OfflineRun(isKnown: false) { lin, id in
            for remark in ["一", "二"] { try await lin.remark(id, remark) }
        }

        var refused: [String?] = []
        for number in [3, 2] {
            refused.append(try await errorCode { try await run.arrives(number...number) })
        }
        let before = try await run.world.service.counts()
        try await run.arrives(1...1)
        try await run.everybodySyncs()

        let after = try await run.world.service.counts()
        let read = try await run.chen.person(run.id)
        #expect(refused == ["sequence_gap", "sequence_gap"])
        #expect(before.records.isEmpty && before.changes == 0)
        #expect(after.records == [1: 1] && after.changes == 3)
        #expect(after.openConflicts + after.decidedConflicts + after.quarantined == 0)
        #expect(read?.name == "张三")
        #expect(read?.remark == "二")
    }

    @Test("[V-01] central#815 an update without its registration makes no record, and is kept")
    func updateAlone() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国")
        let id = try await lin.client.capture(Sample.person("张三"))
        let base = Base(epoch: try await chen.epoch(), revision: Revision(rawValue: 1))
        var update = Change(record: id, type: 1, base: base, observedAt: Sample.noon)
        update.fields = FieldMap().setting(text: "周末在家", of: 17)

        let outcomes = try await world.take(update.payload, from: chen)
        let nobody = try await world.record(id)
        try await lin.sync()

        let returned = try await world.returned()
        let found = try await world.service.record(id, in: nil)
        #expect(outcomes.map(\.code) == ["record_unknown"])
        #expect(nobody == nil)
        #expect(returned.map(\.change.payload) == [update.payload])
        #expect(found?.record.state.fields.text(of: 1) == "张三")
        #expect(found?.conflicts.isEmpty == true)
    }

    @Test("[V-02] central#832 an update is never forced into a record labelled by nobody")
    func nothingForced() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国")
        let id = try await lin.client.capture(Sample.person("张三", in: [Sample.hill]))
        try await lin.remark(id, "周末在家")
        try await lin.sync()
        let codes = try await lin.client.status().returned.map { $0.outcome?.code ?? "" }
        let nobody = try await world.record(id)

        try await lin.client.edit(id, as: Person.self) {
            $0.capturedIn = [Sample.harbour.rawValue]
        }
        try await lin.sync()
        try await chen.sync()

        let read = try await chen.person(id)
        let returned = try await world.returned()
        #expect(codes == ["outside_areas", "waits_for_creation"])
        #expect(nobody == nil)
        #expect(read?.name == "张三")
        #expect(read?.remark == "周末在家")
        #expect(returned.isEmpty)
    }

    static let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]

    @Test(
        "[M-11] three devices, one of which saw another's edit, clocks years apart, in every order",
        arguments: PainsOrderTests.orders,
        SkewedClocks.all
    )
    func threeDevices(order: [Int], clocks: SkewedClocks) async throws {
        let story = try await ThreeDevices(clocks)

        try await story.sync(in: order)

        let found = try await story.world.service.record(story.id, in: nil)
        let (record, conflicts) = try #require(found)
        let fields = record.state.fields
        let said = conflicts.flatMap(\.sides) + [fields]
        #expect(fields.text(of: 17) == clocks.stands)
        #expect(fields.texts(of: 14).count == 5)
        #expect(Set(said.compactMap { $0.text(of: 17) }).isSuperset(of: ["林二", "陈", "胡"]))
        #expect(Set(said.compactMap { $0.text(of: 1) }).isSuperset(of: ["张林二", "张陈", "张胡"]))
        for device in story.devices {
            let held = try await device.client.record(story.id)
            let open = try await device.client.conflicts(of: story.id)
            #expect(held?.visible == fields)
            #expect(held?.acknowledged?.fields == fields)
            #expect(held?.acknowledged?.base.revision == record.state.revision)
            #expect(open == conflicts.filter(\.isOpen).map(\.encoded))
        }
    }
}

/// By how many years each clock is off, and whose remark stands in the end.
struct SkewedClocks: Sendable, CustomTestStringConvertible {
    var lin: Int64
    var chen: Int64
    var hu: Int64
    var stands: String

    var testDescription: String { "\(lin), \(chen), \(hu) years: \(stands)" }

    static let all = [
        SkewedClocks(lin: 0, chen: 3, hu: -2, stands: "陈"),
        SkewedClocks(lin: 0, chen: -3, hu: 5, stands: "胡"),
        SkewedClocks(lin: 4, chen: -1, hu: 0, stands: "林二"),
    ]
}

/// Lin wrote twice; Chen saw the first of it and wrote; Hu saw none of it and wrote.
private struct ThreeDevices {
    let world: World
    let devices: [Device]
    let id: RecordID

    init(_ clocks: SkewedClocks) async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国")
        let hu = try await world.device(named: "胡敏")
        var person = Sample.person("张三")
        person.phones = ["13800000000"]
        let id = try await lin.client.capture(person)
        for device in [lin, chen, hu] { try await device.sync() }
        world.pass(Sample.minute)
        try await Self.write("林一", "13800000001", of: id, on: lin)
        for device in [lin, chen] { try await device.sync() }
        for (device, years) in [(lin, clocks.lin), (chen, clocks.chen), (hu, clocks.hu)] {
            device.clock.advance(by: years * Sample.year)
        }
        for (device, word, phone) in [
            (lin, "林二", "13800000002"), (chen, "陈", "13800000003"), (hu, "胡", "13800000004"),
        ] {
            world.pass(Sample.minute)
            try await Self.write(word, phone, of: id, on: device)
        }
        self.world = world
        devices = [lin, chen, hu]
        self.id = id
    }

    private static func write(
        _ word: String,
        _ phone: String,
        of id: RecordID,
        on device: Device
    ) async throws {
        try await device.client.edit(id, as: Person.self) {
            $0.name = "张" + word
            $0.remark = word
            $0.phones.append(phone)
        }
    }

    /// Everybody syncs once in an order, and then until everybody has heard of everything.
    func sync(in order: [Int]) async throws {
        for device in order.map({ devices[$0] }) + devices + devices { try await device.sync() }
    }
}

/// What a device did offline, and the request in which all of it was lost on the way.
private struct OfflineRun {
    let world: World
    let lin: Device
    let chen: Device
    let id: RecordID
    private let lost: SyncRequest

    /// A person, known to both devices or captured in the run itself; Chen's edit reached the server.
    init(
        isKnown: Bool = true,
        edits: (Device, RecordID) async throws -> Void,
        parallel: (Device, RecordID) async throws -> Void = { _, _ in }
    ) async throws {
        let world = try await World()
        var impatient = Limits()
        impatient.attempts = 1
        let lin = try await world.device(named: "林小梅", limits: impatient)
        let chen = try await world.device(named: "陈建国")
        let id = try await lin.client.capture(Sample.person("张三"))
        if isKnown {
            for device in [lin, chen] { try await device.sync() }
            world.pass(Sample.minute)
            try await parallel(chen, id)
            try await chen.sync()
        }
        world.pass(Sample.minute)
        try await edits(lin, id)
        lin.weather.next(.requestLost)
        let code = try await errorCode { try await lin.sync() }
        #expect(code == "server_unreachable")
        lost = try #require(lin.weather.requests.last)
        self.world = world
        self.lin = lin
        self.chen = chen
        self.id = id
    }

    /// Part of what was lost reaches the server after all, by another way.
    @discardableResult
    func arrives(_ numbers: ClosedRange<Int>) async throws -> SyncResponse {
        var request = lost
        let first = lost.firstSequence.rawValue + UInt64(numbers.lowerBound) - 1
        request.firstSequence = SequenceNumber(rawValue: first)
        request.payloads = Array(lost.payloads[numbers.lowerBound - 1..<numbers.upperBound])
        if numbers.upperBound < lost.payloads.count { request.chain = [] }
        let profile = try await lin.client.profile()
        let device = try #require(profile?.device)
        return try await world.service.sync(request, from: device)
    }

    func everybodySyncs() async throws {
        for device in [lin, chen, lin] { try await device.sync() }
    }

    /// Every conflict of the person, open or not.
    func conflicts() async throws -> [ConflictEntry] {
        try await world.service.record(id, in: nil)?.conflicts ?? []
    }
}

extension World {
    /// Something reaches the server in a device's name that its client never made.
    fileprivate func take(_ payload: [UInt8], from device: Device) async throws -> [Outcome] {
        let profile = try await device.client.profile()
        let id = try #require(profile?.device)
        var request = SyncRequest()
        request.firstSequence = SequenceNumber(rawValue: 1)
        request.payloads = [payload]
        return try await service.sync(request, from: id).outcomes
    }
}

extension ConflictEntry {
    /// What the two sides said, the standing one first.
    fileprivate var sides: [FieldMap] { [conflict.standing.values, conflict.proposed.values] }
}
