import StoreSQLite
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

struct HistoryTests {
    @Test("[H-01] each accepted change is a step: who, when, and each field before and after")
    func steps() async throws {
        try await World.run { world in
            var (lin, hu) = try await world.two()
            let noon = world.clock.now
            try await lin.send(
                lin.change(id(1), to: person("王芳", in: Town.gaoting)),
                lin.change(id(1), to: Person { $0.birthDate = 2026 }, saw: 1)
            )
            world.clock.advance(by: 60_000)
            var edit = hu.change(id(1), to: Person { $0.name = "王方" }, saw: 1)
            edit.observedAt = noon + 30_000
            edit.uncertainty = 40
            try await hu.send(edit)
            var deletion = lin.deletion(of: id(1), Person.recordType, saw: 2)
            deletion.deletion = Change.Deletion(reason: 99, text: "重复登记")
            try await lin.send(deletion)

            let history = try await world.service.history(of: id(1), for: world.clerk)

            let steps = history.steps
            #expect(history.then == nil && history.type.name == "Person")
            // What was returned is no step.
            #expect(steps.map(\.act) == [.capture, .edit, .deletion])
            #expect(steps.map(\.author) == ["林小梅", "胡敏", "林小梅"])
            #expect(steps.map(\.device) == [lin.id, hu.id, lin.id])
            #expect(steps.map(\.sequence.rawValue) == [1, 1, 3])
            #expect(steps.map(\.revision.rawValue) == [1, 2, 3])
            #expect(steps.map(\.observedAt) == [noon, noon + 30_000, noon + 60_000])
            #expect(steps.map(\.receivedAt) == [noon, noon + 60_000, noon + 60_000])
            #expect(steps.map(\.uncertainty) == [0, 40, 0])
            #expect(steps.map(\.fields) == [[1, 2, 3, 4, 15], [1], []])
            #expect(steps.map { $0.before.text(of: 1) } == [nil, "王芳", nil])
            #expect(steps.map { $0.after.text(of: 1) } == ["王芳", "王方", nil])
            #expect(steps.map(\.reason) == ["", "", "重复登记"])
        }
    }

    @Test("[H-01] what was proposed and did not stand is told, too, and what a person chose")
    func proposed() async throws {
        try await World.run { world in
            let dispute = try await Dispute(in: world)
            let zhou = try await world.reviewer(named: "周审核")
            let seen = Revision(rawValue: 3)
            _ = try await world.service.resolve(
                dispute.entry.id,
                ResolveRequest(revision: seen, choice: .proposed, reason: "看过证件"),
                for: zhou
            )

            let steps = try await world.service.history(of: id(1), for: world.clerk).steps

            #expect(steps.map(\.act) == [.capture, .edit, .edit, .resolution])
            #expect(steps.map(\.outcome) == [.applied, .applied, .conflicted, .applied])
            #expect(steps[2].fields.isEmpty && steps[2].proposed.text(of: 1) == "王房")
            #expect(steps[3].author == "周审核" && steps[3].reason == "看过证件")
            #expect(steps[3].before.text(of: 1) == "王方" && steps[3].after.text(of: 1) == "王房")
        }
    }

    @Test("[H-02] a record is read as it was at any revision and at any instant")
    func moments() async throws {
        try await World.run { world in
            var (lin, _) = try await world.two()
            let noon = world.clock.now
            try await lin.send(lin.change(id(1), to: person("王芳", in: Town.gaoting)))
            world.clock.advance(by: 3_600_000)
            try await lin.send(lin.change(id(1), to: Person { $0.name = "王方" }, saw: 1))
            world.clock.advance(by: 3_600_000)
            try await lin.send(lin.deletion(of: id(1), Person.recordType, saw: 2))
            func then(_ moment: HistoryMoment?) async throws -> RecordState? {
                try await world.service.history(of: id(1), at: moment, for: world.clerk).then
            }

            var names: [String?] = []
            for moment: HistoryMoment in [
                .instant(noon - 1), .instant(noon), .instant(noon + 3_599_999),
                .instant(noon + 3_600_000), .revision(Revision(rawValue: 1)),
                .revision(Revision(rawValue: 2)),
            ] {
                names.append(try await then(moment)?.fields.text(of: 1))
            }
            let last = try await then(HistoryMoment("3"))
            let written = try await then(HistoryMoment("2026-01-01T13:30:00Z"))

            #expect(names == [nil, "王芳", "王芳", "王方", "王芳", "王方"])
            #expect(last?.isDeleted == true && last?.revision.rawValue == 3)
            #expect(written?.isDeleted == false && written?.revision.rawValue == 2)
            #expect(HistoryMoment("昨天") == nil)
        }
    }

