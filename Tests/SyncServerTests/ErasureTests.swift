import StoreSQLite
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

struct ErasureTests {
    /// What must not be found any more.
    private let secret = "欧阳若兰"
    private let reason = "法院裁定〔2026〕17号"

    @Test("[E-01] nothing of what was said stays; who, when, what kind of act and why do")
    func redacted() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            var lives = registration(of: id(1), at: id(2), in: Town.gaoting)
            lives.remark = secret
            var neverMade = lives
            neverMade.reportedOn = 2026
            func born(in year: Int32) -> Person {
                Person {
                    $0.birthDate = year
                    $0.remark = secret
                }
            }
            try await lin.send(
                lin.change(id(1), to: person(secret, in: Town.gaoting)),
                lin.change(id(2), to: dwelling(in: Town.gaoting)),
                lin.change(id(3), to: lives),
                lin.change(id(1), to: Person { $0.remark = secret }, saw: 1)
            )
            try await hu.send(
                hu.change(id(1), to: person(secret + "兰", in: Town.gaoting)),
                hu.change(id(1), to: Person { $0.remark = "夜班" }, saw: 2)
            )
            try await lin.send(
                lin.change(id(1), to: born(in: 2026), saw: 4),
                lin.change(id(1), to: born(in: 2027), saw: 4),
                lin.change(id(4), to: neverMade)
            )
            let returned = try await world.returned().map(\.id)
            let zhou = try await world.reviewer(named: "周审核")
            try await world.service.discard(returned[1], reason: secret + "否认", for: zhou)
            let before = try await world.places(of: secret)
            let hashes = try await world.hashes(of: lin.id)

            let report = try await world.service.erase(id(1), reason: reason, for: world.clerk)

