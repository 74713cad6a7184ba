internal import SyncProtocol
internal import SyncServer
internal import SyncTrust

// What the oracle reads in the server's database, once everything is quiet.

extension Oracle {
    /// What stands on the server.
    struct Standing: Sendable {
        var records: [RecordID: StoredRecord] = [:]
        var steps: [RecordID: [StoredStep]] = [:]
        var conflicts: [RecordID: [ConflictEntry]] = [:]
        var returned: [StoredChange] = []
        /// Those of them that somebody mended at the server, or their authors by another change.
        var mended: [ReturnedChange] = []
        /// Those of them that nobody has dealt with yet, by whose they are.
        var unsettled: [DeviceID: Set<SequenceNumber>] = [:]
        var devices: [StoredDevice] = []
        var changes: [DeviceID: [StoredChange]] = [:]
        var heads: [AreaHead] = []
        var epoch = Epoch.none
        /// The server's own device.
        var server: DeviceID? { devices.first { $0.name.hasPrefix("服务器") }?.id }
        /// What anybody ever found to be one.
        var joined: [(RecordID, RecordID)] = []
    }

    static func standing(in store: any Store) async throws -> Standing {
        try await store.read { transaction in
            var standing = Standing()
            standing.epoch = try transaction.epoch()
            standing.devices = try transaction.devices()
            for device in standing.devices where device.highWater > .none {
                let range = SequenceNumber(rawValue: 1)...device.highWater
                standing.changes[device.id] = try transaction.changes(of: device.id, in: range)
            }
            for change in standing.changes.values.joined() {
                guard let parsed = try? Change(payload: change.payload, epoch: change.epoch),
                    let target = parsed.redirect
                else { continue }
                standing.joined.append((parsed.record, target))
            }
            var last: RecordID?
            while true {
                let page = try transaction.records(ofType: nil, after: last, limit: 500)
                for record in page {
                    let id = record.state.id
                    standing.records[id] = record
                    standing.steps[id] = try transaction.steps(of: id)
                    standing.conflicts[id] = try transaction.conflicts(about: id)
                }
                guard let next = page.last?.state.id else { break }
                last = next
            }
            let returned = try transaction.returned(
                after: 0,
                unsettledOnly: false,
                limit: 100_000
            )
            standing.returned = returned.map(\.change)
            standing.mended = returned.filter { $0.settlement?.kind == .mended }
            for one in returned where one.settlement == nil {
                standing.unsettled[one.change.device, default: []].insert(one.change.sequence)
            }
            standing.heads = try transaction.heads(under: [AreaCode("33")].compactMap(\.self))
            return standing
        }
    }

    /// Every row of the database says what it has to by those that it follows from.
    mutating func judgeRows(of service: SyncService) async throws {
        for flaw in try await service.checkRows(for: SimulatedServer.clerk).flaws {
            let named = flaw.places.first?.split(separator: " ").last ?? ""
            accuse(
                "G",
                "\(flaw.code), \(flaw.count) times: \(flaw.places.joined(separator: "; "))",
                about: RecordID(named)
            )
        }
    }

    // > I1 an acknowledged change is in the history exactly once, for ever.
    // > I13 after a restore from a backup, everything that devices still hold comes back.

    /// Every change of a handheld that is in use is in the history once, with its bytes.
    mutating func judgeHistory(_ standing: Standing, of names: [String]) {
        for name in names {
            guard let book = books[name] else { continue }
            let family = family(of: name)
            let known = standing.devices.filter { family.contains($0.id) }
            // Under its last key, as far as the server knows that one.
            let device = known.first { $0.id == book.keys.last } ?? known.first
            let backed = book.keys.compactMap { backedUp[$0] }.max() ?? .none
            let stored = family.flatMap { standing.changes[$0] ?? [] }
            let bySequence = Dictionary(grouping: stored, by: \.sequence)
            for (number, captured) in book.entries.sorted(by: { $0.key < $1.key }) {
                if device?.holes.contains(where: { ($0.first...$0.last).contains(number) }) == true
                {
                    // > [X-08] A device keeps the bytes of its answered changes until it is told that a
                    // > backup has them.
                    // What was erased by law cannot be offered again.
                    let isErased = captured.change.map { erased.contains($0.record) } ?? false
                    if !backedUp.isEmpty, !isErased, number > backed {
                        accuse(
                            "I13",
                            "\(name): change \(number.rawValue) was forgotten, and no backup had it"
                        )
                    }
                    continue
                }
                let found = bySequence[number] ?? []
                let same = found.count { captured.isSame(as: $0) }
                if same == 0, !captured.isLost {
                    accuse(
                        restores > 0 && found.isEmpty ? "I13" : "I1",
                        found.isEmpty
                            ? "\(name): change \(number.rawValue) is not in the history"
                            : "\(name): change \(number.rawValue) has other bytes in the history",
                        about: captured.change?.record
                    )
                } else if same > max(1, times(captured, by: name)) {
                    accuse("I1", "\(name): change \(number.rawValue) is there \(same) times")
                }
            }
        }
    }

