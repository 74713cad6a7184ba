internal import Chance
internal import SyncClient
internal import SyncProtocol
internal import SyncServer
internal import SyncTrust

// What the operator does.

extension World {
    func reassign(_ device: SimulatedDevice) async throws {
        guard let id = device.id, device.role == .coordinator else { return }
        let areas = Set([
            map.towns[random.below(map.towns.count)], map.towns[random.below(map.towns.count)],
        ]).sorted()
        guard let service = server.service, device.takesOutbox == nil,
            let known = try await service.devices().first(where: { $0.id == id }),
            known.claimed == nil, known.succession.rekeyedAt == nil
        else { return }
        server.door.note(areas, of: id)
        try await service.assign(areas, to: id)
        note("! \(device.name) is given \(areas.map(\.rawValue))")
    }

    /// What a device was given is what the server knows, also after a restore; who waits is confirmed.
    func giveAreasAgain() async throws {
        guard let service = server.service else { return }
        try await redrawAgain()
        for device in try await service.devices() {
            let areas = server.door.areas(of: device.id)
            guard !areas.isEmpty else { continue }
            if device.revoked != nil || device.succession.rekeyedAt != nil { continue }
            // What was revoked before the server lost its disk is revoked again.
            let former = devices.first { $0.id == device.id }
            if let takesOutbox = former?.takesOutbox {
                _ = try await service.revoke(device.id, takesOutbox: takesOutbox)
            } else if let claimed = device.claimed {
                _ = try await service.confirm(device.id, areas: areas, role: claimed.role)
            } else if Set(device.grant.areas) != Set(areas) {
                // > [A-06] An assignment of areas holds from the device's next request; [P-06] who held a former area
                // > holds what it became. Only a restore may have cost a grant.
                if oracle.restores == 0 {
                    let names = [device.grant.areas, areas].map { $0.map(\.rawValue) }
                    oracle.accuse(
                        "A",
                        "\(device.name) holds \(names[0]), and was given \(names[1])"
                    )
                }
                try await service.assign(areas, to: device.id)
            }
        }
    }

    /// Revokes a handheld that nobody has a copy of.
    func revoke(_ device: SimulatedDevice) async throws {
        let takesOutbox = random.happens(oneIn: 2)
        guard let id = device.id, let service = server.service, !device.mayFork,
            device.takesOutbox == nil,
            // A server that was restored may not know it yet.
            let known = try await service.devices().first(where: { $0.id == id }),
            known.claimed == nil
        else { return }
        _ = try await service.revoke(id, takesOutbox: takesOutbox)
        device.takesOutbox = takesOutbox
        note("! \(device.name) is revoked\(takesOutbox ? ", and may deliver" : "")")
    }

    /// Erases by law somebody whose record stands.
    func erase() async throws {
        let chance = random.next()
        guard let service = server.service, let store = server.store else { return }
        let people = try await store.read {
            try $0.records(ofType: Person.recordType.number, after: nil, limit: 500)
        }
        .filter(\.state.isLive).map(\.state.id)
        guard !people.isEmpty else { return }
        let id = people[Int(chance % UInt64(people.count))]
        let report = try await service.erase(id, reason: "依申请", for: SimulatedServer.clerk)
        let erased = Set(report.records)
        if !erased.contains(id) { oracle.accuse("E", "somebody else was erased by law", about: id) }
        oracle.erased.formUnion(erased)
        oracle.promised.removeAll { erased.contains($0.record) }
        note("! \(erased.count) records are erased by law", about: id)
    }
}

// Whose work it is.

extension World {
    /// Suspends a handheld, or resumes it.
    func suspend(_ device: SimulatedDevice) async throws {
        guard let id = device.id, let service = server.service,
            let known = try await service.devices().first(where: { $0.id == id }),
            known.revoked == nil, known.succession.rekeyedAt == nil
        else { return }
        let isSuspended = known.suspendedAt == nil
        _ = try await service.suspend(id, isSuspended)
        note("! \(device.name) is \(isSuspended ? "suspended" : "resumed")")
        guard isSuspended, try await !device.isErased(), let store = server.store else { return }
        // > [A-07] nothing of its requests is taken and nothing is given, until it is resumed.
        let before = try await Oracle.standing(in: store)
        let hasSynced = try await sync(device) != nil
        let after = try await Oracle.standing(in: store)
        if hasSynced || before.heads != after.heads || before.changes != after.changes {
            oracle.accuse("A", "\(device.name) is suspended, and syncs")
        }
    }

    /// Whoever is suspended is resumed.
    func resumeAll() async throws {
        guard let service = server.service else { return }
        for device in try await service.devices()
        where device.suspendedAt != nil && device.succession.rekeyedAt == nil {
            _ = try await service.suspend(device.id, false)
        }
    }

    // > [O-01] A handover gives a device's areas and what was returned of its work to another device.