    @Test("[H-01] [R-02] what came by way of another record names that one")
    func via() async throws {
        try await World.run { world in
            var (lin, hu) = try await world.two()
            var wrong = person(in: Town.gaoting)
            wrong.remark = "夜班"
            try await lin.send(lin.change(id(2), to: person(in: Town.gaoting)))
            try await hu.send(hu.change(id(1), to: wrong))
            try await lin.send(lin.redirect(id(1), to: id(2), saw: 1))
            try await hu.send(hu.change(id(1), to: Person { $0.remark = "白班" }, saw: 1))
            try await lin.send(lin.split(id(1), saw: 3))

            let to = try await world.service.history(of: id(2), for: world.clerk).steps
            let from = try await world.service.history(of: id(1), for: world.clerk).steps

            #expect(to.map(\.act) == [.capture, .reidentification, .edit, .split])
            #expect(to.map(\.via) == [nil, id(1), id(1), id(1)])
            #expect(to.map(\.author) == ["林小梅", "林小梅", "胡敏", "林小梅"])
            #expect(to.dropFirst().map(\.fields) == [[17], [17], [17]])
            #expect(to.map { $0.before.text(of: 17) } == [nil, nil, "夜班", "白班"])
            #expect(to.map { $0.after.text(of: 17) } == [nil, "夜班", "白班", nil])
            #expect(from.map(\.act) == [.capture, .reidentification, .edit, .split])
            #expect(from.allSatisfy { $0.via == nil })
        }
    }

    @Test("[H-02] [E-01] after an erasure no earlier moment is told, only what came since")
    func erased() async throws {
        try await World.run { world in
            var (lin, hu) = try await world.two()
            try await lin.send(lin.change(id(1), to: person("王芳", in: Town.gaoting)))
            try await lin.send(lin.change(id(1), to: Person { $0.remark = "夜班" }, saw: 1))
            _ = try await world.service.erase(id(1), reason: "法院裁定", for: world.clerk)
            try await hu.send(hu.change(id(1), to: person("王方", in: Town.gaoting)))

            var told: [RecordState?] = []
            for number: UInt64 in 1...4 {
                let moment = HistoryMoment.revision(Revision(rawValue: number))
                let history = try await world.service.history(
                    of: id(1),
                    at: moment,
                    for: world.clerk
                )
                told.append(history.then)
            }

            #expect(told[0] == nil && told[1] == nil)
            #expect(told[2]?.isDeleted == true && told[2]?.fields.isEmpty == true)
            #expect(told[3]?.isDeleted == false && told[3]?.fields.text(of: 1) == "王方")
        }
    }

    @Test("[H-03] every chain verifies, the server's own and that of a silent device included")
    func intact() async throws {
        try await World.run { world in
            var (lin, hu) = try await world.two()
            try await lin.send(
                lin.change(id(1), to: person(in: Town.gaoting)),
                lin.change(id(2), to: Person { $0.remark = "没有姓名" })
            )
            lin.number([[0xFF]])
            try await lin.resend(3...3)
            try await hu.send(hu.change(id(1), to: Person { $0.remark = "夜班" }, saw: 1))
            _ = try await world.device(named: "陈建国", areas: Town.gaoting)
            let deletion = Change.Deletion(reason: 3, text: "")
            let seen = Revision(rawValue: 2)
            _ = try await world.service.delete(id(1), at: seen, deletion, for: world.clerk)

            let report = try await world.service.auditChains(for: world.clerk)

            #expect(report.devices == 4 && report.changes == 5)
            #expect(report.redacted == 0 && report.breaks.isEmpty)
        }
    }

    /// What somebody did to three changes behind the service's back.
    struct Tampering: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: String
        let sequence: UInt64
        let tamper: @Sendable (inout StoredDevice, inout [StoredChange]) -> Void

