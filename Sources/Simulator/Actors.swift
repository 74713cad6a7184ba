internal import Chance
internal import SyncClient
internal import SyncProtocol

/// What people do with a handheld, drawn by chance.
struct Actor {
    let device: SimulatedDevice
    /// The townships that they work in, as far as they know.
    let areas: [AreaCode]

    /// What was done: in words, to which record, and what it was made to say.
    struct Deed {
        var words: String
        var record: RecordID?
        var said: FieldMap?
    }

    private var client: ResidenceClient { device.client }

    /// One thing that somebody does; throws what keeps them from it.
    func act(_ random: inout SplitMix64) async throws -> Deed {
        switch device.role {
        case .reviewer where random.happens(oneIn: 2): try await resolve(&random)
        case .department: try await contribute(&random)
        default: try await work(&random)
        }
    }

    /// Something said of what is there already: no new record, whose id would tell the time.
    func amend(_ random: inout SplitMix64) async throws -> Deed {
        let hasStays = try await device.store.read {
            try $0.counts()[Registration.recordType.number] ?? 0 > 0
        }
        switch random.below(4) {
        case 0 where hasStays: return try await editStay(&random)
        case 1 where hasStays: return try await delete(&random)
        default: return try await editPerson(&random)
        }
    }

    private func work(_ random: inout SplitMix64) async throws -> Deed {
        switch random.below(25) {
        case 0...3: try await capturePerson(&random)
        case 4...7: try await captureHome(&random)
        case 8...14: try await editPerson(&random)
        case 15...17: try await editStay(&random)
        case 18: try await moveHome(&random)
        case 19: try await delete(&random)
        case 20 where random.happens(oneIn: 2): try await tellApart(&random)
        case 20: try await takeBack(&random)
        case 21: try await reidentify(&random)
        case 22: try await mend(&random)
        case 23: try await visit(&random)
        default: try await editHome(&random)
        }
    }

    private func town(_ random: inout SplitMix64) -> AreaCode {
        areas[random.below(areas.count)]
    }

    private func pick(
        _ type: RecordType,
        _ random: inout SplitMix64
    ) async throws -> LocalRecord? {
        let drawn = random.next()
        return try await device.store.read { transaction in
            let count = try transaction.counts()[type.number] ?? 0
            guard count > 0 else { return nil }
            let offset = Int(drawn % UInt64(count))
            return try transaction.records(ofType: type.number, in: nil, offset: offset, limit: 1)
                .first
        }
    }

    private static let names = ["张三", "张山", "章三", "李四", "王芳", "赵敏"]
    private static let remarks = ["", "在家", "外出", "已搬走", "夜班", "周末在家"]

    private func capturePerson(_ random: inout SplitMix64) async throws -> Deed {
        let name = Self.names[random.below(Self.names.count)]
        let number = "E\(10_000_000 + random.below(40))"
        let town = town(&random)
        let phone = "1380000\(1000 + random.below(6))"
        // A newer program knows a field that nobody else here does [I12].
        let isNewer = random.happens(oneIn: 8)
        let person = Person {
            $0.name = name
            $0.sex = .male
            $0.documentType = .passport
            $0.documentNumber = number
            $0.capturedIn = [town.rawValue]
            $0.phones = [phone]
        }
        var fields = person.fieldMap
        if isNewer { fields = fields.setting(text: "新字段\(random.below(4))", of: 900) }
        let id = try await client.id(for: fields, of: Person.recordType)
        let isKnown = try await client.record(id)?.visible != nil
        let captured = try await client.capture(
            Capture(id: id, type: Person.recordType, fields: fields)
        )
        return Deed(
            words: "captures \(name) \(number)",
            record: captured,
            said: isKnown || captured != id ? nil : fields
        )
    }

    private func captureHome(_ random: inout SplitMix64) async throws -> Deed {
        guard let person = try await pick(Person.recordType, &random) else {
            return try await capturePerson(&random)
        }
        let town = town(&random)
        let door = random.below(30)
        let day = Int32(20_260_101 + random.below(27))
        let home = try await client.capture(
            Dwelling {
                $0.address = "渔港路\(door)号"
                $0.area = town.rawValue
                $0.kind = .rented
            }
        )
        let stay = try await client.capture(
            Registration {
                $0.person = person.id.reference
                $0.dwelling = home.reference
                $0.area = town.rawValue
                $0.reportedOn = day
            }
        )
        return Deed(words: "registers somebody at door \(door)", record: stay)
    }

    private func editPerson(_ random: inout SplitMix64) async throws -> Deed {
        guard let person = try await pick(Person.recordType, &random) else {
            return try await capturePerson(&random)
        }
        let remark = Self.remarks[random.below(Self.remarks.count)]
        let name = Self.names[random.below(Self.names.count)]
        let phone = "1380000\(1000 + random.below(6))"
        let education = [Education.college, .middleSchool, .other][random.below(3)]
        let text = random.happens(oneIn: 2) ? "函授" : "夜校"
        // An older program knows no remarks.
        let drawn = random.below(5)
        let what = drawn > 2 && !device.knowsRemarks ? 0 : drawn
        try await client.edit(person.id, as: Person.self) { person in
            switch what {
            case 0: person.name = name
            case 1:
                person.education = education
                person.educationText = education == .other ? text : ""
            case 2:
                person.phones =
                    person.phones.contains(phone)
                    ? person.phones.filter { $0 != phone } : person.phones + [phone]
            default: person.remark = remark
            }
        }
        let said: FieldMap? =
            switch what {
            case 0: Person { $0.name = name }.fieldMap
            case 3, 4: Person { $0.remark = remark }.fieldMap
            default: nil
            }
        return Deed(words: "edits a person (\(what))", record: person.id, said: said)
    }

