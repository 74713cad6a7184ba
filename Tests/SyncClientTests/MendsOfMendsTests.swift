import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// What becomes of a returned change when the change that took its place comes back itself, or is not decided.
struct MendsOfMendsTests {
    private static let mistake = Change.Deletion(reason: 1, text: "误录")

    @Test(
        "[V-05] a mend that came back hands on what it was to take the place of",
        arguments: [false, true]
    )
    func handedOn(isDiscarded: Bool) async throws {
        let town = try await Town()
        let lin = town.lin
        let chen = try await town.world.device(
            named: "陈建国",
            areas: [Sample.harbour, Sample.hill]
        )
        var person = Sample.person("李四", passport: "E2", in: [Sample.hill])
        person.remark = "在家"
        let id = try await lin.client.capture(person)
        try await lin.sync()
        try await lin.client.mend(id) { fields, _ in fields.clearing([17]) }
        try await lin.sync()
        let twice = try await town.left()

        try await chen.client.capture(Sample.person("李四", passport: "E2"))
        try await chen.sync()
        try await lin.sync()
        if isDiscarded { try await town.discard(because: "重复", latest: true) }
        try await lin.client.mend(id) { fields, _ in
            let harbour = Sample.person(in: [Sample.harbour]).fieldMap
            return fields.settingElements(harbour.elements(of: 15), of: 15)
        }
        try await lin.sync()

        let left = try await town.left()
        #expect(twice == [2, 2])
        #expect(left == [0, 0])
        try await town.world.expectAlike(lin, chen)
    }

    @Test(
        "[V-05] taking back a refused deletion keeps the returned edit that it would have thrown away"
    )
    func deletionTakenBack() async throws {
        let town = try await Town(changeBytes: 1_000)
        let (lin, id) = (town.lin, town.id)
        try await town.say(Wary.refused)
        let endless = String(repeating: "误", count: 400)
        try await lin.client.delete(id, reason: Change.Deletion(reason: 99, text: endless))
        try await lin.sync()
        let refused = try await lin.client.returnedCaptures().map(\.outcome.code)

        try await lin.client.withdraw(id)
        let atOnce = try await lin.person(id)?.remark
        try await lin.sync()

        let afterwards = try await lin.person(id)?.remark
        let left = try await town.left()
        #expect(refused == ["remark_refused", "record_too_large"])
        #expect(atOnce == Wary.refused && afterwards == Wary.refused)
        #expect(left == [1, 1])
    }

    @Test(
        "[V-05] a deletion that nobody decided yet leaves the returned edit, wherever the record goes"
    )
    func undecidedDeletion() async throws {
        let town = try await Town(areas: [Sample.harbour, Sample.hill])
        let (lin, id) = (town.lin, town.id)
        let chen = try await town.world.device(
            named: "陈建国",
            areas: [Sample.harbour, Sample.hill]
        )
        try await chen.sync()
        try await town.say(Wary.refused)
        try await chen.client.edit(id, as: Person.self) { $0.capturedIn = [Sample.hill.rawValue] }
        try await chen.sync()

        try await lin.client.delete(id, reason: Self.mistake)
        let report = try await lin.sync()
        try await chen.sync()
        try await lin.sync()

        let left = try await town.left()
        let shown = try await lin.person(id)?.remark
        #expect(report.outcomes == [Outcome.Kind.conflicted: 1])
        #expect(left == [1, 1])
        #expect(shown == Wary.refused)
    }

    @Test(
        "[V-05] whoever mends a number leaves nothing behind, whoever has the wrong one meanwhile"
    )
    func wrongNumberOfSomebody() async throws {
        let town = try await Town()
        let lin = town.lin
        let chen = try await town.world.device(named: "陈建国", areas: [Sample.hill])
        let wrong = Sample.person("李四", passport: "E2", in: [Sample.hill])
        let id = try await lin.client.capture(wrong)
        try await lin.sync()
        try await chen.client.capture(wrong)
        try await chen.sync()

        try await lin.client.mend(id) { fields, _ in
            let harbour = Sample.person(in: [Sample.harbour]).fieldMap
            return fields.setting(text: "E3", of: 4)
                .settingElements(harbour.elements(of: 15), of: 15)
        }
        try await lin.sync()

        let left = try await town.left()
        let counts = try await town.world.counts()
        #expect(left == [0, 0])
        #expect(counts.records[Person.recordType.number] == 3)
    }

    @Test(
        "[V-05] a deletion that is contested where its record was found to be another leaves it, too"
    )
    func undecidedElsewhere() async throws {
        let town = try await Town()
        let (lin, id) = (town.lin, town.id)
        let chen = try await town.world.device(named: "陈建国")
        try await chen.sync()
        try await town.say(Wary.refused)
        let other = try await chen.client.capture(Sample.person("张三", passport: "E9"))
        try await chen.client.reidentify(id, as: other)
        try await chen.sync()
        try await chen.client.edit(other, as: Person.self) { $0.phones = ["13800000001"] }
        try await chen.sync()

        try await lin.client.delete(id, reason: Self.mistake)
        let report = try await lin.sync()
        try await lin.sync()

        let left = try await town.left()
        #expect(report.outcomes == [Outcome.Kind.conflicted: 1])
        #expect(left == [1, 1])
    }

    @Test("[V-05] [A-12] what was said again in parts is mended under another key, too")
    func underAnotherKey() async throws {
        let town = try await Town()
        let (lin, id) = (town.lin, town.id)
        try await lin.client.edit(id, as: Person.self) {
            $0.remark = Wary.refused
            $0.name = "张山"
        }
        try await lin.sync()
        let former = try #require(try await lin.client.profile()?.device)
        let link = try await town.world.rekeyLink(for: former)
        _ = try await lin.client.enrol(link: link, .rekeyed)

        try await lin.rename(id, to: "张川")
        try await lin.sync()
        try await lin.client.mend(id) { fields, _ in fields.setting(text: "外出", of: 17) }
        try await lin.sync()

        let left = try await town.left()
        #expect(left == [0, 0])
    }

    @Test(
        "[D-01] what is captured under an old number shows there only as long as its person is elsewhere"
    )
    func targetArrives() async throws {
        let story = try await Elsewhere(rules: Wary())
        let (lin, zhou, old) = (story.lin, story.zhou, story.old)
        try await story.captureOldNumber(remark: Wary.refused)
        try await lin.sync()
        let before = try await lin.client.record(old)?.visible

        let near = try await zhou.client.capture(Sample.dwelling("渔港路1号"))
        let stay = try await zhou.client.capture(Sample.registration(of: story.right, at: near))
        for device in [zhou, lin] { try await device.sync() }
        let here = try await lin.client.record(story.right)?.visible
        let meanwhile = try await lin.client.record(old)
        try await zhou.client.delete(stay, reason: Self.mistake)
        for device in [zhou, lin] { try await device.sync() }

        let left = try await lin.client.record(story.right)
        let again = try await lin.client.record(old)?.visible
        #expect(here != nil && meanwhile != nil && meanwhile?.visible == nil)
        #expect(left == nil && before != nil && again == before)
    }
}