    /// Gives a coordinator's work to another one; half of them keep it, too.
    func handOver(from giver: SimulatedDevice) async throws {
        let (chance, keeps) = (random.next(), random.happens(oneIn: 2))
        let others = inUse.filter { other in
            other.role == .coordinator && other.id != giver.id && other.takesOutbox == nil
        }
        guard giver.role == .coordinator, !others.isEmpty, let service = server.service,
            let store = server.store, let from = giver.id
        else { return }
        let taker = others[Int(chance % UInt64(others.count))]
        guard let to = taker.id else { return }
        let held = server.door.areas(of: from)
        // Nobody is left without an area: some area would be nobody's.
        let isKept = keeps || held.count < 2
        let given = isKept ? held : Array(held.prefix(1))
        do {
            let grant = try await store.read { try $0.device(from)?.grant.number } ?? 0
            let report = try await service.handOver(
                from: from,
                to: to,
                areas: given,
                keeping: isKept,
                reason: "调岗",
                for: SimulatedServer.clerk
            )
            let kept = isKept ? held : held.filter { !given.contains($0) }
            let wasHeld = server.door.areas(of: to)
            if giver.takesOutbox == nil { server.door.note(kept, of: from) }
            server.door.note(wasHeld + given.filter { !wasHeld.cover($0) }, of: to)
            try await judgeHandover(report)
            oracle.handovers += report.from.keys.map { GivenWork(from: $0, to: to, grant: grant) }
            note("! \(giver.name) hands \(given.map(\.rawValue)) over to \(taker.name)")
        } catch let error as SyncError {
            note("\(giver.name) hands nothing over: \(error.code.rawValue)")
        }
    }
}

extension World {
    // > [O-02] Whoever was given somebody's work sees what was returned to them.

    private func judgeHandover(_ report: HandoverReport) async throws {
        guard let service = server.service, let store = server.store else { return }
        let names = Set(report.from.keys)
        let returned = try await store.read {
            try $0.returned(after: 0, unsettledOnly: true, limit: 100_000)
        }
        // What had been given to somebody else already was not theirs to give.
        .filter {
            names.contains($0.change.device) && names.contains(holder(of: $0.change))
        }
        .map(\.id)
        let seen = try await service.quarantine(for: Principal(report.to), limit: 1_000).entries
        let missing = Set(returned).subtracting(seen.map(\.returned.id))
        guard !missing.isEmpty else { return }
        oracle.accuse("O", "\(report.to.name) does not see returned changes \(missing.sorted())")
    }

    /// Whose work a returned change was after these handovers: of the author's own, what was captured later stays theirs.
    private func holder(of change: StoredChange) -> DeviceID {
        let grant = (try? Change(payload: change.payload, epoch: change.epoch))?.grant ?? 0
        var holder = change.device
        for handover in oracle.handovers where handover.from == holder {
            if holder != change.device || grant <= handover.grant { holder = handover.to }
        }
        return holder
    }

    // > [F-08] Tombstones and departures leave a feed when every device of the area that is not expired has read
    // > them, and after 180 days at the earliest.

    /// Half a year goes by, in which half of the devices sync now and then; feeds are pruned after it.
    func winter() async throws {
        let quarter: Int64 = 91 * 86_400_000
        note("! half a year goes by")
        for _ in 0..<2 {
            slept += quarter
            time.advance(to: time.now + quarter)
            for device in devices where random.happens(oneIn: 2) && !device.isRetired {
                device.network.set(away: false)
                try await sync(device)
            }
        }
        guard let service = server.service else { return }
        let pruned = try await service.prune()
        report.pruned += pruned
        note("! \(pruned) entries leave the feeds")
        try await judgePruning()
    }

    /// Nobody who was heard of within half a year has yet to read what has left.
    private func judgePruning() async throws {
        guard let store = server.store, oracle.restores == 0 else { return }
        let heads = try await store.read {
            try $0.heads(under: [AreaCode("33")].compactMap(\.self))
        }
        for device in inUse where !device.mayFork {
            guard let id = device.id, let last = device.lastSynced,
                time.now - last < SyncService.horizon, try await !device.isErased()
            else { continue }
            let bookmarks = try await device.store.read { try $0.bookmarks() }
            for head in heads where server.door.areas(of: id).cover(head.area) {
                guard let read = bookmarks.first(where: { $0.area == head.area }),
                    max(read.position, read.floor) < head.pruned
                else { continue }
                oracle.accuse("F", "\(device.name) has yet to read what left \(head.area.rawValue)")
            }
        }
    }
}

// What the authorities order.