    private func editStay(_ random: inout SplitMix64) async throws -> Deed {
        guard let stay = try await pick(Registration.recordType, &random) else {
            return try await captureHome(&random)
        }
        let day = Int32(20_260_101 + random.below(27))
        let remark = Self.remarks[random.below(Self.remarks.count)]
        let drawn = random.below(4)
        let what = drawn > 1 && !device.knowsRemarks ? 0 : drawn
        try await client.edit(stay.id, as: Registration.self) { stay in
            switch what {
            case 0: stay.reportedOn = day
            case 1:
                stay.endedOn = stay.endedOn == 0 ? 20_261_001 : 0
                stay.endReason = stay.endedOn == 0 ? .unspecified : .movedAway
            default: stay.remark = remark
            }
        }
        return Deed(words: "edits a registration (\(what))", record: stay.id)
    }

    /// Somebody moves: to another dwelling, perhaps of another township.
    private func moveHome(_ random: inout SplitMix64) async throws -> Deed {
        guard let stay = try await pick(Registration.recordType, &random),
            let home = try await pick(Dwelling.recordType, &random),
            let area = home.visible?.text(of: 2)
        else { return try await captureHome(&random) }
        try await client.edit(stay.id, as: Registration.self) {
            $0.dwelling = home.id.reference
            $0.area = area
        }
        return Deed(words: "moves a registration to \(area)", record: stay.id)
    }

    private func editHome(_ random: inout SplitMix64) async throws -> Deed {
        guard let home = try await pick(Dwelling.recordType, &random) else {
            return try await captureHome(&random)
        }
        let remark = Self.remarks[random.below(Self.remarks.count)]
        guard device.knowsRemarks else { return try await editPerson(&random) }
        try await client.edit(home.id, as: Dwelling.self) { $0.remark = remark }
        return Deed(
            words: "edits a dwelling",
            record: home.id,
            said: Dwelling { $0.remark = remark }.fieldMap
        )
    }

    /// Somebody was at a dwelling.
    private func visit(_ random: inout SplitMix64) async throws -> Deed {
        guard let home = try await pick(Dwelling.recordType, &random) else {
            return try await captureHome(&random)
        }
        let at = 1_767_225_600_000 + Int64(random.below(300)) * 86_400_000
        let visit = try await client.capture(
            Visit {
                $0.dwelling = home.id.reference
                $0.visitedAt = at
            }
        )
        return Deed(words: "visits a dwelling", record: visit)
    }

    private func delete(_ random: inout SplitMix64) async throws -> Deed {
        let types = [Person.recordType, Registration.recordType, Registration.recordType]
        guard let record = try await pick(types[random.below(3)], &random) else {
            return try await captureHome(&random)
        }
        try await client.delete(record.id, reason: Change.Deletion(reason: 1, text: ""))
        return Deed(words: "deletes a record", record: record.id)
    }

    private func takeBack(_ random: inout SplitMix64) async throws -> Deed {
        let deleted = try await device.store.read { transaction in
            try transaction.records(before: Epoch(rawValue: .max >> 1))
                .filter {
                    $0.visible == nil && $0.redirect == nil && $0.acknowledged?.isErased == false
                }
                .map(\.id)
        }
        guard !deleted.isEmpty else { return try await editPerson(&random) }
        let id = deleted[random.below(deleted.count)]
        try await client.undelete(id)
        return Deed(words: "takes a deletion back", record: id)
    }

    // > [R-04] A split takes a redirect back.

    private func tellApart(_ random: inout SplitMix64) async throws -> Deed {
        let joined = try await device.store.read { transaction in
            try transaction.records(before: Epoch(rawValue: .max >> 1))
                .filter { $0.redirect != nil }.map(\.id)
        }
        guard !joined.isEmpty else { return try await editPerson(&random) }
        let id = joined[random.below(joined.count)]
        try await client.split(id)
        return Deed(words: "tells a record apart again", record: id)
    }

    private func reidentify(_ random: inout SplitMix64) async throws -> Deed {
        guard let person = try await pick(Person.recordType, &random),
            let other = try await pick(Person.recordType, &random), person.id != other.id
        else { return try await editPerson(&random) }
        try await client.reidentify(person.id, as: other.id)
        return Deed(words: "finds a person to be another one", record: person.id)
    }

    private func mend(_ random: inout SplitMix64) async throws -> Deed {
        let returned = try await client.status().returned
        guard !returned.isEmpty else { return try await editPerson(&random) }
        let entry = returned[random.below(returned.count)]
        try await client.mend(entry.record)
        return Deed(words: "mends a returned change", record: entry.record)
    }

    private func resolve(_ random: inout SplitMix64) async throws -> Deed {
        let open = try await client.openConflicts().sorted { $0.id < $1.id }
        guard !open.isEmpty else { return try await editPerson(&random) }
        let entry = open[random.below(open.count)]
        let choice: Change.Resolution.Choice = random.happens(oneIn: 2) ? .standing : .proposed
        try await client.resolve(entry.id, choice)
        return Deed(words: "settles conflict \(entry.id) (\(choice))", record: entry.record)
    }

    /// A department contributes what it owns.
    private func contribute(_ random: inout SplitMix64) async throws -> Deed {
        guard let home = try await pick(Dwelling.recordType, &random) else {
            return try await capturePerson(&random)
        }
        let approval: Approval = random.happens(oneIn: 2) ? .complete : .incomplete
        try await client.edit(home.id, as: Dwelling.self) { $0.landApproval = approval }
        return Deed(words: "approves a dwelling's land", record: home.id)
    }
}
