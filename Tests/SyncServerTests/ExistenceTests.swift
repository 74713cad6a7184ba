import StoreSQLite
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

struct ExistenceTests {
    private let person = Person.recordType

    @Test(
        "[M-12] whoever is registered while somebody deletes them stays, and a person is asked",
        arguments: [true, false]
    )
    func registered(deletedFirst: Bool) async throws {
        try await World.run { world in
            var (lin, hu) = try await world.captured()
            let deletion = lin.deletion(of: id(1), person, saw: 1)
            let lives = hu.change(id(3), to: registration(of: id(1), at: id(2), in: Town.gaoting))

            let first = try await deletedFirst ? lin.send(deletion) : hu.send(lives)
            let second = try await deletedFirst ? hu.send(lives) : lin.send(deletion)

            let record = try await world.known(id(1))
            let open = try await world.conflicts(of: id(1), openOnly: true)
            let entry = try #require(open.first)
            let areas = try await world.areas(ofEach: id(1), id(3))
            #expect(first.map(\.kind) == [.applied] && second.map(\.kind) == [.conflicted])
            #expect(record.state.isLive && record.state.fields.text(of: 1) == "王芳")
            #expect(open.count == 1 && entry.conflict.kind == .existence)
            #expect(entry.deletes(.standing) == deletedFirst)
            #expect(entry.deletes(.proposed) == !deletedFirst)
            #expect(areas == [[Town.gaoting], [Town.gaoting]])
        }
    }

    @Test("[M-16] who saw the deletion takes it back, and may edit in the same breath")
    func undeleted() async throws {
        try await World.run { world in
            var (lin, hu) = try await world.captured()
            try await lin.send(lin.deletion(of: id(1), person, saw: 1))
            let edit = hu.change(id(1), to: Person { $0.remark = "夜班" }, saw: 2)
            var undeletion = edit
            undeletion.undelete = true

            let silent = try await hu.send(edit)
            let spoken = try await hu.send(undeletion)

            let state = try await world.known(id(1)).state
            let conflicts = try await world.conflicts(of: id(1))
            #expect(silent.map(\.code) == ["record_deleted"])
            #expect(spoken.map(\.kind) == [.applied])
            #expect(state.isLive && conflicts.isEmpty)
            #expect(state.fields.text(of: 1) == "王芳" && state.fields.text(of: 17) == "夜班")
        }
    }

    @Test("[M-16] the server's own hand takes a deletion back that it was shown")
    func undeletedAtTheServer() async throws {
        try await World.run { world in
            var (lin, _) = try await world.captured()
            try await lin.send(lin.deletion(of: id(1), person, saw: 1))

            let result = try await world.service.undelete(
                id(1),
                at: Revision(rawValue: 2),
                for: world.principal(lin)
            )

            let state = try await world.known(id(1)).state
            let conflicts = try await world.conflicts(of: id(1))
            #expect(result.outcome == .applied && result.revision.rawValue == 3)
            #expect(state.isLive && conflicts.isEmpty)
        }
    }

    @Test(
        "[M-12] [M-16] who had not seen the deletion brings the record back, and a person is asked",
        arguments: [true, false]
    )
    func undeletedUnseen(byDevice: Bool) async throws {
        try await World.run { world in
            var (lin, hu) = try await world.captured()
            try await lin.send(lin.deletion(of: id(1), person, saw: 1))

            if byDevice {
                var change = hu.change(id(1), to: Person(), saw: 1)
                change.undelete = true
                try await hu.send(change)
            } else {
                let principal = try await world.principal(hu)
                let seen = Revision(rawValue: 1)
                _ = try await world.service.undelete(id(1), at: seen, for: principal)
            }

            let record = try await world.known(id(1))
            let open = try await world.conflicts(of: id(1), openOnly: true)
            #expect(record.state.isLive && record.openConflicts == 1)
            #expect(open.map(\.conflict.kind) == [.existence])
            #expect(open.map(\.standingAuthor) == ["林小梅"])
            #expect(open.map(\.proposedAuthor) == ["胡敏"])
        }
    }

