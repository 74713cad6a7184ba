import StoreSQLite
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

/// One person under two numbers: the wrong one points to the right one, and may be split off again.
struct RedirectTests {
    @Test("[R-01] the right one takes in what the wrong one said, each value by author and time")
    func combined() async throws {
        try await World.run { world in
            var (lin, hu, chen) = try await world.three()
            let wrong = captured(under: .wrong) {
                $0.remark = "夜班"
                $0.phones = ["13800000001"]
                $0.birthDate = 19_700_101
            }
            let right = captured(under: .right) {
                $0.remark = "白班"
                $0.phones = ["13800000002"]
            }
            let noon = world.clock.now
            try await lin.send(lin.change(id(2), to: right))
            world.clock.advance(by: 60_000)
            try await hu.send(hu.change(id(1), to: wrong))
            world.clock.advance(by: 60_000)

            let outcomes = try await chen.send(chen.redirect(id(1), to: id(2), saw: 1))

            let from = try await world.known(id(1)).state
            let to = try await world.known(id(2)).state
            let entries = try await world.conflicts(of: id(2))
            let entry = try #require(entries.first)
            #expect(outcomes.map(\.code) == [""])
            #expect(from.redirect == id(2) && !from.isLive && to.isLive)
            #expect(to.fields.text(of: 17) == "夜班" && to.fields.number(of: 5) == 19_700_101)
            #expect(to.fields.texts(of: 14) == ["13800000001", "13800000002"])
            #expect(to.fields.text(of: 4) == Number.right.rawValue)
            #expect(entries.map(\.state) == [.decidedByRule] && entry.conflict.fields == [17])
            #expect(entry.standingAuthor == "林小梅" && entry.proposedAuthor == "胡敏")
            #expect(entry.conflict.standing.time == noon)
            #expect(entry.conflict.proposed.time == noon + 60_000)
            #expect(entry.via == id(1))
        }
    }

    @Test("[R-01] what the finder had seen of the wrong one and put right is not asked again")
    func putRight() async throws {
        try await World.run { world in
            var (lin, hu, _) = try await world.three()
            try await hu.send(hu.change(id(1), to: captured(under: .wrong)))
            try await lin.send(lin.change(id(2), to: captured(under: .right) { $0.name = "王方" }))

            try await lin.send(lin.redirect(id(1), to: id(2), saw: 1))

            let state = try await world.known(id(2)).state
            let conflicts = try await world.conflicts(of: id(2))
            #expect(state.fields.text(of: 1) == "王方" && conflicts.isEmpty)
        }
    }

    @Test(
        "[R-01] [R-02] an edit of the wrong one that the finder had not seen is not lost",
        arguments: [true, false]
    )
    func unseenEdit(arrivesFirst: Bool) async throws {
        try await World.run { world in
            var (lin, hu, _) = try await world.three()
            try await hu.send(hu.change(id(1), to: captured(under: .wrong)))
            try await lin.send(lin.change(id(2), to: captured(under: .right) { $0.name = "王方" }))
            let edit = hu.change(id(1), to: Person { $0.name = "王房" }, saw: 1)
            let finding = lin.redirect(id(1), to: id(2), saw: 1)

            if arrivesFirst {
                try await hu.send(edit)
                try await lin.send(finding)
            } else {
                try await lin.send(finding)
                try await hu.send(edit)
            }

            let names = try await world.fields(of: id(1), id(2)).map { $0.text(of: 1) }
            let open = try await world.conflicts(of: id(2), openOnly: true)
            let entry = try #require(open.first)
            #expect(names == ["王房", "王方"])
            #expect(open.count == 1 && entry.conflict.fields == [1] && entry.via == id(1))
            #expect(entry.conflict.standing.values.text(of: 1) == "王方")
            #expect(entry.conflict.proposed.values.text(of: 1) == "王房")
            #expect(entry.standingAuthor == "林小梅" && entry.proposedAuthor == "胡敏")
        }
    }

    @Test("[R-02] what the author of a late edit had seen of the wrong one counts as seen")
    func seenThroughRedirect() async throws {
        try await World.run { world in
            var (lin, hu, chen) = try await world.three()
            try await hu.send(hu.change(id(2), to: captured(under: .right)))
            try await lin.send(lin.change(id(1), to: captured(under: .wrong) { $0.remark = "夜班" }))
            try await chen.send(chen.redirect(id(1), to: id(2), saw: 1))
            var edit = hu.change(id(1), to: Person { $0.remark = "白班" }, saw: 1)
            edit.observedAt -= 3_600_000

            try await hu.send(edit)

            let remarks = try await world.fields(of: id(1), id(2)).map { $0.text(of: 17) }
            let conflicts = try await world.conflicts(of: id(2))
            #expect(remarks == ["白班", "白班"])
            #expect(conflicts.isEmpty)
        }
    }