            let after = try await world.places(of: secret)
            let steps = try await world.service.history(of: id(1), for: world.clerk).steps
            let audit = try await world.service.auditChains(for: world.clerk)
            let left = try await world.hashes(of: lin.id)
            #expect(returned.count == 3)
            #expect(before == ["record", "conflict", "undo", "payload", "settlement"])
            #expect(after.isEmpty)
            #expect(report.records == [id(1), id(3)])
            #expect(steps.map(\.author) == ["林小梅", "林小梅", "胡敏", "胡敏", "运维"])
            #expect(steps.last?.act == .erasure && steps.last?.reason == reason)
            #expect(steps.allSatisfy { $0.before.isEmpty && $0.after.isEmpty })
            #expect(steps.allSatisfy { $0.proposed.isEmpty })
            #expect(audit.breaks.isEmpty && audit.changes == 11 && audit.redacted == 8)
            #expect(left == hashes)
        }
    }

    @Test(
        "[E-01] what was once taken into another record, and on from there, is found there",
        arguments: [false, true]
    )
    func splitOff(fromChain: Bool) async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            var chen = try await world.device(named: "陈建国", areas: Town.gaoting)
            var wrong = person(secret, in: Town.gaoting)
            wrong.remark = secret
            try await hu.send(hu.change(id(1), to: wrong))
            try await lin.send(
                lin.change(id(2), to: person("王方", in: Town.gaoting)),
                lin.change(id(3), to: person("王方", in: Town.gaoting))
            )
            try await chen.send(chen.redirect(id(1), to: id(2), saw: 1))
            let seen = try await world.known(id(2)).state.revision.rawValue
            let taken = try await world.known(id(2)).state.fields.text(of: 17)
            try await chen.send(chen.change(id(2), to: Person { $0.remark = "夜班" }, saw: seen))
            if fromChain { try await chen.send(chen.redirect(id(2), to: id(3), saw: seen)) }
            let edit = Person { $0.name = secret + "兰" }
            try await hu.send(hu.change(id(1), to: edit, saw: 1))
            try await chen.send(chen.split(id(1), saw: 3))

            let report = try await world.service.erase(id(1), reason: reason, for: world.clerk)

            let after = try await world.places(of: secret)
            let other = try await world.known(id(2)).state
            #expect(taken == secret)
            #expect(report.records == [id(1)])
            #expect(after.isEmpty)
            #expect(!other.isErased && other.fields.text(of: 1) == "王方")
            #expect(other.fields.text(of: 17) == "夜班")
        }
    }

    @Test("[E-01] what points to a record goes with it, and what refers to either")
    func together() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            try await lin.send(
                lin.change(id(1), to: person(secret, in: Town.gaoting)),
                lin.change(id(2), to: person(secret, in: Town.gaoting)),
                lin.change(id(3), to: dwelling(in: Town.gaoting)),
                lin.change(id(4), to: registration(of: id(1), at: id(3), in: Town.gaoting)),
                lin.change(id(5), to: employment(of: id(2)))
            )
            try await lin.send(lin.redirect(id(1), to: id(2), saw: 1))

            let report = try await world.service.erase(id(2), reason: reason, for: world.clerk)

            let after = try await world.places(of: secret)
            let home = try await world.known(id(3)).state
            #expect(report.records.first == id(2))
            #expect(Set(report.records) == [id(1), id(2), id(4), id(5)])
            #expect(after.isEmpty && home.isLive)
        }
    }

    @Test("[E-02] every area in which the record ever stood hears of it, and of nothing else")
    func travels() async throws {
        try await World.run { world in
            var chen = try await world.device(named: "陈建国", areas: Town.county)
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.dongsha)
            try await chen.send(
                chen.change(id(1), to: person(secret, in: Town.gaoting, Town.dongsha))
            )
            try await lin.read()
            try await chen.send(
                chen.change(id(2), to: dwelling(in: Town.dongsha)),
                chen.change(id(3), to: registration(of: id(1), at: id(2), in: Town.dongsha))
            )
            let departed = try await lin.read().flatMap(\.departures)
            try await hu.read()
            _ = try await world.service.erase(id(1), reason: reason, for: world.clerk)

            let left = try await lin.read().flatMap(\.records)
            let stayed = try await hu.read().flatMap(\.records)

            let (words, texts) = (Array(secret.utf8), left + stayed)
            #expect(departed == [id(1)])
            #expect(left.map(\.id) == [id(1)])
            #expect(Set(stayed.filter(\.isErased).map(\.id)) == [id(1), id(3)])
            #expect(left.allSatisfy { $0.isErased && $0.isDeleted && $0.message.isEmpty })
            #expect(texts.allSatisfy { !$0.encoded.holds(words) })
            #expect(lin.heldRecords.isEmpty && hu.heldRecords == [id(2)])
        }
    }

    /// An edit by somebody who has not heard of the erasure.
    enum LateEdit: String, CaseIterable, Sendable {
        case whole, ofMalformedField, ofUnknownType
        case underOlderGrant, tooLarge, withMalformedAct

        /// Its bytes, which hold a text.
        func payload(by device: TestDevice, saying text: String) -> [UInt8] {
            var change = device.change(id(1), to: person(text, in: Town.gaoting), saw: 1)
            switch self {
            case .whole: break
            case .ofMalformedField: change.fields = change.fields.setting(text: text, of: 5)
            case .ofUnknownType: change.type = 99
            case .underOlderGrant: change.grant = 1
            case .tooLarge:
                change.fields = change.fields.setting(
                    text: String(repeating: text, count: 200),
                    of: 17
                )
            // A choice that names no side.
            case .withMalformedAct: return change.payload + [0x7A, 0x00]
            }
            return change.payload
        }
    }

    @Test("[E-02] a later edit is refused and not kept, in any shape", arguments: LateEdit.allCases)
    func laterEdit(edit: LateEdit) async throws {
        var limits = Limits()
        limits.changeBytes = 2_000
        try await World.run(limits: limits) { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: person(secret, in: Town.gaoting)))
            try await world.assign(hu.id, areas: Town.gaoting)
            hu.grant = 2
            try await hu.send(hu.change(id(2), to: dwelling(in: Town.gaoting)))
            _ = try await world.service.erase(id(1), reason: reason, for: world.clerk)
            let payload = edit.payload(by: hu, saying: secret)
            hu.number([payload])

            let first = try await hu.resend(2...2).outcomes
            let again = try await hu.resend(2...2).outcomes

            let after = try await world.places(of: secret)
            let hashes = try await world.hashes(of: hu.id)
            let audit = try await world.service.auditChains(for: world.clerk)
            let isRead = edit != .withMalformedAct
            #expect(first.map(\.kind) == [.quarantined] && again == first)
            #expect(!isRead || first.map(\.code) == ["record_erased"])
            #expect(after.isEmpty)
            #expect(hashes.last == Chain.hash(of: payload) && audit.breaks.isEmpty)
            let returned = try await world.returned()
            #expect(!isRead || returned.isEmpty)
        }
    }

    @Test("[E-02] captured again, the person begins anew, is reviewed, and may be erased again")
    func anew() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.gaoting)
            var first = person("王芳", in: Town.gaoting)
            first.remark = "夜班"
            try await lin.send(lin.change(id(1), to: first))
            _ = try await world.service.erase(id(1), reason: reason, for: world.clerk)

            let outcomes = try await hu.send(
                hu.change(id(1), to: person(secret, in: Town.gaoting))
            )

            let state = try await world.known(id(1)).state
            let open = try await world.conflicts(of: id(1), openOnly: true)
            #expect(outcomes.map(\.kind) == [.conflicted])
            #expect(state.isLive && !state.isErased)
            #expect(state.fields.text(of: 1) == secret && state.fields[17] == nil)
            #expect(open.map(\.conflict.kind) == [.existence])
            #expect(open.map(\.standingAuthor) == ["运维"])
            #expect(open.map(\.proposedAuthor) == ["胡敏"])
            let again = try await world.service.erase(id(1), reason: reason, for: world.clerk)
            let after = try await world.places(of: secret)
            #expect(again.records == [id(1)] && after.isEmpty)
        }
    }

    @Test("[E-01] [A-05] an operator erases, and nobody else", arguments: Role.allCases)
    func forbidden(role: Role) async throws {
        try await World.run { world in
            var device = try await world.device(named: "设备", areas: Town.county, role: role)
            try await device.send(device.change(id(1), to: dwelling(in: Town.gaoting)))
            let principal = try await world.principal(device)

            let error = try await refusal {
                try await world.service.erase(id(1), reason: reason, for: principal)
            }

            let state = try await world.known(id(1)).state
            let code: SyncError.Code? = role == .operator ? nil : "role_forbidden"
            #expect(error?.code == code)
            #expect(state.isErased == (role == .operator))
        }
    }

    @Test("[E-01] an erasure says why, of a record that is there, and once")
    func refused() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: dwelling(in: Town.gaoting)))
            func erase(_ id: RecordID, _ reason: String) async throws -> SyncError? {
                try await refusal {
                    try await world.service.erase(id, reason: reason, for: world.clerk)
                }
            }

            let silent = try await erase(id(1), " \n")
            let unknown = try await erase(id(2), reason)
            let first = try await erase(id(1), reason)
            let second = try await erase(id(1), reason)

            #expect(silent?.code == "reason_missing" && unknown?.code == "record_not_found")
            #expect(first == nil && second?.code == "erased_already")
        }
    }
}

