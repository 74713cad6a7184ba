import StoreSQLite
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

/// Changes that no honest device makes: each is returned whole, and nothing of it is done.
struct HostileChangesTests {
    /// One way to spoil a change of a record at revision 1.
    struct Spoiling: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let spoil: @Sendable (inout Change) -> Void

        init(_ description: String, _ spoil: @escaping @Sendable (inout Change) -> Void) {
            testDescription = description
            self.spoil = spoil
        }

        private static let remark = Person { $0.remark = "夜班" }.fieldMap

        static let contradictions = [
            Spoiling("a redirect that edits") {
                $0.redirect = id(2)
                $0.fields = remark
            },
            Spoiling("a deletion that edits") {
                $0.deletion = Change.Deletion(reason: 1, text: "")
                $0.fields = remark
            },
            Spoiling("a deletion that clears") {
                $0.deletion = Change.Deletion(reason: 1, text: "")
                $0.clears = [17]
            },
            Spoiling("a deletion that takes a deletion back") {
                $0.deletion = Change.Deletion(reason: 1, text: "")
                $0.undelete = true
            },
            Spoiling("a split that redirects") {
                $0.split = true
                $0.redirect = id(2)
            },
            Spoiling("a redirect that settles a conflict") {
                $0.redirect = id(2)
                $0.resolution = Change.Resolution(conflict: 1, choice: .proposed)
            },
            Spoiling("a choice that takes a deletion back") {
                $0.undelete = true
                $0.resolution = Change.Resolution(conflict: 1, choice: .proposed)
            },
        ]

        static let pretences = [
            Spoiling("for somebody at the server") {
                $0.fields = remark
                $0.principal = Change.Principal(device: nil, name: "运维")
            },
            Spoiling("as an erasure by law") { $0.erasure = "法院裁定" },
        ]