    @Test("[R-02] [R-04] what refers to the wrong one follows, and returns with a split")
    func references() async throws {
        try await World.run { world in
            var (lin, hu, _) = try await world.three()
            try await lin.send(
                lin.change(id(1), to: captured(under: .wrong)),
                lin.change(id(2), to: captured(under: .right)),
                lin.change(id(3), to: dwelling(in: Town.gaoting)),
                lin.change(id(4), to: registration(of: id(1), at: id(3), in: Town.gaoting)),
                lin.change(id(5), to: registration(of: id(1), at: id(3), in: Town.gaoting))
            )
            try await lin.send(lin.redirect(id(1), to: id(2), saw: 1))
            let followed = try await world.fields(of: id(4), id(5)).map { $0.reference(1) }
            try await hu.send(
                hu.change(id(6), to: registration(of: id(1), at: id(3), in: Town.gaoting))
            )
            let late = try await world.fields(of: id(6)).map { $0.reference(1) }
            try await lin.send(
                lin.change(id(7), to: captured(under: .third)),
                lin.change(id(5), to: Registration { $0.person = id(7).reference }, saw: 2)
            )

            let outcomes = try await lin.send(lin.split(id(1), saw: 2))

            let returned = try await world.fields(of: id(4), id(5), id(6)).map { $0.reference(1) }
            #expect(outcomes.map(\.code) == [""])
            #expect(followed == [id(2), id(2)] && late == [id(2)])
            #expect(returned == [id(1), id(7), id(1)])
        }
    }

    @Test(
        "[R-03] a capture of the wrong number again asks whether both are one",
        arguments: [Change.Resolution.Choice.standing, .proposed]
    )
    func creationAgain(choice: Change.Resolution.Choice) async throws {
        try await World.run { world in
            var (lin, hu, _) = try await world.three()
            try await lin.send(
                lin.change(id(1), to: captured(under: .wrong)),
                lin.change(id(2), to: captured(under: .right))
            )
            try await lin.send(lin.redirect(id(1), to: id(2), saw: 1))

            let outcomes = try await hu.send(hu.change(id(1), to: captured(under: .wrong)))

            let open = try await world.conflicts(of: id(2), openOnly: true)
            let entry = try #require(open.first)
            #expect(outcomes.map(\.kind) == [.conflicted])
            #expect(open.map(\.conflict.kind) == [.redirect] && entry.via == id(1))
            #expect(entry.proposedAuthor == "胡敏")
            let now = try await world.known(id(2)).state.revision
            let request = ResolveRequest(revision: now, choice: choice)
            _ = try await world.service.resolve(entry.id, request, for: world.clerk)
            let entries = try await world.conflicts(of: id(2))
            let redirect = try await world.known(id(1)).state.redirect
            #expect(entries.map(\.state) == [.resolved])
            #expect(redirect == (choice == .standing ? id(2) : nil))
        }
    }

    @Test("[R-04] re-identify, then split, is the identity")
    func identity() async throws {
        try await World.run { world in
            var (lin, hu, chen) = try await world.three()
            let right = captured(under: .right) {
                $0.name = "王方"
                $0.remark = "白班"
                $0.phones = ["13800000002"]
            }
            try await hu.send(hu.change(id(2), to: right))
            try await lin.send(
                lin.change(id(1), to: captured(under: .wrong) { $0.remark = "夜班" }),
                lin.change(id(3), to: dwelling(in: Town.gaoting)),
                lin.change(id(4), to: registration(of: id(1), at: id(3), in: Town.gaoting))
            )
            let before = try await world.fields(of: id(1), id(2), id(4))

            try await chen.send(chen.redirect(id(1), to: id(2), saw: 1), chen.split(id(1), saw: 2))

            let after = try await world.fields(of: id(1), id(2), id(4))
            let source = try await world.known(id(1))
            let open = try await world.conflicts(of: id(2), openOnly: true)
            #expect(after == before && source.state.isLive && open.isEmpty)
        }
    }

