import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// What becomes of a returned change when the change that took its place comes back itself, or is not decided.
struct MendsOfMendsTests {
    private static let mistake = Change.Deletion(reason: 1, text: "误录")

    @Test("[V-05] a mend that came back hands on what it was to take the place of")
    func handedOn() async throws {
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
}