        static let all = [
            Tampering(
                testDescription: "another payload",
                code: "payload_altered",
                sequence: 2,
                tamper: { $1[1].payload[0] ^= 1 }
            ),
            Tampering(
                testDescription: "another payload under its own hash",
                code: "head_differs",
                sequence: 3,
                tamper: {
                    $1[1].payload[0] ^= 1
                    $1[1].hash = Chain.hash(of: $1[1].payload)
                }
            ),
            Tampering(
                testDescription: "a change taken out",
                code: "change_missing",
                sequence: 2,
                tamper: { $1.remove(at: 1) }
            ),
            Tampering(
                testDescription: "the last change taken out",
                code: "change_missing",
                sequence: 3,
                tamper: { $1.removeLast() }
            ),
            Tampering(
                testDescription: "another head",
                code: "head_differs",
                sequence: 3,
                tamper: { device, _ in device.chain[0] ^= 1 }
            ),
            Tampering(
                testDescription: "the mark put back",
                code: "head_differs",
                sequence: 2,
                tamper: { device, _ in device.highWater = SequenceNumber(rawValue: 2) }
            ),
            Tampering(
                testDescription: "a hole without an end",
                code: "change_missing",
                sequence: 4,
                tamper: { device, _ in
                    let most = SequenceNumber(rawValue: UInt64(Int64.max))
                    device.highWater = most
                    device.holes = [
                        Hole(first: SequenceNumber(rawValue: 4), last: most, chain: device.chain)
                    ]
                }
            ),
            Tampering(
                testDescription: "a hole that ends before it begins",
                code: "head_differs",
                sequence: 3,
                tamper: { device, _ in
                    let (first, last) = (SequenceNumber(rawValue: 3), SequenceNumber(rawValue: 1))
                    device.holes = [Hole(first: first, last: last, chain: device.chain)]
                    device.chain[0] ^= 1
                }
            ),
        ]
    }

    @Test("[H-03] the first break of a chain is named", arguments: Tampering.all)
    func broken(tampering: Tampering) async throws {
        try await World.run { world in
            var (lin, _) = try await world.two()
            try await lin.send(lin.change(id(1), to: person(in: Town.gaoting)))
            let forged = try await world.keep(tampering.tamper)

            let report = try await world.service.auditChains(for: world.clerk)

            #expect(report.devices == 3)
            #expect(report.breaks.map(\.device) == [forged])
            #expect(report.breaks.map(\.name) == ["旧手机"])
            #expect(report.breaks.map(\.code) == [tampering.code])
            #expect(report.breaks.map(\.sequence.rawValue) == [tampering.sequence])
        }
    }
}

extension World {
    fileprivate func two() async throws -> (TestDevice, TestDevice) {
        (
            try await device(named: "林小梅", areas: Town.gaoting),
            try await device(named: "胡敏", areas: Town.gaoting)
        )
    }

    /// Keeps a device with three changes, past the service, once something was done to them.
    fileprivate func keep(
        _ tamper: (inout StoredDevice, inout [StoredChange]) -> Void
    ) async throws -> DeviceID {
        let key = SigningKey().publicKey
        var device = StoredDevice(
            id: key.deviceID,
            publicKey: key.bytes,
            name: "旧手机",
            grants: [Grant(number: 1, areas: [area(Town.gaoting)])],
            chain: Chain.start,
            enrolledAt: clock.now,
            software: "test/1"
        )
        var changes: [StoredChange] = []
        for number: UInt8 in 1...3 {
            let change = Change(
                record: id(number),
                type: Person.recordType.number,
                base: .none,
                observedAt: clock.now
            )
            device.highWater = SequenceNumber(rawValue: UInt64(number))
            let stored = StoredChange(
                device: device.id,
                sequence: device.highWater,
                record: nil,
                payload: change.payload,
                hash: Chain.hash(of: change.payload),
                outcome: Outcome(sequence: device.highWater, kind: .applied),
                receivedAt: clock.now,
                epoch: epoch
            )
            device.chain = Chain.head(after: device.chain, hash: stored.hash)
            changes.append(stored)
        }
        tamper(&device, &changes)
        let (kept, written) = (device, changes)
        try await store.write { transaction in
            try transaction.save(kept)
            for change in written { try transaction.append(change, effects: []) }
        }
        return kept.id
    }
}