    @Test("[R-02] [R-04] what is made meanwhile stays on the side on which it was made")
    func sides() async throws {
        try await World.run { world in
            var (lin, hu, chen) = try await world.three()
            try await lin.send(
                lin.change(id(1), to: captured(under: .wrong)),
                lin.change(id(2), to: captured(under: .right))
            )
            try await chen.send(chen.redirect(id(1), to: id(2), saw: 1))
            let late = Person { $0.remark = "夜班" }
            let outcomes = try await hu.send(hu.change(id(1), to: late, saw: 1))
            let both = try await world.fields(of: id(1), id(2)).map { $0.text(of: 17) }
            let revision = try await world.known(id(2)).state.revision.rawValue
            let edit = Person { $0.originAddress = "人民路9号" }
            try await chen.send(chen.change(id(2), to: edit, saw: revision))

            try await chen.send(chen.split(id(1), saw: world.known(id(1)).state.revision.rawValue))

            let remarks = try await world.fields(of: id(1), id(2)).map { $0.text(of: 17) }
            let addresses = try await world.fields(of: id(1), id(2)).map { $0.text(of: 9) }
            #expect(outcomes.map(\.code) == [""] && both == ["夜班", "夜班"])
            #expect(remarks == ["夜班", nil] && addresses == [nil, "人民路9号"])
        }
    }

    @Test("[R-04] a split parts one record and leaves the other redirects as they are")
    func oneOfSeveral() async throws {
        try await World.run { world in
            var (lin, _, chen) = try await world.three()
            for (number, phone): (UInt8, String) in [(1, "1"), (2, "2"), (3, "3"), (4, "4")] {
                let one = captured(under: .wrong) { $0.phones = [phone] }
                try await lin.send(lin.change(id(number), to: one))
            }
            // 1 and 2 point to 3, and 3 to 4.
            try await chen.send(
                chen.redirect(id(1), to: id(3), saw: 1),
                chen.redirect(id(2), to: id(3), saw: 1),
                chen.redirect(id(3), to: id(4), saw: 1)
            )
            let whole = try await world.known(id(4)).state.fields.texts(of: 14)

            let outcomes = try await chen.send(chen.split(id(1), saw: 2))

            let fields = try await world.fields(of: id(1), id(3), id(4))
            var redirects: [RecordID?] = []
            for number: UInt8 in 1...4 {
                redirects.append(try await world.known(id(number)).state.redirect)
            }
            #expect(outcomes.map(\.code) == [""] && whole == ["1", "2", "3", "4"])
            #expect(redirects == [nil, id(3), id(4), nil])
            #expect(fields.map { $0.texts(of: 14) } == [["1"], ["2", "3"], ["2", "3", "4"]])
        }
    }

    @Test("[R-04] whether the right one is there stays as it is, with what was said since")
    func keptAlive() async throws {
        try await World.run { world in
            var (lin, hu, chen) = try await world.three()
            try await lin.send(
                lin.change(id(1), to: captured(under: .wrong)),
                lin.change(id(2), to: captured(under: .right))
            )
            try await chen.send(chen.redirect(id(1), to: id(2), saw: 1))
            let seen = try await world.known(id(2)).state.revision.rawValue
            try await hu.send(hu.change(id(2), to: Person { $0.remark = "夜班" }, saw: seen))
            try await lin.send(lin.deletion(of: id(2), Person.recordType, saw: seen))
            let open = try await world.conflicts(of: id(2), openOnly: true)
            let asked = try #require(open.first)
            let now = try await world.known(id(2)).state.revision
            let keep = ResolveRequest(revision: now, choice: .standing)
            _ = try await world.service.resolve(asked.id, keep, for: world.clerk)
            let since = Person { $0.originAddress = "人民路9号" }
            try await hu.send(hu.change(id(2), to: since, saw: now.rawValue))

            try await chen.send(chen.split(id(1), saw: 2))

            let state = try await world.known(id(2)).state
            #expect(asked.conflict.kind == .existence && state.isLive)
            #expect(state.fields.text(of: 17) == "夜班" && state.fields.text(of: 9) == "人民路9号")
        }
    }

