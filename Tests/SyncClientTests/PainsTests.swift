import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// Downloads over pending edits, children dropped, refusals taken as final: each with a good ending.
struct PainsTests {
    private let mistake = Change.Deletion(reason: 1, text: "误录")

    @Test("[D-01] dhis2-android-sdk#1098 a download leaves edits that wait as they are")
    func downloadOverEdits() async throws {
        let story = try await Underneath()
        try await story.lin.client.edit(story.id, as: Person.self) {
            $0.name = "章三"
            $0.phones.append("13800000001")
        }

        try await story.download()
        let meanwhile = try await story.lin.person(story.id)
        let held = try await story.lin.client.record(story.id)
        for device in [story.lin, story.chen] { try await device.sync() }

        #expect(held?.pending == 1)
        #expect(held?.acknowledged?.base.revision == Revision(rawValue: 2))
        #expect(meanwhile?.name == "章三" && meanwhile?.remark == "周末在家")
        #expect(meanwhile?.phones == ["13800000000", "13800000001", "13800000002"])
        for device in [story.lin, story.chen] {
            let read = try await device.person(story.id)
            let proposed = try await device.client.openConflicts()
                .map { $0.conflict.proposed.values.text(of: 1) }
            #expect(read?.name == "张山" && read?.remark == "周末在家")
            #expect(read?.phones == ["13800000000", "13800000001", "13800000002"])
            #expect(proposed == ["章三"])
        }
    }

    @Test("[D-01] dhis2-android-sdk#1620 a download brings nothing back that was just deleted")
    func downloadOverDeletion() async throws {
        let story = try await Underneath()
        try await story.lin.client.delete(story.id, reason: mistake)

        try await story.download()
        let meanwhile = try await story.lin.person(story.id)
        let held = try await story.lin.client.record(story.id)
        for device in [story.lin, story.chen] { try await device.sync() }

        #expect(meanwhile == nil)
        #expect(held?.pending == 1)
        for device in [story.lin, story.chen] {
            let read = try await device.person(story.id)
            let kinds = try await device.client.openConflicts().map(\.conflict.kind)
            #expect(read?.name == "张山" && read?.remark == "周末在家")
            #expect(kinds == [.existence])
        }
    }

    @Test("[Q-06] sqlite-data#315 a child in one batch with its contested parent is not dropped")
    func childOfContested() async throws {
        let (_, lin, chen, id) = try await shared()
        try await chen.rename(id, to: "章三")
        try await chen.sync()
        try await lin.rename(id, to: "张山")
        let home = try await lin.client.capture(Sample.dwelling("渔港路1号"))
        let lives = try await lin.client.capture(Sample.registration(of: id, at: home))

        let report = try await lin.sync()
        try await chen.sync()

        let child = try await chen.client.read(lives, as: Registration.self)
        let open = try await chen.client.openConflicts()
        #expect(report.outcomes == [Outcome.Kind.conflicted: 1, .applied: 2])
        #expect(report.unanswered == 0)
        #expect(child?.person == id.reference && child?.dwelling == home.reference)
        #expect(open.map(\.conflict.fields) == [[1]])
    }

    @Test("[M-12] sqlite-data#315 a child whose parent was deleted elsewhere keeps both, and asks")
    func childOfDeleted() async throws {
        let (world, lin, chen, id) = try await shared()
        try await chen.client.delete(id, reason: mistake)
        try await chen.sync()
        let home = try await lin.client.capture(Sample.dwelling("渔港路1号"))
        let lives = try await lin.client.capture(Sample.registration(of: id, at: home))

        for device in [lin, chen, lin] { try await device.sync() }

        let returned = try await world.returned()
        #expect(returned.isEmpty)
        for device in [lin, chen] {
            let child = try await device.client.read(lives, as: Registration.self)
            let parent = try await device.person(id)
            let kinds = try await device.client.openConflicts().map(\.conflict.kind)
            #expect(child?.person == id.reference)
            #expect(parent?.name == "张三")
            #expect(kinds == [.existence])
        }
    }

    @Test("[M-16] sqlite-data#418 of a deletion and a capture of the same id both travel")
    func deletedAndCaptured() async throws {
        let (world, lin, chen, id) = try await shared()
        try await lin.client.delete(id, reason: mistake)
        let again = try await lin.client.capture(Sample.person("张三丰"))
        let here = try await lin.person(id)?.name

        let report = try await lin.sync()
        try await chen.sync()

        let record = try await world.record(id)
        #expect(again == id && here == "张三丰")
        #expect(report.outcomes == [Outcome.Kind.applied: 2])
        for device in [lin, chen] {
            let held = try await device.client.record(id)
            let name = try await device.person(id)?.name
            #expect(name == "张三丰")
            #expect(held?.visible == record?.state.fields)
        }
    }

