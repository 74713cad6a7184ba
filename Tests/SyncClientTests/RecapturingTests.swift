import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct RecapturingTests {
    private static let mistake = Change.Deletion(reason: 1, text: "误录")

    @Test("[M-16] [D-01] who was deleted and captured again is there at once, and accepted")
    func beforeTheSync() async throws {
        let story = try await Held()
        let (lin, chen, id) = (story.lin, story.chen, story.id)

        try await lin.client.delete(id, reason: Self.mistake)
        let again = try await lin.client.capture(Sample.person("张三"))
        let atOnce = try await lin.person(id)
        let report = try await lin.sync()
        try await chen.sync()

        let counts = try await story.world.service.counts()
        #expect(again == id)
        #expect(atOnce?.name == "张三")
        #expect(report.outcomes[.quarantined] == nil)
        #expect(report.unanswered == 0)
        #expect(counts.openConflicts + counts.decidedConflicts == 0)
        for device in [lin, chen] {
            let name = try await device.person(id)?.name
            #expect(name == "张三")
        }
    }

    @Test("[M-16] who captures again over a colleague's deletion takes that back")
    func overATombstone() async throws {
        let story = try await Held()
        let (lin, chen, id) = (story.lin, story.chen, story.id)
        try await chen.client.delete(id, reason: Self.mistake)
        for device in [chen, lin] { try await device.sync() }

        try await lin.client.capture(Sample.person("张三"))
        let atOnce = try await lin.person(id)?.name
        for device in [lin, chen] { try await device.sync() }

        let sent = try story.lastSent()
        let counts = try await story.world.service.counts()
        #expect(sent.undelete)
        #expect(atOnce == "张三")
        #expect(counts.openConflicts == 0)
        for device in [lin, chen] {
            let name = try await device.person(id)?.name
            #expect(name == "张三")
        }
    }

    @Test("[V-05] who is captured again where a deletion was returned keeps what nobody mentioned")
    func overAReturnedDeletion() async throws {
        let story = try await Held()
        try await story.deleteInVain()

        try await story.lin.client.capture(Sample.person("张三"))
        let atOnce = try await story.lin.person(story.id)?.name
        try await story.lin.sync()

        let kept = try await story.world.record(story.id)?.state.fields
        let person = try await story.lin.person(story.id)
        let left = try await story.left()
        #expect(atOnce == "张三")
        #expect(kept?.texts(of: 14) == ["13800000001"])
        #expect(kept?.text(of: 17) == "周末在家")
        #expect(person?.phones == ["13800000001"])
        #expect(person?.remark == "周末在家")
        #expect(left == [0, 0])
    }

    @Test("[V-05] a returned deletion is asked again as it was, or taken back")
    func returnedDeletion() async throws {
        let story = try await Held()
        let (lin, id) = (story.lin, story.id)
        let before = try await lin.person(id)
        try await story.deleteInVain()

        try await lin.client.mend(id)
        try await lin.sync()
        let again = try story.lastSent().deletion
        let twice = try await lin.client.returnedCaptures().map(\.outcome.code)
        try await lin.client.withdraw(id)
        let atOnce = try await lin.person(id)
        try await lin.sync()

        let after = try await lin.person(id)
        let left = try await story.left()
        #expect(again == story.endless)
        #expect(twice.contains("record_too_large"))
        #expect(before != nil)
        #expect(atOnce == before)
        #expect(after == before)
        #expect(left == [0, 0])
    }

    @Test("[V-05] [V-02] a deletion that waits with a returned capture is taken back")
    func waitingDeletion() async throws {
        let story = try await Held()
        let lin = story.lin
        let id = try await lin.client.capture(
            Sample.person("李四", passport: "E2", in: [Sample.hill])
        )
        try await lin.client.delete(id, reason: Self.mistake)
        try await lin.sync()
        let codes = try await lin.client.returnedCaptures().map(\.outcome.code)

        try await lin.client.withdraw(id)
        let atOnce = try await lin.person(id)?.name
        try await lin.client.mend(id) { fields, _ in
            let harbour = Sample.person(in: [Sample.harbour]).fieldMap
            return fields.settingElements(harbour.elements(of: 15), of: 15)
        }
        for _ in 0..<2 { try await lin.sync() }

        let name = try await lin.person(id)?.name
        let kept = try await story.world.record(id)
        let left = try await story.left()
        #expect(codes == ["outside_areas", "waits_for_creation"])
        #expect(atOnce == "李四")
        #expect(name == "李四")
        #expect(kept?.state.isLive == true)
        #expect(left == [0, 0])
    }

    @Test("[E-02] who was erased by law and is captured again begins anew, and is reviewed")
    func afterAnErasure() async throws {
        let story = try await Held()
        let (lin, chen, id) = (story.lin, story.chen, story.id)
        try await story.erase()
        try await lin.sync()
        let tombstone = try await lin.client.record(id)

        let again = try await lin.client.capture(Sample.person("张三"))
        let atOnce = try await lin.person(id)?.name
        let report = try await lin.sync()
        try await chen.sync()

        let sent = try story.lastSent()
        #expect(tombstone?.acknowledged?.isErased == true)
        #expect(again == id)
        #expect(sent.isCreation)
        #expect(atOnce == "张三")
        #expect(report.outcomes == [Outcome.Kind.conflicted: 1])
        for device in [lin, chen] {
            let person = try await device.person(id)
            let open = try await device.client.openConflicts()
            #expect(person?.name == "张三")
            #expect(person?.remark == "")
            #expect(open.map(\.conflict.kind) == [Conflict.Kind.existence])
        }
    }

    @Test(
        "[F-03] [E-02] who begins to read hears of an erasure, and keeps what was returned to them since"
    )
    func newcomer() async throws {
        let story = try await Held()
        try await story.erase()
        let du = try await story.world.device(named: "杜鹃")
        // More than the server takes: it is returned with the answer that tells of the erasure.
        var person = Sample.person("张三")
        person.remark = String(repeating: "忙", count: 400)
        let again = try await du.client.capture(person)

        let report = try await du.sync()

        let held = try await du.client.record(again)
        let returned = try await du.client.returnedCaptures()
        #expect(again == story.id)
        #expect(report.outcomes == [Outcome.Kind.quarantined: 1])
        #expect(held?.acknowledged?.isErased == true)
        #expect(returned.map(\.record) == [again])
        #expect(held?.returned == 1)
    }

    @Test("[E-02] an unsent edit of an erased person is refused, and nothing of it stays")
    func writtenMeanwhile() async throws {
        let story = try await Held()
        let (lin, id) = (story.lin, story.id)
        try await lin.remark(id, "新备注")
        let before = try await lin.client.search("新备注").count
        try await story.erase()

        let report = try await lin.sync()

        let held = try await lin.client.record(id)
        let byRemark = try await lin.client.search("新备注")
        let byName = try await lin.client.search("张三")
        let left = try await story.left()
        #expect(before == 1)
        #expect(report.outcomes == [Outcome.Kind.quarantined: 1])
        #expect(report.unanswered == 0)
        #expect(held?.visible == nil)
        #expect(held?.returned == 0)
        #expect(held?.acknowledged?.fields.isEmpty != false)
        #expect(byRemark.isEmpty)
        #expect(byName.isEmpty)
        #expect(left == [0, 0])
    }

    @Test(
        "[M-15] a deletion without a reason, or without words for another one, is not queued",
        arguments: [UInt32(0), 4, 99]
    )
    func withoutAReason(reason: UInt32) async throws {
        let story = try await Held()

        let code = try await errorCode {
            try await story.lin.client.delete(
                story.id,
                reason: Change.Deletion(reason: reason, text: " ")
            )
        }

        let name = try await story.lin.person(story.id)?.name
        let status = try await story.lin.client.status()
        #expect(code == "deletion_reason_missing")
        #expect(name == "张三")
        #expect(status.unanswered == 0)
    }
}