        static let foreignBases = [
            Spoiling("a revision to come") {
                $0.fields = remark
                $0.base.revision = Revision(rawValue: 7)
            },
            Spoiling("an epoch to come") {
                $0.fields = remark
                $0.base.epoch = Epoch(rawValue: $0.base.epoch.rawValue + 1)
            },
            Spoiling("a field's revision to come") {
                $0.fields = remark
                $0.fieldBases[17] = Base(epoch: $0.base.epoch, revision: Revision(rawValue: 2))
            },
            Spoiling("the last revision that a number can name") {
                $0.deletion = Change.Deletion(reason: 1, text: "")
                $0.base.revision = Revision(rawValue: .max)
            },
        ]
    }

    @Test("[V-07] two acts, or an act that edits, contradict", arguments: Spoiling.contradictions)
    func contradictory(spoiling: Spoiling) async throws {
        try await expect("change_contradictory", of: spoiling)
    }

    @Test("[V-07] a device speaks for nobody else", arguments: Spoiling.pretences)
    func pretended(spoiling: Spoiling) async throws {
        try await expect("role_forbidden", of: spoiling)
    }

    @Test("[V-07] a change builds on what the server gave", arguments: Spoiling.foreignBases)
    func unfounded(spoiling: Spoiling) async throws {
        try await expect("base_unknown", of: spoiling)
    }

    private func expect(_ code: String, of spoiling: Spoiling) async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            try await lin.send(
                lin.change(id(1), to: person(in: Town.gaoting)),
                lin.change(id(2), to: person(in: Town.gaoting))
            )
            let before = [try await world.known(id(1)), try await world.known(id(2))]
            var change = lin.change(id(1), to: Person(), saw: 1)
            spoiling.spoil(&change)

            let outcomes = try await lin.send(change)

            let after = [try await world.known(id(1)), try await world.known(id(2))]
            let returned = try await world.returned()
            #expect(outcomes.map(\.code) == [code])
            #expect(after == before)
            #expect(returned.map(\.change.payload) == [change.payload])
        }
    }

    @Test("[V-07] an older grant than one before it is named by nobody honest")
    func olderGrant() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting, Town.dongsha)
            try await world.assign(lin.id, areas: Town.gaoting)
            func capture(_ number: UInt8, in town: String, under grant: UInt64) -> [UInt8] {
                var change = lin.change(id(number), to: dwelling(in: town))
                change.grant = grant
                return change.payload
            }
            let captures = [
                capture(1, in: Town.dongsha, under: 1), capture(2, in: Town.gaoting, under: 2),
                capture(3, in: Town.dongsha, under: 1), capture(4, in: Town.dongsha, under: 2),
                capture(5, in: Town.dongsha, under: 1),
            ]
            lin.number(captures)

            let outcomes = try await lin.resend(1...4).outcomes
            let later = try await lin.resend(5...5).outcomes

            #expect(outcomes.map(\.code) == ["", "", "grant_outdated", "outside_areas"])
            #expect(later.map(\.code) == ["grant_outdated"])
        }
    }

    @Test("[T-02] a clock at either end of time breaks nothing", arguments: [Int64.min, .max])
    func clock(time: Int64) async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var capture = lin.change(id(1), to: person(in: Town.gaoting))
            capture.observedAt = time
            lin.number([capture.payload])
            var request = lin.request(1...1)
            request.deviceTime = time

            let arrived = try SyncRequest(request.encoded, as: .protobuf)
            let answer = try await world.service.sync(arrived, from: lin.id)
            let deleted = try await world.service.delete(
                id(1),
                at: Revision(rawValue: 1),
                Change.Deletion(reason: 1, text: ""),
                for: world.clerk
            )

            #expect(answer.outcomes.map(\.kind) == [.applied])
            #expect(deleted.outcome == .applied)
        }
    }

    @Test("[W-06] what is too large is returned, and the rest of its batch is dealt with")
    func tooLarge() async throws {
        var limits = Limits()
        limits.changeBytes = 4_000
        limits.recordBytes = 500
        try await World.run(limits: limits) { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            let long = String(repeating: "长", count: 100)
            var many = lin.change(id(1), to: Person(), saw: 1)
            many.clears = Array(100...1_100)

            let outcomes = try await lin.send(
                lin.change(id(1), to: person(in: Town.gaoting)),
                lin.change(id(1), to: Person { $0.remark = long + long }, saw: 1),
                lin.change(id(1), to: Person { $0.remark = long }, saw: 1),
                lin.change(id(1), to: Person { $0.originAddress = long }, saw: 2),
                lin.change(id(1), to: Person { $0.remark = String(repeating: long, count: 20) }),
                many,
                lin.change(id(2), to: dwelling(in: Town.gaoting))
            )

            let large = "record_too_large"
            let state = try await world.known(id(1)).state
            #expect(outcomes.map(\.code) == ["", large, "", large, large, large, ""])
            #expect(state.fields.text(of: 17) == long && state.revision.rawValue == 2)
        }
    }

    @Test("[V-05] a change settles nothing returned of another record or to another device")
    func mendsOfOthers() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            try await lin.send(
                lin.change(id(1), to: person(in: Town.gaoting)),
                lin.change(id(2), to: person(in: Town.gaoting)),
                lin.change(id(2), to: Person { $0.birthDate = 2026 }, saw: 1),
                lin.change(id(3), to: Person { $0.remark = "没有姓名" })
            )
            func mending(_ device: TestDevice, _ record: RecordID) -> Change {
                var change = device.change(record, to: Person { $0.remark = "夜班" }, saw: 1)
                change.mends = [3, 4].map { SequenceNumber(rawValue: $0) }
                return change
            }

            let byOther = try await hu.send(mending(hu, id(2)))
            let untouched = try await world.returned().map(\.change.sequence.rawValue)
            let ofOther = try await lin.send(mending(lin, id(1)))
            let left = try await world.returned().map(\.change.sequence.rawValue)

            #expect(byOther.map(\.code) == [""] && ofOther.map(\.code) == [""])
            #expect(untouched == [3, 4])
            // Of a record that was never made it may be the mend, under the right number.
            #expect(left == [3])
        }
    }

    @Test("[V-01] what a record must have is not cleared, also beside somebody else's edit")
    func clearedRequired() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: dwelling(in: Town.gaoting)))
            try await lin.send(lin.change(id(1), to: Dwelling { $0.remark = "二楼" }, saw: 1))
            var clearing = hu.change(id(1), to: Dwelling { $0.village = "东海村" }, saw: 1)
            clearing.clears = [1, 2]
            // The group in part: what it leaves out would lose its value [M-01].
            let partial = hu.change(id(1), to: Dwelling { $0.village = "东海村" }, saw: 1)

            let outcomes = try await hu.send(clearing, partial)

            let state = try await world.known(id(1)).state
            let areas = try await world.areas(of: id(1))
            #expect(outcomes.map(\.code) == ["address_missing", "address_missing"])
            #expect(state.fields.text(of: 1) == "人民路1号" && areas == [Town.gaoting])
        }
    }

    @Test("[V-03] [R-03] a reviewer of elsewhere settles nothing here, and tells nothing apart")
    func reviewerOfElsewhere() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            var wu = try await world.device(named: "外区", areas: Town.caiyuan, role: .reviewer)
            try await lin.send(
                lin.change(id(1), to: person(in: Town.gaoting)),
                lin.change(id(2), to: person(in: Town.gaoting)),
                lin.redirect(id(1), to: id(2), saw: 1)
            )
            try await hu.send(hu.change(id(1), to: person(in: Town.gaoting)))
            let asked = try await world.conflicts(of: id(2), openOnly: true)
            let entry = try #require(asked.first)
            let now = try await world.known(id(2)).state.revision.rawValue

            let outcomes = try await wu.send(
                wu.resolution(of: entry, .standing, saw: now),
                wu.resolution(of: entry, .proposed, saw: now)
            )

            let open = try await world.conflicts(of: id(2), openOnly: true)
            let redirect = try await world.known(id(1)).state.redirect
            #expect(entry.conflict.kind == .redirect)
            #expect(outcomes.map(\.code) == ["outside_areas", "outside_areas"])
            #expect(open.map(\.id) == [entry.id] && redirect == id(2))
        }
    }

    @Test("[C-03] a choice that says something else than its side is refused")
    func otherThanItsSide() async throws {
        try await World.run { world in
            let dispute = try await Dispute(in: world)
            var zhou = try await world.device(named: "周审核", areas: Town.county, role: .reviewer)
            func choice(_ choice: Change.Resolution.Choice, _ said: Person) -> Change {
                var change = zhou.resolution(of: dispute.entry, choice, saw: 3)
                change.fields = said.fieldMap
                return change
            }
            func both(_ name: String) -> Person {
                Person {
                    $0.name = name
                    $0.remark = "夜班"
                }
            }

            let outcomes = try await zhou.send(
                choice(.standing, Person { $0.name = "王舫" }),
                choice(.standing, both("王方")),
                choice(.proposed, Person { $0.name = "王方" }),
                choice(.other, Person { $0.remark = "夜班" })
            )

            let open = try await world.conflicts(of: id(1), openOnly: true)
            let state = try await world.known(id(1)).state
            #expect(
                outcomes.map(\.code) == [
                    "conflict_outdated", "conflict_outdated", "conflict_outdated", "value_missing",
                ]
            )
            #expect(open.map(\.id) == [dispute.entry.id])
            #expect(state.revision.rawValue == 3 && state.fields[17] == nil)
        }
    }

    @Test(
        "[C-03] [V-07] a choice between two values deletes nothing on the way",
        arguments: Change.Resolution.Choice.allCases
    )
    func choiceThatDeletes(choice: Change.Resolution.Choice) async throws {
        try await World.run { world in
            let dispute = try await Dispute(in: world)
            var zhou = try await world.device(named: "周审核", areas: Town.county, role: .reviewer)
            let sides = dispute.entry.conflict
            var change = zhou.resolution(of: dispute.entry, choice, saw: 3)
            change.fields = choice == .standing ? sides.standing.values : sides.proposed.values
            change.deletion = Change.Deletion(reason: 1, text: "")

            let outcomes = try await zhou.send(change)

            let record = try await world.known(id(1))
            #expect(outcomes.map(\.kind) == [.quarantined])
            #expect(!record.state.isDeleted && record.openConflicts == 1)
        }
    }
}