    /// What handhelds in use had held when the server lost its disk is there again: each value stands, or is in
    /// the history, in a conflict or in quarantine.
    mutating func judgePromises(_ standing: Standing, of names: Set<String>) {
        for promise in promised where names.contains(promise.holder) {
            let id = promise.record
            let returned = standing.returned.filter { $0.record == id }
            guard let record = standing.records[id] else {
                if returned.isEmpty {
                    accuse(
                        "I13",
                        "\(promise.holder) held a record that did not come back",
                        about: id
                    )
                }
                continue
            }
            guard !record.state.isErased, !hasBeenAnother(id, record, standing),
                let type = Schema.current.type(record.state.type)
            else { continue }
            let said = (returned + (standing.steps[id] ?? []).map(\.change))
                .compactMap { try? Change(payload: $0.payload, epoch: $0.epoch).fields }
            let sides = (standing.conflicts[id] ?? [])
                .flatMap { [$0.conflict.standing.values, $0.conflict.proposed.values] }
            for number in promise.fields.numbers where type.field(number)?.format != .reference {
                let places = [record.state.fields] + said + sides
                let isBack = places.contains { place in
                    let held = Set(promise.fields.elements(of: number))
                    return place[number] == promise.fields[number]
                        || !held.isDisjoint(with: place.elements(of: number))
                }
                if !isBack {
                    accuse(
                        "I13",
                        "\(promise.holder) held a field (\(number)) that did not come back",
                        about: id
                    )
                }
            }
        }
    }

    /// Every chain verifies, holes apart.
    mutating func judgeChains(_ standing: Standing) {
        for device in standing.devices {
            var head = Chain.start
            var next = SequenceNumber(rawValue: 1)
            let stored = standing.chain(of: device)
            while next <= device.highWater {
                if let hole = device.holes.first(where: { $0.first == next }) {
                    (head, next) = (hole.chain, SequenceNumber(rawValue: hole.last.rawValue + 1))
                    continue
                }
                guard let change = stored[next] else {
                    return accuse(
                        "I1",
                        "\(device.name): change \(next.rawValue) of the chain is missing"
                    )
                }
                head = Chain.head(after: head, hash: change.hash)
                next = SequenceNumber(rawValue: next.rawValue + 1)
            }
            if head != device.chain { accuse("I1", "\(device.name): the chain does not verify") }
        }
    }

    // > I2 every value ever captured is the current one, was superseded by someone who had seen it, or
    // > stands in a conflict entry or in quarantine.

    mutating func judgeValues(_ standing: Standing) {
        for (id, record) in standing.records.sorted(by: { $0.key < $1.key }) {
            guard let type = Schema.current.type(record.state.type), !record.state.isErased,
                !hasBeenAnother(id, record, standing)
            else { continue }
            judgeValues(of: id, record, type, standing)
        }
    }

    /// What was said of a record, as far as the server's history tells.
    func said(of id: RecordID, _ type: RecordType, _ standing: Standing) -> [Said] {
        let mended = standing.mended.filter { $0.change.record == id }
        return (standing.steps[id] ?? []).compactMap {
            Said($0, type, in: self, by: standing.server, mended)
        }
    }

    /// Whether a record was ever found to be another one: then its values are that one's.
    func hasBeenAnother(
        _ id: RecordID,
        _ record: StoredRecord,
        _ standing: Standing
    ) -> Bool {
        if record.state.redirect != nil || record.own != nil { return true }
        return (standing.steps[id] ?? []).contains { step in
            if step.via != nil { return true }
            let change = try? Change(payload: step.change.payload, epoch: step.change.epoch)
            return change?.isAct == true
        }
    }

    private mutating func judgeValues(
        of id: RecordID,
        _ record: StoredRecord,
        _ type: RecordType,
        _ standing: Standing
    ) {
        let said = said(of: id, type, standing)
        let entries = standing.conflicts[id] ?? []
        // A copy was said by somebody before: it answers what it had seen, and is no saying of its own.
        for one in said where !one.change.isRecovered {
            for unit in one.units(of: type) {
                let isSet = type.field(unit[0])?.isSet == true
                let value = one.change.fields.keeping(unit)
                let stands =
                    isSet
                    ? Set(value.elements(of: unit[0])).isSubset(
                        of: record.state.fields.elements(of: unit[0])
                    )
                    : value == record.state.fields.keeping(unit)
                        || standing.isFollowed(value, record.state.fields, unit, type)
                let isOnFile = entries.contains { entry in
                    [entry.conflict.standing, entry.conflict.proposed].contains { side in
                        entry.conflict.kind == .existence || side.values.holds(value, unit, isSet)
                    }
                }
                let isAnswered = said.contains { $0.answers(one, about: unit) }
                if !stands, !isOnFile, !isAnswered {
                    accuse(
                        "I2",
                        "\(one.words) said fields \(unit), which stand nowhere",
                        about: id
                    )
                }
            }
        }
    }
}

extension Oracle.Standing {
    /// The changes of a device by their numbers; those of who was there before it, up to where it goes on [A-12].
    fileprivate func chain(of device: StoredDevice) -> [SequenceNumber: StoredChange] {
        var chain: [SequenceNumber: StoredChange] = [:]
        var last: UInt64 = 0
        for (holder, end) in device.succession.parts.map({ ($0.device, $0.last) })
            + [(device.id, UInt64.max)]
        {
            for change in changes[holder] ?? []
            where change.sequence.rawValue > last && change.sequence.rawValue <= end {
                chain[change.sequence] = change
            }
            last = end
        }
        return chain
    }

    /// Whether a value and another differ in nothing but references to what was found to be one.
    func isFollowed(
        _ value: FieldMap,
        _ now: FieldMap,
        _ unit: [UInt32],
        _ type: RecordType
    ) -> Bool {
        unit.allSatisfy { number in
            if value[number] == now[number] { return true }
            guard type.field(number)?.format == .reference, let said = value.reference(number),
                let stands = now.reference(number)
            else { return false }
            return wereOne(said, stands)
        }
    }

    /// Whether anybody ever found two records to be one, by whatever way around.
    private func wereOne(_ one: RecordID, _ other: RecordID) -> Bool {
        var reached: Set<RecordID> = [one]
        var waiting = [one]
        while let id = waiting.popLast() {
            for (source, target) in joined where source == id || target == id {
                for next in [source, target] where reached.insert(next).inserted {
                    waiting.append(next)
                }
            }
        }
        return reached.contains(other)
    }
}
