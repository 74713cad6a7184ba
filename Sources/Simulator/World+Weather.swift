internal import Chance
internal import SyncClient
internal import SyncProtocol
internal import SyncServer

// What befalls handhelds, the server and its operator.

extension World {
    /// One event of a day.
    enum Event {
        case act, sync, kill, powerCut, fillUp, failSyncs, lose, clone, takeImage, rollBack, rot,
            jump
        case killServer, cutServer, fillServer, restore, failOver, backUp, reassign, hire
        case revoke, erase, upgrade, upgradeServer, rekey, redraw, detour
        case suspend, handOver, decide, winter
    }

    /// What happens on a day, in the order of its minutes.
    func eventsOfADay(afterOutage: Bool) -> [(minute: Int, device: Int, event: Event)] {
        var events: [(minute: Int, device: Int, event: Event)] = []
        func add(_ event: Event, _ device: Int = 0, _ odds: Double = 1) {
            let minute = random.below(1_440)
            if random.happens(odds) { events.append((minute, device, event)) }
        }
        for index in devices.indices {
            if afterOutage { events.append((0, index, .sync)) }
            for _ in 0..<(3 + random.below(5)) { add(.act, index) }
            for _ in 0..<(1 + random.below(2)) { add(.sync, index) }
            if weather.rolledBack > 0 { add(.takeImage, index, 0.5) }
            add(.kill, index, weather.killed)
            add(.powerCut, index, weather.powerCut)
            add(.fillUp, index, weather.diskFull)
            add(.failSyncs, index, weather.syncFails)
            add(.lose, index, weather.lost)
            add(.clone, index, weather.cloned)
            add(.rollBack, index, weather.rolledBack)
            add(.rot, index, weather.rot)
            add(.jump, index, weather.clockJumps)
            if weather.detour > 0 { add(.detour, index, weather.detour) }
        }
        add(.backUp, 0, weather.backup)
        add(.killServer, 0, weather.serverKilled)
        add(.cutServer, 0, weather.serverPowerCut)
        add(.fillServer, 0, weather.serverDiskFull)
        add(.restore, 0, weather.restored)
        add(.failOver, 0, weather.failedOver)
        add(.reassign, random.below(devices.count), weather.reassigned)
        if weather.revoked > 0 {
            for index in devices.indices { add(.revoke, index, weather.revoked) }
        }
        if weather.erased > 0 { add(.erase, 0, weather.erased) }
        if schema.version < Schema.version {
            add(.upgradeServer, 0, weather.upgraded)
            for index in devices.indices { add(.upgrade, index, weather.upgraded / 2) }
        }
        if weather.rekeyed > 0 { add(.rekey, random.below(devices.count), weather.rekeyed / 10) }
        if weather.redrawn > 0 { add(.redraw, 0, weather.redrawn) }
        if weather.suspended > 0 { add(.suspend, random.below(devices.count), weather.suspended) }
        if weather.handedOver > 0 {
            add(.handOver, random.below(devices.count), weather.handedOver)
        }
        if weather.decided > 0 { add(.decide, 0, weather.decided) }
        if weather.winter > 0 { add(.winter, 0, weather.winter) }
        if inUse.count < plan.devices { add(.hire) }
        return events.sorted { ($0.minute, $0.device) < ($1.minute, $1.device) }
    }

    func happen(_ event: Event, to index: Int) async throws {
        let device = devices[index]
        guard !device.isRetired || event.isOfServer else { return }
        // What has erased itself delivers what it keeps, and does nothing else.
        if try await device.isErased(), !event.isOfServer,
            ![.sync, .kill, .powerCut].contains(event)
        {
            return
        }
        switch event {
        case .act: try await act(on: device)
        case .sync: try await sync(device)
        case .kill, .powerCut: try await kill(device, cleanly: event == .kill)
        case .fillUp: try await fillUp(device)
        case .failSyncs:
            device.disk.failSyncs(1 + random.below(3))
            try await act(on: device)
            // What a failed sync leaves is for a restart to find out.
            try await kill(device, cleanly: true)
        case .lose: try await retire(device)
        case .clone: try await clone(device)
        case .takeImage: device.image = (device.disk.copied(), device.mayDiffer)
        case .rollBack: try await rollBack(device)
        case .rot: try await rot(device)
        case .jump:
            device.clock.jump(by: (Int64(random.below(1_460)) - 730) * 86_400_000)
            note("! \(device.name)'s clock jumps")
        case .killServer, .cutServer: try await killServer(cleanly: event == .killServer)
        case .fillServer: try await fillServer()
        case .restore, .failOver: try await restore(declared: event == .restore)
        case .backUp:
            try await server.backUp()
            for (id, sequence) in server.backups.last?.highWaters ?? [:] {
                oracle.backedUp[id] = max(oracle.backedUp[id] ?? .none, sequence)
            }
            note("! a backup is made")
        case .reassign: try await reassign(device)
        case .hire: try await hire()
        case .revoke: try await revoke(device)
        case .erase: try await erase()
        case .rekey: _ = try await rekey(device)
        case .redraw: try await redraw()
        case .detour: try await takeDetour(with: device)
        case .suspend: try await suspend(device)
        case .handOver: try await handOver(from: device)
        case .decide: try await decide()
        case .winter: try await winter()
        case .upgrade:
            try device.upgrade(seed: random.next())
            note("! \(device.name)'s program is upgraded")
        case .upgradeServer:
            server.upgrade()
            try await killServer(cleanly: true)
            note("! the server's program is upgraded")
        }
    }

