import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct BasesTests {
    @Test(
        "[B-01] a change names the revision that its author saw, whatever arrives before it is sent"
    )
    func fixedAtCapture() async throws {
        let story = try await Underneath()

        let sent = try await story.changesSentInTheEnd()

        #expect(sent.first?.base.revision == Revision(rawValue: 1))
    }

    @Test(
        "[B-02] an edit of a field that was edited before and not yet answered keeps the earlier base"
    )
    func earliestUnanswered() async throws {
        let story = try await Underneath()
        try await story.chen.rename(story.id, to: "章山")

        let sent = try await story.changesSentInTheEnd()

        let second = sent.last
        #expect(sent.count == 2)
        #expect(second?.base.revision == Revision(rawValue: 2))
        #expect(second?.fieldBases[1]?.revision == Revision(rawValue: 1))
    }

    @Test(
        "[B-02] [C-02] an edit laid over another's unseen value is contested, and edited again extends it"
    )
    func stillContested() async throws {
        let story = try await Underneath()
        try await story.chen.rename(story.id, to: "章山")

        _ = try await story.changesSentInTheEnd()
        try await story.lin.sync()

        for device in [story.lin, story.chen] {
            let name = try await device.person(story.id)?.name
            let conflicts = try await device.client.conflicts(of: story.id)
            #expect(name == "张山")
            let proposed = conflicts.compactMap { ConflictEntry($0)?.conflict.proposed.values }
            #expect(proposed.map { $0.text(of: 1) ?? "" } == ["章山"])
        }
    }

    @Test("[B-02] a field that was not edited before has the base that was seen")
    func otherFields() async throws {
        let story = try await Underneath()
        try await story.chen.remark(story.id, "周末在家")

        let sent = try await story.changesSentInTheEnd()

        let remark = sent.last
        #expect(remark?.touched == [17])
        #expect(remark?.base.revision == Revision(rawValue: 2))
        #expect(remark?.fieldBases.isEmpty == true)
    }

    @Test("[D-01] an unsent edit stays laid over what arrives")
    func staysLaidOver() async throws {
        let story = try await Underneath()

        let held = try await story.chen.client.record(story.id)
        let name = try await story.chen.person(story.id)?.name

        #expect(held?.acknowledged?.fields.text(of: 1) == "张山")
        #expect(held?.pending == 1)
        #expect(name == "章三")
    }

    @Test(arguments: [1, 2, 500])
    func `a device's own consecutive edits never contest`(changesPerBatch: Int) async throws {
        let world = try await World()
        var limits = Limits()
        limits.changesPerBatch = changesPerBatch
        let lin = try await world.device(named: "林小梅", limits: limits)
        let id = try await lin.client.capture(Sample.person("张三"))

        for name in ["张山", "章三", "章山"] { try await lin.rename(id, to: name) }
        lin.weather.next(.answerLost)
        try await lin.sync()
        try await lin.rename(id, to: "张三丰")
        try await lin.sync()

        let name = try await lin.person(id)?.name
        let counts = try await world.service.counts()
        #expect(name == "张三丰")
        #expect(counts.changes == 5)
        #expect(counts.openConflicts + counts.decidedConflicts == 0)
    }
}

/// Chen renames a person; before that is sent, a round trip brings Lin's other name underneath.
private struct Underneath {
    let lin: Device
    let chen: Device
    let id: RecordID
    private let sentBefore: Int

    init() async throws {
        let world = try await World()
        var limits = Limits()
        limits.changesPerBatch = 1
        lin = try await world.device(named: "林小梅")
        chen = try await world.device(named: "陈建国", limits: limits)
        id = try await lin.client.capture(Sample.person("张三", passport: "E1"))
        try await lin.sync()
        try await chen.sync()
        try await lin.rename(id, to: "张山")
        try await lin.sync()

        try await chen.client.capture(Sample.person("李四", passport: "E2"))
        try await chen.rename(id, to: "章三")
        chen.weather.next(.arrives)
        chen.weather.otherwise(.requestLost)
        let device = chen
        let code = try await errorCode { try await device.sync() }
        #expect(code == "server_unreachable")
        chen.weather.otherwise(.arrives)
        sentBefore = chen.weather.requests.count
    }

    /// What Chen's device sends once the network is back.
    func changesSentInTheEnd() async throws -> [Change] {
        try await chen.sync()
        return try chen.weather.requests.dropFirst(sentBefore).flatMap(\.payloads)
            .map { try Change(payload: $0, epoch: .none) }
    }
}