extension World {
    /// In what kinds of things the store still holds a text.
    fileprivate func places(of text: String) async throws -> Set<String> {
        let words = Array(text.utf8)
        return try await store.read { transaction in
            var found: Set<String> = []
            func look(in place: String, _ bytes: [UInt8]) {
                if bytes.holds(words) { found.insert(place) }
            }
            for record in try transaction.records(ofType: nil, after: nil, limit: 10_000) {
                look(in: "record", record.state.encoded + (record.own?.encoded ?? []))
                for entry in try transaction.conflicts(about: record.state.id) {
                    look(in: "conflict", entry.encoded)
                }
                for step in try transaction.steps(of: record.state.id) {
                    look(in: "undo", step.undo)
                }
            }
            for device in try transaction.devices() where device.highWater > .none {
                let numbers = SequenceNumber(rawValue: 1)...device.highWater
                for change in try transaction.changes(of: device.id, in: numbers) {
                    look(in: "payload", change.payload + Array(change.outcome.message.utf8))
                    look(in: "undo", change.undo)
                }
                for settlement in try transaction.settlements(of: device.id, after: 0) {
                    look(in: "settlement", Array(settlement.reason.utf8))
                }
            }
            return found
        }
    }

    /// The hashes of all that a device has sent.
    fileprivate func hashes(of device: DeviceID) async throws -> [[UInt8]] {
        let numbers = SequenceNumber(rawValue: 1)...SequenceNumber(rawValue: 1_000)
        return try await store.read { try $0.changes(of: device, in: numbers).map(\.hash) }
    }
}

extension Array where Element == UInt8 {
    fileprivate func holds(_ words: [UInt8]) -> Bool {
        guard words.count <= count else { return false }
        return (0...count - words.count).contains { self[$0..<$0 + words.count] == words[...] }
    }
}