extension World {
    /// Gives a handheld a new key; where it cannot be, it is said.
    func rekey(_ device: SimulatedDevice) async throws -> Bool {
        guard weather.rekeyed > 0, device.takesOutbox == nil else { return false }
        let isWorthIt = !device.isRefused || random.happens(weather.rekeyed)
        let (code, isKilled) = (OneTimeCode(using: &random), random.happens(oneIn: 4))
        let (operations, seed) = (random.below(40), random.next())
        guard isWorthIt, let id = device.id, let service = server.service else { return false }
        do {
            _ = try await service.rekey(id, code: code, for: SimulatedServer.clerk)
        } catch let error as SyncError {
            note("\(device.name) is given no new key: \(error.code.rawValue)")
            return false
        }
        let link = service.link(with: code)
        if isKilled {
            device.disk.cutPower(after: operations)
            try? await device.rekey(with: link)
            try device.restart(seed: seed, cleanly: true)
        }
        do {
            // Where the answer was lost with the power, the same link works again for the same key.
            try await device.learn()
            if device.id == id { try await device.rekey(with: link) }
        } catch let error as SyncError where error.code == "predecessor_parted" {
            // A server that was restored may have been told of a hole by the other copy where this one would go on.
            if !(try await isHoled(device)) {
                oracle.accuse("A", "\(device.name): \(error.message)")
            }
            note("\(device.name) cannot go on under a new key")
            return false
        }
        guard let renewed = device.id, renewed != id else { return false }
        server.door.note(server.door.areas(of: id), of: renewed)
        oracle.rekey(device.name, as: renewed)
        // The former key may have been given other areas since it was refused.
        try await giveAreasAgain()
        note("! \(device.name) goes on under a new key")
        return true
    }

    /// Whether the server knows that something of a handheld or of its copies is gone for good.
    private func isHoled(_ device: SimulatedDevice) async throws -> Bool {
        let family = Set(oracle.family(of: device.name))
        let known = try await server.service?.devices() ?? []
        return known.contains { family.contains($0.id) && !$0.holes.isEmpty }
    }

    /// A township is renamed, becomes part of another, or is split; half of what stood in it is put by name then.
    func redraw() async throws {
        let (kind, chance, isCut) = (random.below(3), random.next(), random.happens(oneIn: 3))
        let (operations, seed) = (random.below(200), random.next())
        // Three townships at least, and a reviewer who holds them all.
        guard hired >= 3, let fresh = map.freshCode() else { return }
        let from = map.towns[Int(chance % UInt64(map.towns.count))]
        let other = map.towns.first { $0 != from } ?? fresh
        let redrawing: WorldMap.Redrawing =
            switch kind {
            case 0 where map.towns.count > 2: .init(kind: .merge, from: [from], to: [other])
            case 1 where map.towns.count < 7: .init(kind: .split, from: [from], to: [from, fresh])
            default: .init(kind: .rename, from: [from], to: [fresh])
            }
        map.add(redrawing)
        for device in devices {
            guard let id = device.id else { continue }
            // A grant given since an earlier redrawing means the map as it was by then [P-07].
            server.door.note(redrawing.applied(to: server.door.areas(of: id)), of: id)
        }
        note("! \(from.rawValue) becomes \(redrawing.to.map(\.rawValue))")
        if isCut {
            server.disk.cutPower(after: operations)
            try? await redrawAgain()
            server.stop(cleanly: true, seed: seed)
            try await server.start()
            report.kills += 1
        }
        try await giveAreasAgain()
    }

    /// What was done to the map is what the server knows, also after a restore, or where it was cut off.
    private func redrawAgain() async throws {
        guard let service = server.service, let store = server.store else { return }
        for redrawing in map.redrawings where try await !redrawing.isDone(by: service.areaMap()) {
            // Every second home is put into the new part by name.
            let homes = try await store.read {
                try $0.records(ofType: Dwelling.recordType.number, after: nil, limit: 500)
            }
            let there = homes.filter { $0.placements.contains { redrawing.from.contains($0.area) } }
                .map(\.state.id).filter { $0.bytes[15] % 2 == 0 }
            let directing = Dictionary(
                uniqueKeysWithValues: there.compactMap { id in redrawing.to.last.map { (id, $0) } }
            )
            _ = try await service.change(
                map: AreaChange(
                    redrawing.kind,
                    redrawing.from,
                    to: redrawing.to,
                    by: "运维",
                    at: time.now
                ),
                directing: redrawing.kind == .split ? directing : [:],
                for: SimulatedServer.clerk
            )
            redrawn += 1
        }
    }
}

/// Work that an operator gave to somebody else.
struct GivenWork {
    let from: DeviceID
    let to: DeviceID
    /// The last grant under which it was captured.
    let grant: UInt64
}

extension StoredDevice {
    /// Its key, and those that it goes on from.
    fileprivate var keys: [DeviceID] {
        let former = [succession.predecessor, succession.origin].compactMap(\.self)
        return Array(Set([id] + succession.parts.map(\.device) + former)).sorted()
    }
}
