import SyncProtocol
import SyncServer
import SyncTrust
import Testing

/// What an act at the server may not do, whoever asks for it.
struct ActGuardsTests {
    @Test("[E-02] an erased record is not brought back by taking its deletion back")
    func erasedStays() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: person(in: Town.gaoting)))
            _ = try await world.service.erase(id(1), reason: "2026-17", for: world.clerk)
            let principal = try await world.principal(lin)

            let refused = try await refusal {
                try await world.service.undelete(id(1), at: Revision(rawValue: 2), for: principal)
            }

            let record = try await world.known(id(1))
            #expect(refused?.code == "record_erased")
            #expect(record.state.isErased && record.state.isDeleted)
        }
    }

    @Test("[A-05] a department stays one, whatever role its grants name")
    func departmentWithOldGrant() async throws {
        try await World.run { world in
            var office = try await world.device(
                named: "人力社保",
                areas: Town.gaoting,
                department: "人力社保"
            )
            // Grants of 0.1 name no role, which reads as a coordinator's.
            try await world.assign(office.id, areas: Town.gaoting)
            office.grant = 2
            var other = person(in: Town.gaoting)
            other.documentNumber = "340111197010054505"
            try await office.send(
                office.change(id(1), to: person(in: Town.gaoting)),
                office.change(id(2), to: other)
            )

            let outcomes = try await office.send(office.redirect(id(1), to: id(2), saw: 1))

            #expect(outcomes.map(\.code) == ["role_forbidden"])
        }
    }

    @Test("[V-06] a deletion that only opened a conflict mends nothing that was returned")
    func deletionInConflict() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: person(in: Town.gaoting)))
            try await lin.send(lin.change(id(1), to: Person { $0.capturedIn = ["x"] }, saw: 1))
            try await hu.send(hu.change(id(1), to: Person { $0.remark = "夜班" }, saw: 1))
            var deletion = lin.deletion(of: id(1), Person.recordType, saw: 1)
            deletion.mends = [SequenceNumber(rawValue: 2)]

            let outcomes = try await lin.send(deletion)

            let left = try await world.returned()
            #expect(outcomes.map(\.kind) == [.conflicted])
            #expect(left.map(\.change.sequence.rawValue) == [2])
        }
    }

    @Test("[V-05] a change that says nothing of a returned capture does not mend it")
    func nothingSaid() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            try await lin.send(lin.change(id(2), to: Person { $0.name = "无证" }))
            try await lin.send(lin.change(id(1), to: person(in: Town.gaoting)))
            var edit = lin.change(id(1), to: Person { $0.remark = "夜班" }, saw: 1)
            edit.mends = [SequenceNumber(rawValue: 1)]

            let outcomes = try await lin.send(edit)

            let left = try await world.returned()
            #expect(outcomes.map(\.kind) == [.applied])
            #expect(left.map(\.change.sequence.rawValue) == [1])
        }
    }

    @Test("[R-04] [M-17] a split by somebody who had not seen who redirected it anew is refused")
    func staleSplit() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            try await lin.send(
                lin.change(id(1), to: person("甲", in: Town.gaoting)),
                lin.change(id(2), to: person("甲", in: Town.gaoting)),
                lin.change(id(3), to: person("甲", in: Town.gaoting))
            )
            let (service, clerk) = (world.service, world.clerk)
            let first = try await service.reidentify(
                id(1),
                at: Revision(rawValue: 1),
                as: id(2),
                for: clerk
            )
            let apart = try await service.split(id(1), at: first.revision, for: clerk)
            _ = try await service.reidentify(id(1), at: apart.revision, as: id(3), for: clerk)

            let refused = try await refusal {
                try await service.split(id(1), at: first.revision, for: clerk)
            }

            let record = try await world.known(id(1))
            #expect(refused?.code == "redirect_outdated")
            #expect(record.state.redirect == id(3))
        }
    }

    @Test("[V-03] what the server's own device once wrote opens no area to those who mend")
    func mendElsewhere() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.caiyuan)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            let chief = try await world.device(named: "周审核", areas: Town.county, role: .reviewer)
            try await lin.send(lin.change(id(1), to: dwelling(in: Town.caiyuan)))
            let deleted = try await world.service.delete(
                id(1),
                at: Revision(rawValue: 1),
                .init(reason: 1, text: ""),
                for: world.clerk
            )
            _ = try await world.service.undelete(id(1), at: deleted.revision, for: world.clerk)
            let outcomes = try await hu.send(
                hu.change(id(1), to: Dwelling { $0.remark = "已核" }, saw: 1)
            )
            let returned = try await world.returned()
            let number = try #require(returned.first?.id)
            let reviewer = try await world.principal(chief)

            let refused = try await refusal {
                try await world.service.mend(
                    number,
                    MendRequest(fields: FieldMap(), of: 0),
                    for: reviewer
                )
            }

            #expect(outcomes.map(\.code) == ["outside_areas"])
            #expect(refused?.code == "outside_areas")
        }
    }

    @Test("[N-02] a capture mended under the right number at the server stands under its id")
    func mendedNumber() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            let key = try #require(lin.naturalKey)
            func natural(_ number: String) -> RecordID {
                key.person(documentType: 1, number: Array(number.utf8))
            }
            var wrong = person(in: Town.gaoting)
            wrong.documentNumber = "WRONG"
            wrong.capturedIn = [Town.caiyuan]
            try await lin.send(lin.change(natural("WRONG"), to: wrong))
            let returned = try await world.returned()
            let mended = Person {
                $0.documentNumber = "34011119701005450X"
                $0.capturedIn = [Town.gaoting]
            }

            let result = try await world.service.mend(
                try #require(returned.first?.id),
                MendRequest(fields: mended.fieldMap, of: Person.recordType.number),
                for: world.clerk
            )

            let old = try await world.record(natural("WRONG"))
            let left = try await world.returned()
            #expect(result.record == natural("34011119701005450X"))
            #expect(old == nil && left.isEmpty)
        }
    }

    @Test(
        "[V-05] a capture mended under a number that somebody else captured is its author's, not the reviewer's"
    )
    func mendedOntoAnother() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var chen = try await world.device(named: "陈建国", areas: Town.gaoting)
            let key = try #require(lin.naturalKey)
            func natural(_ number: String) -> RecordID {
                key.person(documentType: 1, number: Array(number.utf8))
            }
            let right = "34011119701005450X"
            try await chen.send(chen.change(natural(right), to: person("王方", in: Town.gaoting)))
            var wrong = person("王芳", in: Town.gaoting)
            wrong.documentNumber = "WRONG"
            wrong.capturedIn = [Town.caiyuan]
            try await lin.send(lin.change(natural("WRONG"), to: wrong))
            let returned = try await world.returned()
            let mended = Person {
                $0.documentNumber = right
                $0.capturedIn = [Town.gaoting]
            }

            let result = try await world.service.mend(
                try #require(returned.first?.id),
                MendRequest(fields: mended.fieldMap, of: Person.recordType.number),
                for: world.clerk
            )

            let open = try await world.conflicts(of: natural(right), openOnly: true)
            #expect(result.record == natural(right) && result.outcome == .conflicted)
            #expect(open.map(\.conflict.fields) == [[1]])
            #expect(open.map(\.conflict.proposed.device) == [lin.id])
            #expect(open.map(\.conflict.standing.device) == [chen.id])
        }
    }
}
