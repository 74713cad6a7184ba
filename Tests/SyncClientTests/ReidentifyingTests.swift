import LocalSQLite
import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct ReidentifyingTests {
    @Test("[R-01] [D-01] a person under the right number has at once what the wrong one had")
    func atOnce() async throws {
        let story = try await Mistyped()
        story.lin.weather.otherwise(.requestLost)

        let right = try await story.correct()

        let person = try await story.lin.person(right)
        let wrong = try await story.lin.client.record(story.id)
        let listed = try await story.lin.client.records(of: Person.recordType).map(\.id)
        let found = try await story.lin.client.search("张三").map(\.id)
        #expect(person?.name == "张三")
        #expect(person?.documentNumber == "E2")
        #expect(person?.phones == ["13800000001"])
        #expect(person?.remark == "周末在家")
        #expect(wrong?.visible == nil)
        #expect(wrong?.redirect == right)
        #expect(listed == [right])
        #expect(found == [right])
    }

    @Test("[R-01] [R-02] after a sync every device has one person, and registrations follow")
    func everywhere() async throws {
        let story = try await Mistyped()

        let right = try await story.correct()
        for device in [story.lin, story.chen] { try await device.sync() }

        for device in [story.lin, story.chen] {
            let person = try await device.person(right)
            let wrong = try await device.person(story.id)
            let count = try await device.client.count(of: Person.recordType)
            let resident = try await story.resident(on: device)
            #expect(person?.documentNumber == "E2")
            #expect(person?.phones == ["13800000001"])
            #expect(person?.remark == "周末在家")
            #expect(wrong == nil)
            #expect(count == 1)
            #expect(resident == right)
        }
        let contested = try await story.contested()
        #expect(contested == 0)
    }

    @Test("[R-02] what is written to the new record before the sync is not contested")
    func writtenBeforeTheSync() async throws {
        let story = try await Mistyped()
        let right = try await story.correct()

        try await story.lin.remark(right, "已搬走")
        let atOnce = try await story.lin.person(right)?.remark
        for device in [story.lin, story.chen] { try await device.sync() }

        let contested = try await story.contested()
        #expect(atOnce == "已搬走")
        #expect(contested == 0)
        for device in [story.lin, story.chen] {
            let remark = try await device.person(right)?.remark
            #expect(remark == "已搬走")
        }
    }

    @Test("[R-02] [D-01] what is taken away from the new record before the sync stays away")
    func takenAwayBeforeTheSync() async throws {
        let story = try await Mistyped()
        let right = try await story.correct()

        try await story.lin.client.edit(right, as: Person.self) {
            $0.phones = ["13800000009"]
            $0.remark = ""
        }
        let atOnce = try await story.lin.person(right)
        for device in [story.lin, story.chen] { try await device.sync() }

        let contested = try await story.contested()
        #expect(atOnce?.phones == ["13800000009"])
        #expect(atOnce?.remark == "")
        #expect(contested == 0)
        for device in [story.lin, story.chen] {
            let person = try await device.person(right)
            #expect(person?.phones == ["13800000009"])
            #expect(person?.remark == "")
        }
    }

    @Test("[R-04] a redirect is taken back before it was sent, as if it had never been")
    func splitBeforeTheSync() async throws {
        let story = try await Mistyped()
        let before = try await story.lin.person(story.id)
        let right = try await story.correct()

        try await story.lin.client.split(story.id)
        let atOnce = try await story.lin.person(story.id)
        let phones = try await story.lin.person(right)?.phones
        for device in [story.lin, story.chen] { try await device.sync() }

        #expect(atOnce == before)
        #expect(phones == [])
        try await story.isSplit(from: right, as: before)
    }

    @Test("[R-04] a redirect that everybody has heard of is taken back, and what followed returns")
    func splitAfterTheSync() async throws {
        let story = try await Mistyped()
        let before = try await story.lin.person(story.id)
        let right = try await story.correct()
        for device in [story.lin, story.chen] { try await device.sync() }

        try await story.chen.client.split(story.id)
        for device in [story.chen, story.lin] { try await device.sync() }

        try await story.isSplit(from: right, as: before)
    }

    @Test("[R-05] a record is found to be one of its own type that the device holds, or none")
    func unfitTargets() async throws {
        let story = try await Mistyped()
        let (client, id) = (story.lin.client, story.id)
        let unknown = story.lin.clock.environment.mintID()

        let otherType = try await errorCode { try await client.reidentify(id, as: story.home) }
        let nobody = try await errorCode { try await client.reidentify(id, as: unknown) }
        let itself = try await errorCode { try await client.reidentify(id, as: id) }
        let same = try await errorCode { try await client.reidentify(id) { fields, _ in fields } }
        let whole = try await errorCode { try await client.split(id) }

        let status = try await client.status()
        #expect(otherType == "redirect_target_unknown")
        #expect(nobody == "redirect_target_unknown")
        #expect(itself == "redirect_circular")
        #expect(same == "identity_unchanged")
        #expect(whole == "record_not_redirected")
        #expect(status.unanswered == 0)
    }

    @Test(
        "[R-01] [R-02] an edit that the finder had not seen is not lost, whichever comes first",
        arguments: [true, false]
    )
    func unseenEdit(comesFirst: Bool) async throws {
        let story = try await Mistyped()
        let (lin, chen) = (story.lin, story.chen)

        let right = try await story.correct()
        try await chen.client.edit(story.id, as: Person.self) {
            $0.name = "张山"
            $0.remark = "已搬走"
        }
        for device in comesFirst ? [chen, lin, chen] : [lin, chen, lin] { try await device.sync() }

        for device in [lin, chen] {
            let person = try await device.person(right)
            let open = try await device.client.openConflicts()
            #expect(person?.remark == "已搬走")
            #expect(person?.name == "张三")
            #expect(open.map(\.record) == [right])
            #expect(open.map { $0.conflict.proposed.values.text(of: 1) ?? "" } == ["张山"])
        }
    }

    @Test("[R-05] [V-05] a redirect to what was deleted meanwhile is refused, and asked again")
    func deletedTarget() async throws {
        let story = try await Mistyped()
        let (lin, chen, id) = (story.lin, story.chen, story.id)
        let before = try await lin.person(id)
        let other = try await chen.client.capture(Sample.person("张三", passport: "E2"))
        for device in [chen, lin] { try await device.sync() }

        try await lin.client.reidentify(id, as: other)
        try await chen.client.delete(other, reason: Change.Deletion(reason: 2, text: ""))
        for device in [chen, lin] { try await device.sync() }
        let refused = try await lin.client.returnedCaptures().map(\.outcome.code)
        let after = try await lin.person(id)
        try await chen.client.undelete(other)
        for device in [chen, lin] { try await device.sync() }
        try await lin.client.mend(id)
        try await lin.sync()

        let phones = try await lin.person(other)?.phones
        let wrong = try await lin.person(id)
        let left = try await story.left(on: lin)
        #expect(refused == ["redirect_target_unknown"])
        #expect(after == before)
        #expect(phones == ["13800000001"])
        #expect(wrong == nil)
        #expect(left == [0, 0])
    }

    @Test("[V-05] a redirect that was refused leaves both records as they were, and is taken back")
    func takenBack() async throws {
        let story = try await Mistyped()
        let other = try await story.chen.client.capture(Sample.person("张三", passport: "E2"))
        try await story.chen.sync()
        let office = try await story.world.device(named: "住建局", role: .department)
        try await office.sync()
        let before = [try await office.person(story.id), try await office.person(other)]

        try await office.client.reidentify(story.id, as: other)
        try await office.sync()
        let refused = try await office.client.returnedCaptures().map(\.outcome.code)
        let between = [try await office.person(story.id), try await office.person(other)]
        try await office.client.withdraw(story.id)
        try await office.sync()

        let after = [try await office.person(story.id), try await office.person(other)]
        let left = try await story.left(on: office)
        #expect(refused == ["role_forbidden"])
        #expect(before.allSatisfy { $0 != nil })
        #expect(between == before)
        #expect(after == before)
        #expect(left == [0, 0])
    }

    @Test("[R-02] what is captured under an old number reaches a record that stands elsewhere")
    func targetElsewhere() async throws {
        let story = try await Elsewhere()

        try await story.captureOldNumber()
        let home = try await story.lin.client.capture(Sample.dwelling("渔港路1号"))
        let lives = try await story.lin.client.capture(
            Sample.registration(of: story.old, at: home)
        )
        let report = try await story.lin.sync()

        let person = try await story.lin.person(story.right)
        let resident = try await story.lin.client.record(lives)?.visible?.reference(1)
        #expect(report.unanswered == 0)
        #expect(report.outcomes[.quarantined] == nil)
        #expect(person?.phones == ["13800000001"])
        #expect(resident == story.right)
    }

    @Test("[D-01] what is captured under an old number is seen at once, its record held or not")
    func targetElsewhereAtOnce() async throws {
        let story = try await Elsewhere()

        try await story.captureOldNumber()

        let found = try await story.lin.client.search("13800000001")
        #expect(found.count == 1)
    }

    @Test func `who may be the same is proposed offline, and never merged by itself`() async throws
    {
        let world = try await World()
        let (folder, weather) = (TemporaryFolder(), Weather())
        let client = ResidenceClient(
            store: try LocalSQLiteStore(folder: folder.url),
            transport: LoopbackTransport(world: world, weather: weather),
            rules: SameNames(),
            environment: TestClock(at: Sample.noon).environment
        )
        _ = try await client.enrol(link: try await world.link(for: "林小梅"))
        let one = try await client.capture(Sample.person("张三", passport: "E1"))
        let other = try await client.capture(Sample.person("张三", passport: "E2"))
        try await client.capture(Sample.person("李四", passport: "E3"))

        let pairs = try await client.duplicates()
        _ = try await client.sync()

        let count = try await client.count(of: Person.recordType)
        #expect(pairs == [DuplicatePair(one, other, reasons: [.nameAndBirthDate])])
        #expect(count == 3)
        withExtendedLifetime(folder) {}
    }
}