/// Two devices that hold a person of whom more is known than has to be.
private struct Held {
    let world: World
    let lin: Device
    let chen: Device
    let id: RecordID
    /// A reason in more words than the server takes.
    let endless = Change.Deletion(reason: 99, text: String(repeating: "误", count: 400))

    init() async throws {
        var short = Limits()
        short.changeBytes = 1_000
        world = try await World(limits: short)
        lin = try await world.device(named: "林小梅")
        chen = try await world.device(named: "陈建国")
        var person = Sample.person("张三")
        person.phones = ["13800000001"]
        person.remark = "周末在家"
        id = try await lin.client.capture(person)
        for device in [lin, chen] { try await device.sync() }
    }

    /// Lin deletes the person, and the server returns that.
    func deleteInVain() async throws {
        try await lin.client.delete(id, reason: endless)
        let report = try await lin.sync()
        #expect(report.outcomes == [Outcome.Kind.quarantined: 1])
    }

    func erase() async throws {
        _ = try await world.service.erase(id, reason: "依申请", for: world.clerk)
    }

    /// How much is returned and not settled: on Lin's device, and on the server.
    func left() async throws -> [Int] {
        [try await lin.client.returnedCaptures().count, try await world.returned().count]
    }

    /// The last change that Lin's device sent.
    func lastSent() throws -> Change {
        let payload = try #require(lin.weather.requests.flatMap(\.payloads).last)
        return try Change(payload: payload, epoch: .none)
    }
}
