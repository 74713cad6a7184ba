import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct MendingTests {
    @Test("[V-05] of two mends only the last one shows, and nothing of the first comes back")
    func mendedTwice() async throws {
        let town = try await Town()
        let (lin, id) = (town.lin, town.id)
        try await town.say(Wary.refused)

        try await lin.client.mend(id) { fields, _ in
            fields.setting(text: "不详", of: 17).setting(varint: 22, of: 6)
        }
        try await lin.sync()
        try await lin.client.mend(id) { fields, _ in
            fields.setting(text: "已核实", of: 17).clearing([6])
        }
        let atOnce = try await lin.person(id)
        let report = try await lin.sync()

        let afterwards = try await lin.person(id)
        let left = try await town.left()
        #expect(report.outcomes == [Outcome.Kind.applied: 1])
        #expect(left == [0, 0])
        for person in [atOnce, afterwards] {
            #expect(person?.remark == "已核实")
            #expect(person?.ethnicity == .unspecified)
        }
    }

    @Test(
        "[V-05] an own later edit of the same field overtakes an earlier one that is refused",
        arguments: [1, 500]
    )
    func overtaken(changesPerBatch: Int) async throws {
        let town = try await Town(changesPerBatch: changesPerBatch)
        let (lin, id) = (town.lin, town.id)

        try await lin.remark(id, Wary.refused)
        try await lin.remark(id, "已核实")
        let report = try await lin.sync()

        let held = try await lin.client.record(id)
        let kept = try await town.world.record(id)
        let left = try await town.left()
        #expect(report.outcomes == [Outcome.Kind.quarantined: 1, .applied: 1])
        #expect(held?.visible?.text(of: 17) == "已核实")
        #expect(held?.returned == 0)
        #expect(kept?.state.fields.text(of: 17) == "已核实")
        #expect(left == [0, 0])
    }

    @Test("[V-05] of a returned edit that was overtaken in part, the rest shows and can be mended")
    func overtakenInPart() async throws {
        let town = try await Town()
        let (lin, id) = (town.lin, town.id)

        try await lin.client.edit(id, as: Person.self) {
            $0.remark = Wary.refused
            $0.ethnicity = .she
        }
        try await lin.remark(id, "已核实")
        try await lin.sync()
        let shown = try await lin.person(id)
        try await lin.client.mend(id)
        try await lin.sync()

        let seen = try await lin.person(id)
        let left = try await town.left()
        let sent = try town.lastSent()
        #expect(shown?.remark == "已核实")
        #expect(shown?.ethnicity == .she)
        #expect(sent.touched == [6, 7])
        #expect(seen == shown)
        #expect(left == [0, 0])
    }

    @Test("[V-05] putting a field back to what stands settles the returned edit")
    func putBack() async throws {
        let town = try await Town()
        try await town.say("在家")
        try await town.say(Wary.refused)

        let report = try await town.say("在家")

        let remark = try await town.lin.person(town.id)?.remark
        let left = try await town.left()
        #expect(report.outcomes[.quarantined] == nil)
        #expect(remark == "在家")
        #expect(left == [0, 0])
    }

    @Test("[V-06] editing another field sends nothing of what was returned, and is accepted")
    func anotherField() async throws {
        let town = try await Town()
        let (lin, id) = (town.lin, town.id)
        try await town.say(Wary.refused)

        try await lin.client.edit(id, as: Person.self) { $0.phones = ["13800000001"] }
        let report = try await lin.sync()

        let sent = try town.lastSent()
        let shown = try await lin.person(id)
        let kept = try await town.world.record(id)
        let left = try await town.left()
        #expect(report.outcomes == [Outcome.Kind.applied: 1])
        #expect(sent.touched == [14])
        #expect(shown?.remark == Wary.refused)
        #expect(shown?.phones == ["13800000001"])
        #expect(kept?.state.fields.text(of: 17) == nil)
        #expect(left == [1, 1])
    }

    @Test("[V-05] what was returned can be sent again as it was")
    func asItWas() async throws {
        let town = try await Town()
        try await town.say(Wary.refused)

        try await town.lin.client.mend(town.id)
        town.rules.relent()
        let report = try await town.lin.sync()

        let remark = try await town.world.record(town.id)?.state.fields.text(of: 17)
        let left = try await town.left()
        #expect(report.outcomes == [Outcome.Kind.applied: 1])
        #expect(remark == Wary.refused)
        #expect(left == [0, 0])
    }

    @Test(
        "[V-05] [V-02] a returned capture mended under another number is that one's, with what waited"
    )
    func anotherNumber() async throws {
        let town = try await Town()
        let (lin, wrong) = (town.lin, try await town.captureRefused())
        let lives = try await town.register(wrong)
        try await lin.sync()

        let right = try await town.correctNumber(of: wrong)
        try await lin.sync()

        let gone = try await lin.client.record(wrong)
        let name = try await lin.person(right)?.name
        let registered = try await lin.client.record(lives)?.acknowledged?.fields.reference(1)
        let left = try await town.left()
        #expect(right != wrong)
        #expect(gone == nil)
        #expect(name == "李四")
        #expect(registered == right)
        #expect(left == [0, 0])
    }

    @Test("[D-01] a capture mended under another number is listed once, before it is sent")
    func anotherNumberAtOnce() async throws {
        let town = try await Town()
        let wrong = try await town.captureRefused()
        try await town.lin.sync()

        let right = try await town.correctNumber(of: wrong)

        let listed = try await town.lin.client.records(of: Person.recordType).map(\.id)
        #expect(Set(listed) == [town.id, right])
    }

    @Test func `the number of a person whom the server has is not edited`() async throws {
        let town = try await Town()
        let (lin, id) = (town.lin, town.id)
        try await town.say(Wary.refused)

        let edited = try await errorCode {
            try await lin.client.edit(id, as: Person.self) { $0.documentNumber = "E9" }
        }
        let mended = try await errorCode {
            try await lin.client.mend(id) { fields, _ in fields.setting(text: "E9", of: 4) }
        }

        let status = try await lin.client.status()
        #expect(edited == "identity_fixed")
        #expect(mended == "identity_fixed")
        #expect(status.unanswered == 0)
    }

    @Test("[V-06] its author hears who threw a returned capture away, and why")
    func discarded() async throws {
        let town = try await Town()
        let wrong = try await town.captureRefused()
        try await town.say(Wary.refused)

        for _ in 0..<2 { try await town.discard(because: "查无此人") }
        try await town.lin.sync()

        let told = try await town.lin.client.settlements()
        let held = try await town.lin.client.record(town.id)
        let gone = try await town.lin.client.record(wrong)
        let left = try await town.left()
        #expect(told.map(\.kind) == [Settlement.Kind.discarded, .discarded])
        #expect(Set(told.map(\.by)) == ["胡敏"])
        #expect(Set(told.map(\.reason)) == ["查无此人"])
        #expect(held?.returned == 0)
        #expect(held?.visible?.text(of: 17) == nil)
        #expect(gone == nil)
        #expect(left == [0, 0])
    }

    @Test("[V-06] what a reviewer mended is what its author sees after the next sync")
    func mendedAtServer() async throws {
        let town = try await Town()
        try await town.say(Wary.refused)

        try await town.mendAtServer(FieldMap().setting(text: "已核实", of: 17))
        try await town.lin.sync()

        let told = try await town.lin.client.settlements()
        let held = try await town.lin.client.record(town.id)
        let left = try await town.left()
        #expect(told.map(\.kind) == [Settlement.Kind.mended])
        #expect(told.map(\.by) == ["胡敏"])
        #expect(held?.visible?.text(of: 17) == "已核实")
        #expect(held?.returned == 0)
        #expect(left == [0, 0])
    }

    @Test("[V-06] a settlement may be heard of before the outcome that it settles")
    func settledBeforeHeardOf() async throws {
        let town = try await Town(attempts: 1)
        let (lin, id) = (town.lin, town.id)
        try await lin.client.capture(Sample.person("李四", passport: "E2"))
        try await lin.remark(id, Wary.refused)
        lin.weather.next(.answerLost)
        let code = try await errorCode { try await lin.sync() }

        try await town.discard(because: "重复")
        lin.weather.set(largestBatch: 1)
        try await lin.sync()

        let told = try await lin.client.settlements()
        let remark = try await lin.person(id)?.remark
        let left = try await town.left()
        #expect(code == "server_unreachable")
        #expect(told.map(\.reason) == ["重复"])
        #expect(remark == "")
        #expect(left == [0, 0])
    }

    @Test("[V-02] what waited goes by itself once a reviewer has mended the creation")
    func dependants() async throws {
        let town = try await Town()
        let lives = try await town.register(try await town.captureRefused())
        try await town.lin.sync()

        try await town.mendAtServer(FieldMap(), clearing: ["remark"])
        for _ in 0..<2 { try await town.lin.sync() }

        let held = try await town.lin.client.record(lives)
        let left = try await town.left()
        #expect(held?.acknowledged?.base.revision == Revision(rawValue: 1))
        #expect(left == [0, 0])
    }

    @Test("[V-02] an edit that waits with a returned capture is not sent again by every sync")
    func notAgain() async throws {
        let town = try await Town()
        let (lin, wrong) = (town.lin, try await town.captureRefused())
        try await lin.client.edit(wrong, as: Person.self) { $0.phones = ["13800000001"] }
        try await lin.sync()
        let chen = try await town.world.device(named: "陈建国")
        try await chen.sync()

        for name in ["张山", "章三", "章山"] {
            try await chen.rename(town.id, to: name)
            for device in [chen, lin] { try await device.sync() }
        }
        let waiting = try await town.left()
        try await lin.client.mend(wrong) { fields, _ in fields.clearing([17]) }
        try await lin.sync()

        let phones = try await town.world.record(wrong)?.state.fields.texts(of: 14)
        let left = try await town.left()
        #expect(waiting == [2, 2])
        #expect(phones == ["13800000001"])
        #expect(left == [0, 0])
    }

    @Test("[V-02] what waited for a capture that was thrown away is not sent for ever")
    func thrownAway() async throws {
        let town = try await Town(attempts: 1)
        let (lin, wrong) = (town.lin, try await town.captureRefused())
        try await lin.client.edit(wrong, as: Person.self) { $0.phones = ["13800000001"] }
        try await lin.sync()

        try await town.discard(because: "查无此人")
        // A device that never stops asking finds no network after a while.
        lin.weather.next(.arrives, .arrives, .arrives, .arrives)
        lin.weather.otherwise(.requestLost)
        let code = try await errorCode {
            try await lin.sync()
            try await lin.sync()
        }

        let left = try await town.left()
        #expect(code == nil)
        #expect(left.allSatisfy { $0 <= 1 })
    }
}