    @Test(
        "[M-15] a deletion that does not say why is returned",
        arguments: [
            Change.Deletion(reason: 0, text: ""), Change.Deletion(reason: 4, text: "重复"),
            Change.Deletion(reason: 99, text: ""), Change.Deletion(reason: 99, text: " \n\t"),
        ]
    )
    func withoutReason(reason: Change.Deletion) async throws {
        try await World.run { world in
            var (lin, _) = try await world.captured()
            var change = lin.deletion(of: id(1), person, saw: 1)
            change.deletion = reason

            let outcomes = try await lin.send(change)
            let error = try await refusal {
                try await world.service.delete(
                    id(1),
                    at: Revision(rawValue: 1),
                    reason,
                    for: world.clerk
                )
            }

            let state = try await world.known(id(1)).state
            #expect(outcomes.map(\.code) == ["deletion_reason_missing"])
            #expect(error?.code == "deletion_reason_missing")
            #expect(state.isLive && state.revision.rawValue == 1)
        }
    }

    @Test("[M-15] any reason that there is will do", arguments: [1, 2, 3, 99] as [UInt32])
    func withReason(number: UInt32) async throws {
        try await World.run { world in
            var (lin, _) = try await world.captured()
            var change = lin.deletion(of: id(1), person, saw: 1)
            change.deletion = Change.Deletion(reason: number, text: "房东退租")

            let outcomes = try await lin.send(change)

            let state = try await world.known(id(1)).state
            #expect(outcomes.map(\.kind) == [.applied] && state.isDeleted)
        }
    }

    @Test(
        "[M-12] [C-03] a person chooses whether the record is there",
        arguments: [true, false],
        [Change.Resolution.Choice.standing, .proposed]
    )
    func chosen(deletedFirst: Bool, choice: Change.Resolution.Choice) async throws {
        try await World.run { world in
            var (lin, hu) = try await world.captured()
            var zhou = try await world.device(named: "周审核", areas: Town.county, role: .reviewer)
            let deletion = lin.deletion(of: id(1), person, saw: 1)
            let edit = hu.change(id(1), to: Person { $0.remark = "夜班" }, saw: 1)
            _ = try await deletedFirst ? lin.send(deletion) : hu.send(edit)
            _ = try await deletedFirst ? hu.send(edit) : lin.send(deletion)
            let open = try await world.conflicts(of: id(1), openOnly: true)
            let entry = try #require(open.first)

            let outcomes = try await zhou.send(zhou.resolution(of: entry, choice, saw: 3))

            let record = try await world.known(id(1))
            let entries = try await world.conflicts(of: id(1))
            let deletes = deletedFirst == (choice == .standing)
            #expect(outcomes.map(\.code) == [""])
            #expect(entries.map(\.state) == [.resolved] && record.openConflicts == 0)
            #expect(record.state.isDeleted == deletes)
            #expect(record.state.fields.text(of: 17) == "夜班")
        }
    }

    @Test("[M-12] a choice does not delete what a live record refers to, until that one has gone")
    func chosenInVain() async throws {
        try await World.run { world in
            var (lin, hu) = try await world.captured()
            var zhou = try await world.device(named: "周审核", areas: Town.county, role: .reviewer)
            let lives = registration(of: id(1), at: id(2), in: Town.gaoting)
            try await lin.send(lin.deletion(of: id(1), person, saw: 1))
            try await hu.send(hu.change(id(3), to: lives))
            let open = try await world.conflicts(of: id(1), openOnly: true)
            let entry = try #require(open.first)
            let delete = zhou.resolution(of: entry, .standing, saw: 3)

            let refused = try await zhou.send(delete)
            let error = try await refusal {
                try await world.service.resolve(
                    entry.id,
                    ResolveRequest(revision: Revision(rawValue: 3), choice: .standing),
                    for: world.clerk
                )
            }
            let kept = try await world.known(id(1))
            try await hu.send(hu.deletion(of: id(3), Registration.recordType, saw: 1))
            let outcomes = try await zhou.send(delete)

            let state = try await world.known(id(1)).state
            #expect(refused.map(\.code) == ["record_referred_to"])
            #expect(error?.code == "record_referred_to")
            #expect(kept.state.isLive && kept.openConflicts == 1)
            #expect(outcomes.map(\.code) == [""] && state.isDeleted)
        }
    }
}

extension World {
    /// A person and a dwelling that Lin captured, and that Hu holds, too: each at revision 1.
    fileprivate func captured() async throws -> (lin: TestDevice, hu: TestDevice) {
        var lin = try await device(named: "林小梅", areas: Town.gaoting)
        let hu = try await device(named: "胡敏", areas: Town.gaoting)
        try await lin.send(
            lin.change(id(1), to: person(in: Town.gaoting)),
            lin.change(id(2), to: dwelling(in: Town.gaoting))
        )
        return (lin, hu)
    }
}