/// A person whom Chen captured under a wrong number, and who is registered; Lin holds both.
private struct Mistyped {
    let world: World
    let lin: Device
    let chen: Device
    let id: RecordID
    let home: RecordID
    private let lives: RecordID

    init() async throws {
        world = try await World()
        lin = try await world.device(named: "林小梅")
        chen = try await world.device(named: "陈建国")
        var person = Sample.person("张三", passport: "E1")
        person.phones = ["13800000001"]
        person.remark = "周末在家"
        id = try await chen.client.capture(person)
        home = try await chen.client.capture(Sample.dwelling("渔港路1号"))
        lives = try await chen.client.capture(Sample.registration(of: id, at: home))
        for device in [chen, lin] { try await device.sync() }
    }

    /// Lin finds the right number.
    func correct() async throws -> RecordID {
        try await lin.client.reidentify(id) { fields, _ in fields.setting(text: "E2", of: 4) }
    }

    /// Who is registered, as a device has it.
    func resident(on device: Device) async throws -> RecordID? {
        try await device.client.record(lives)?.visible?.reference(1)
    }

    /// How many conflicts there ever were.
    func contested() async throws -> Int {
        let counts = try await world.service.counts()
        return counts.openConflicts + counts.decidedConflicts
    }

    /// How much is returned and not settled: on a device, and on the server.
    func left(on device: Device) async throws -> [Int] {
        [try await device.client.returnedCaptures().count, try await world.returned().count]
    }