    @Test("[M-12] sqlite-data#418 deleted and captured again, it keeps what others wrote meanwhile")
    func deletedAndCapturedOverEdit() async throws {
        let (_, lin, chen, id) = try await shared()
        try await chen.remark(id, "周末在家")
        try await chen.sync()
        try await lin.client.delete(id, reason: mistake)
        try await lin.client.capture(Sample.person("张三丰"))

        for device in [lin, chen, lin] { try await device.sync() }

        for device in [lin, chen] {
            let read = try await device.person(id)
            #expect(read?.name == "张三丰" && read?.remark == "周末在家")
        }
    }

    @Test(
        "[Q-03] sqlite-data#432 a refusal that passes is not final: nothing leaves the queue",
        arguments: ["database_busy", "disk_full", "database_unavailable", "internal"]
    )
    func passingRefusal(code: String) async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.remark(id, "周末在家")
        let refusal = SyncError(SyncError.Code(rawValue: code), "Not now", hint: "Later.")

        lin.weather.otherwise(.refused(refusal))
        let told = try await errorCode { try await lin.sync() }
        let waiting = try await lin.client.status()
        lin.weather.otherwise(.arrives)
        let report = try await lin.sync()

        let record = try await world.record(id)
        #expect(told == code)
        #expect(waiting.unanswered == 2 && waiting.returned.isEmpty)
        #expect(report.outcomes == [Outcome.Kind.applied: 2])
        #expect(record?.state.fields.text(of: 17) == "周末在家")
    }

    @Test("[W-04] sqlite-data#492 an answer that cannot be decoded is no success")
    func answerUndecodable() async throws {
        let world = try await World()
        var impatient = Limits()
        impatient.attempts = 1
        let lin = try await world.device(named: "林小梅", limits: impatient)
        let id = try await lin.client.capture(Sample.person("张三"))

        lin.weather.next(.answerCut)
        let told = try await errorCode { try await lin.sync() }
        let waiting = try await lin.client.status()
        let report = try await lin.sync()

        let counts = try await world.service.counts()
        let held = try await lin.client.record(id)
        #expect(told == "answer_unreadable")
        #expect(waiting.unanswered == 1 && waiting.profile?.lastSync == nil)
        #expect(report.outcomes == [Outcome.Kind.applied: 1])
        #expect(counts.changes == 1)
        #expect(held?.acknowledged?.base.revision == Revision(rawValue: 1))
    }

    @Test("[V-01] sqlite-data#492 bytes that the server cannot decode are told and kept")
    func changeUndecodable() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let profile = try await lin.client.profile()
        let device = try #require(profile?.device)
        var request = SyncRequest()
        request.firstSequence = SequenceNumber(rawValue: 1)
        request.payloads = [[0xFF, 0xFF, 0x07]]

        let answer = try await world.service.sync(request, from: device)

        let returned = try await world.returned()
        #expect(answer.outcomes.map(\.kind) == [.quarantined])
        #expect(answer.outcomes.map(\.code) == ["change_malformed"])
        #expect(returned.map(\.change.payload) == request.payloads)
    }

    /// Two devices that both hold a person.
    private func shared() async throws -> (World, lin: Device, chen: Device, id: RecordID) {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国")
        let id = try await lin.client.capture(Sample.person("张三"))
        for device in [lin, chen] { try await device.sync() }
        return (world, lin, chen, id)
    }
}

/// Chen's edit of a person is on the server; Lin's device brings one change at a time.
private struct Underneath {
    let lin: Device
    let chen: Device
    let id: RecordID

    init() async throws {
        let world = try await World()
        var one = Limits()
        one.changesPerBatch = 1
        lin = try await world.device(named: "林小梅", limits: one)
        chen = try await world.device(named: "陈建国")
        var person = Sample.person("张三", passport: "E1")
        person.phones = ["13800000000"]
        id = try await lin.client.capture(person)
        for device in [lin, chen] { try await device.sync() }
        try await chen.client.edit(id, as: Person.self) {
            $0.name = "张山"
            $0.remark = "周末在家"
            $0.phones.append("13800000002")
        }
        try await chen.sync()
        // Goes first, and brings the news back; then the network breaks.
        try await lin.client.capture(Sample.person("李四", passport: "E2"))
    }

    /// Lin's device hears of Chen's edit before it could send its own.
    func download() async throws {
        lin.weather.next(.arrives)
        lin.weather.otherwise(.requestLost)
        let code = try await errorCode { try await lin.sync() }
        lin.weather.otherwise(.arrives)
        #expect(code == "server_unreachable")
    }
}