    // MARK: - Handhelds

    /// Something is being done when the program is killed, or the battery falls out.
    private func kill(_ device: SimulatedDevice, cleanly: Bool) async throws {
        device.disk.cutPower(after: random.below(120))
        for _ in 0..<(1 + random.below(3)) where !device.disk.isCut { try await act(on: device) }
        if !device.disk.isCut { try await sync(device) }
        try device.restart(seed: random.next(), cleanly: cleanly)
        report.kills += 1
        note("! \(device.name) \(cleanly ? "is killed" : "loses its power") and starts again")
        try await oracle.note(device)
        try await oracle.judgeOutbox(of: device)
    }

    private func fillUp(_ device: SimulatedDevice) async throws {
        device.disk.fillUp(leaving: random.below(20_000))
        for _ in 0..<(1 + random.below(3)) { try await act(on: device) }
        try await sync(device)
        device.disk.makeRoom()
        note("! \(device.name)'s disk was full")
        try await oracle.judgeOutbox(of: device)
    }

    private func clone(_ device: SimulatedDevice) async throws {
        let name = "\(device.name)+"
        // Of two copies of what was revoked, each seals its own, and the second is for the operator to decide.
        guard device.takesOutbox == nil, !devices.contains(where: { $0.name == name }) else {
            return
        }
        try await oracle.note(device)
        let clone = try device.cloned(named: name, on: network())
        oracle.copy(device.name, as: name)
        devices.append(clone)
        note("! \(device.name) is copied")
    }

    private func rollBack(_ device: SimulatedDevice) async throws {
        // What was revoked delivers what it seals once: a second one is for the operator to decide.
        guard let image = device.image, device.takesOutbox == nil else { return }
        try device.rollBack(to: image.disk)
        device.mayDiffer = image.mayDiffer
        oracle.promised.removeAll { $0.holder == device.name }
        let last = try await device.store.read { try $0.lastChange()?.sequence ?? .none }
        oracle.forget(device.name, above: last)
        note("! \(device.name) is put back to an image")
    }

    /// What the disk holds of some record is another than was written.
    private func rot(_ device: SimulatedDevice) async throws {
        let (chance, deed) = (random.next(), random.below(3))
        let struck = try await device.store.write { transaction -> RecordID? in
            let held = try transaction.records(before: Epoch(rawValue: .max >> 1))
                .filter { $0.acknowledged?.isDeleted == false && !$0.areas.isEmpty }
            guard !held.isEmpty else { return nil }
            var record = held[Int(chance % UInt64(held.count))]
            switch deed {
            case 0 where record.pending == 0 && record.returned == 0:
                try transaction.erase(record.id)
            case 1: record.acknowledged?.fields = FieldMap().setting(text: "坏", of: 1)
            default: record.acknowledged?.base.revision = Revision(rawValue: 1)
            }
            if deed != 0 { try transaction.save(record) }
            return record.id
        }
        device.mayDiffer = true
        _ = try await device.client.check()
        note("! \(device.name)'s disk rots", about: struck)
    }

    // MARK: - The server

    private func killServer(cleanly: Bool) async throws {
        server.disk.cutPower(after: random.below(400))
        for _ in 0..<4 where !server.disk.isCut {
            let device = devices[random.below(devices.count)]
            if !device.isRetired { try await sync(device) }
        }
        server.stop(cleanly: cleanly, seed: random.next())
        try await server.start()
        report.kills += 1
        note("! the server \(cleanly ? "is killed" : "loses its power") and starts again")
    }

    private func fillServer() async throws {
        server.disk.fillUp(leaving: random.below(30_000))
        for _ in 0..<3 {
            let device = devices[random.below(devices.count)]
            if !device.isRetired { try await sync(device) }
        }
        server.disk.makeRoom()
        note("! the server's disk was full")
    }

    private func restore(declared: Bool) async throws {
        // An old backup now and then, mostly the last one; a standby is never far behind.
        let count = server.backups.count
        guard count > 0 else { return }
        let back = declared && random.happens(oneIn: 3) ? random.below(min(count, 4)) : 0
        let backup = server.backups[count - 1 - back]
        // What was held before an earlier loss may have been superseded since, by changes that are lost now.
        oracle.promised = []
        for device in inUse where !device.mayDiffer { try await oracle.promise(device) }
        try await server.restore(backup, declared: declared)
        report.restores += 1
        oracle.restores += 1
        if let store = server.store {
            let known = try await store.read { try $0.handovers() }
            oracle.handovers = known.map {
                GivenWork(from: $0.from, to: $0.to, grant: $0.grant)
            }
        }
        for device in devices {
            let isErased = try await device.isErased()
            guard device.isRetired || isErased else { continue }
            // Of copies under keys of their own the numbers alone tell nothing.
            let last =
                oracle.family(of: device.name).count > 1
                ? try await known(of: device) : device.id.flatMap { backup.highWaters[$0] }
            oracle.giveUp(device, above: last ?? .none)
        }
        note(
            "! the server goes on from a backup, \(declared ? "as declared" : "and nobody says so")"
        )
        try await giveAreasAgain()
    }
}

extension World.Event {
    fileprivate var isOfServer: Bool {
        switch self {
        case .killServer, .cutServer, .fillServer, .restore, .failOver, .backUp, .hire, .erase,
            .upgradeServer, .redraw, .decide, .winter:
            true
        default: false
        }
    }
}