    /// Expects that everybody has both records, the old one as it was.
    func isSplit(from right: RecordID, as before: Person?) async throws {
        #expect(before != nil)
        for device in [lin, chen] {
            let old = try await device.person(id)
            let new = try await device.person(right)
            let resident = try await resident(on: device)
            #expect(old == before)
            #expect(new?.documentNumber == "E2")
            #expect(new?.phones == [])
            #expect(resident == id)
        }
    }
}

/// Rules of a domain in which whoever has the same name may be the same.
private struct SameNames: RecordRules {
    func violations(of fields: FieldMap, as type: RecordType) -> [Violation] {
        SchemaRules().violations(of: fields, as: type)
    }

    func duplicateFinder(for type: RecordType) -> (any DuplicateFinder)? {
        type.name == "Person" ? Finder() : nil
    }

    private struct Finder: DuplicateFinder {
        var names: [RecordID: String] = [:]

        mutating func add(_ id: RecordID, _ fields: FieldMap) { names[id] = fields.text(of: 1) }

        func pairs(limit: Int) -> [DuplicatePair] {
            Dictionary(grouping: names.keys) { names[$0] ?? "" }.values
                .filter { $0.count == 2 }.prefix(limit)
                .map { DuplicatePair($0[0], $0[1], reasons: [.nameAndBirthDate]) }
        }
    }
}
