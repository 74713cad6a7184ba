import StoreSQLite
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

struct SequenceTests {
    /// Four changes of one device: two that apply, one that is refused, one that edits.
    private func fourChanges(of device: TestDevice) -> [Change] {
        [
            device.change(id(1), to: person(in: Town.gaoting)),
            device.change(id(2), to: Person { $0.remark = "没有姓名" }),
            device.change(id(1), to: Person { $0.remark = "夜班" }),
            device.change(id(3), to: dwelling(in: Town.gaoting)),
        ]
    }

    @Test("[Q-02] effects, outcomes and the high-water mark are kept together")
    func together() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            lin.number(fourChanges(of: lin).map(\.payload))

            let answer = try await lin.resend(1...4)

            let stored = try await world.stored(lin.id)
            #expect(answer.outcomes.map(\.kind) == [.applied, .quarantined, .applied, .applied])
            #expect(answer.outcomes.map(\.sequence.rawValue) == [1, 2, 3, 4])
            #expect(answer.highWater.rawValue == 4 && answer.chain == lin.head(after: 4))
            #expect(stored.highWater == answer.highWater && stored.chain == answer.chain)
            let counts = try await world.service.counts()
            #expect(counts.changes == 4 && counts.quarantined == 1)
        }
    }

    @Test("[Q-03] a batch that comes again is answered from what was stored")
    func repeated() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            let first = try await lin.send(
                lin.change(id(1), to: person(in: Town.gaoting)),
                lin.change(id(2), to: Person { $0.remark = "没有姓名" }),
                lin.change(id(1), to: Person { $0.remark = "夜班" })
            )
            let before = try await world.record(id(1))

            let second = try await lin.resend(1...3)

            let after = try await world.record(id(1))
            let counts = try await world.service.counts()
            #expect(second.outcomes == first)
            #expect(second.highWater.rawValue == 3)
            #expect(after == before)
            #expect(counts.changes == 3)
        }
    }

    @Test("[Q-03] a batch may be split, and its parts overlap, anywhere", arguments: 1...4)
    func split(at cut: Int) async throws {
        let whole = try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            lin.number(fourChanges(of: lin).map(\.payload))
            return try await lin.resend(1...4).outcomes
        }

        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            lin.number(fourChanges(of: lin).map(\.payload))
            let first = try await lin.resend(1...cut).outcomes
            let rest = try await lin.resend(cut...4).outcomes

            #expect(first == Array(whole.prefix(cut)))
            #expect(rest == Array(whole.dropFirst(cut - 1)))
            let counts = try await world.service.counts()
            let state = try await world.record(id(1))?.state
            #expect(counts.changes == 4)
            #expect(state?.revision.rawValue == 2)
        }
    }

    @Test("[Q-05] a batch that begins after a gap is refused, with the number that is expected")
    func gap() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            lin.number(fourChanges(of: lin).map(\.payload))
            try await lin.resend(1...1)

            let error = try await refusal { try await lin.resend(3...4) }

            let counts = try await world.service.counts()
            #expect(error?.code == "sequence_gap")
            #expect(error?.subject == "2")
            #expect(counts.changes == 1)
            let rest = try await lin.resend(2...4)
            #expect(rest.highWater.rawValue == 4)
        }
    }

    @Test("[Q-05] there is no change with number 0")
    func zero() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            lin.number(fourChanges(of: lin).map(\.payload))
            var request = lin.request(1...1)
            request.firstSequence = .none

            let error = try await refusal { [request] in
                try await world.service.sync(request, from: lin.id)
            }

            #expect(error?.code == "sequence_gap")
            #expect(error?.subject == "1")
        }
    }

    @Test("[Q-06] every change gets an outcome, and none keeps another from being dealt with")
    func everyChange() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var unknown = lin.change(id(2), to: person(in: Town.gaoting))
            unknown.type = 99
            lin.number([
                lin.change(id(1), to: person(in: Town.gaoting)).payload,
                [0xFF, 0xFF, 0xFF],
                [],
                unknown.payload,
                lin.change(id(3), to: Person { $0.capturedIn = [Town.gaoting] }).payload,
                lin.change(id(4), to: person(in: Town.caiyuan)).payload,
                lin.change(id(5), to: person(in: Town.gaoting)).payload,
            ])

            let outcomes = try await lin.resend(1...7).outcomes

            #expect(
                outcomes.map(\.code) == [
                    "", "change_malformed", "change_malformed", "type_unknown", "name_missing",
                    "outside_areas", "",
                ]
            )
            #expect(outcomes.map(\.sequence.rawValue) == Array(1...7))
            #expect(outcomes.first?.kind == .applied && outcomes.last?.kind == .applied)
            #expect(outcomes[1...5].allSatisfy { $0.kind == .quarantined && !$0.message.isEmpty })
        }
    }

    @Test("[Q-06] a refused change at the head of the queue stops neither uploads nor news")
    func refusedAtTheHead() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            try await hu.send(hu.change(id(9), to: person(in: Town.gaoting)))
            lin.number([[0xFF]])
            lin.number([lin.change(id(1), to: dwelling(in: Town.gaoting)).payload])

            let outcomes = try await lin.resend(1...2).outcomes
            try await lin.read()

            #expect(outcomes.map(\.kind) == [.quarantined, .applied])
            #expect(lin.heldRecords == [id(1), id(9)])
        }
    }
}