    @Test("[R-05] a redirect that leads nowhere is refused")
    func refused() async throws {
        try await World.run { world in
            var (lin, _, _) = try await world.three()
            var office = try await world.device(
                named: "人社",
                areas: Town.gaoting,
                department: "人力社保"
            )
            try await lin.send(
                lin.change(id(1), to: captured(under: .wrong)),
                lin.change(id(2), to: captured(under: .right)),
                lin.change(id(3), to: dwelling(in: Town.gaoting)),
                lin.change(id(4), to: captured(under: .third)),
                lin.deletion(of: id(4), Person.recordType, saw: 1)
            )

            let forbidden = try await office.send(office.redirect(id(1), to: id(2), saw: 1))
            let outcomes = try await lin.send(
                lin.redirect(id(1), to: id(9), saw: 1),
                lin.redirect(id(1), to: id(3), saw: 1),
                lin.redirect(id(1), to: id(4), saw: 1),
                lin.redirect(id(4), to: id(2), saw: 2),
                lin.redirect(id(1), to: id(1), saw: 1),
                lin.split(id(1), saw: 1),
                lin.redirect(id(1), to: id(2), saw: 1),
                lin.redirect(id(2), to: id(1), saw: 1),
                lin.redirect(id(1), to: id(2), saw: 2)
            )

            #expect(forbidden.map(\.code) == ["role_forbidden"])
            #expect(
                outcomes.map(\.code) == [
                    "redirect_target_unknown", "redirect_target_unknown", "redirect_target_unknown",
                    "record_deleted", "redirect_circular", "record_not_redirected", "",
                    "redirect_circular", "record_redirected",
                ]
            )
        }
    }

    @Test("[C-02] what a redirect brings does not swallow the same device's own conflict")
    func apart() async throws {
        try await World.run { world in
            var dispute = try await Dispute(in: world)
            var chen = try await world.device(named: "陈建国", areas: Town.gaoting)
            try await dispute.hu.send(
                dispute.hu.change(id(2), to: captured(under: .wrong) { $0.name = "王防" })
            )

            try await chen.send(chen.redirect(id(2), to: id(1), saw: 1))

            let open = try await world.conflicts(of: id(1), openOnly: true)
            #expect(open.map(\.via) == [nil, id(2)])
            #expect(open.map { $0.conflict.proposed.values.text(of: 1) } == ["王房", "王防"])
            try await chen.send(chen.split(id(2), saw: 2))
            let left = try await world.conflicts(of: id(1), openOnly: true)
            #expect(left.map(\.id) == [dispute.entry.id])
            #expect(left.first?.conflict.proposed.values.text(of: 1) == "王房")
        }
    }

    // The revisions of two records have nothing to do with each other.
    @Test("[C-04] a finder who had not seen what was proposed for the right one ends no conflict")
    func unrelatedRevisions() async throws {
        try await World.run { world in
            var (chen, hu, _) = try await world.three()
            try await chen.send(chen.change(id(2), to: captured(under: .right)))
            try await chen.send(chen.change(id(2), to: Person { $0.name = "王舫" }, saw: 1))
            try await hu.send(hu.change(id(2), to: Person { $0.name = "王房" }, saw: 1))
            world.clock.advance(by: 60_000)
            try await chen.send(chen.change(id(1), to: captured(under: .wrong) { $0.name = "王坊" }))
            for revision: UInt64 in 1...4 {
                let edit = Person { $0.remark = "第\(revision)次走访" }
                try await chen.send(chen.change(id(1), to: edit, saw: revision))
            }

            try await chen.send(chen.redirect(id(1), to: id(2), saw: 5))

            let open = try await world.conflicts(of: id(2), openOnly: true)
            let names = try await world.fields(of: id(2)).map { $0.text(of: 1) }
            #expect(open.map { $0.conflict.proposed.values.text(of: 1) } == ["王房"])
            #expect(open.map { $0.conflict.standing.values.text(of: 1) } == names)
        }
    }
}

private enum Number: String {
    case wrong = "340111197010054505"
    case right = "34011119701005450X"
    case third = "340111197010054513"
}

/// A person captured in Gaoting under some number.
private func captured(under number: Number, _ set: (inout Person) -> Void = { _ in }) -> Person {
    var captured = person(in: Town.gaoting)
    captured.documentNumber = number.rawValue
    set(&captured)
    return captured
}

extension World {
    fileprivate func three() async throws -> (TestDevice, TestDevice, TestDevice) {
        (
            try await device(named: "林小梅", areas: Town.gaoting),
            try await device(named: "胡敏", areas: Town.gaoting),
            try await device(named: "陈建国", areas: Town.gaoting)
        )
    }

    fileprivate func fields(of ids: RecordID...) async throws -> [FieldMap] {
        var fields: [FieldMap] = []
        for id in ids { fields.append(try await known(id).state.fields) }
        return fields
    }
}
