internal import Chance
internal import SyncClient
internal import SyncProtocol
internal import SyncServer

// What the operator does.

extension World {
    func reassign(_ device: SimulatedDevice) async throws {
        guard let id = device.id, device.role == .coordinator else { return }
        let areas = Set([
            Actor.towns[random.below(Actor.towns.count)],
            Actor.towns[random.below(Actor.towns.count)],
        ]).sorted()
        server.door.note(areas, of: id)
        try await giveAreasAgain()
        note("! \(device.name) is given \(areas.map(\.rawValue))")
    }

    /// What a device was given is what the server knows, also after a restore; who waits is confirmed.
    func giveAreasAgain() async throws {
        guard let service = server.service, let store = server.store else { return }
        for device in try await service.devices() {
            let areas = server.door.areas(of: device.id)
            guard !areas.isEmpty else { continue }
            if device.revoked != nil { continue }
            // What was revoked before the server lost its disk is revoked again.
            let former = devices.first { $0.id == device.id }
            if let takesOutbox = former?.takesOutbox {
                _ = try await service.revoke(device.id, takesOutbox: takesOutbox)
            } else if let claimed = device.claimed {
                _ = try await service.confirm(device.id, areas: areas, role: claimed.role)
            } else if device.grant.areas != areas {
                try await store.write { transaction in
                    var device = device
                    device.grants.append(
                        Grant(
                            number: device.grant.number + 1,
                            areas: areas,
                            role: device.grant.role
                        )
                    )
                    try transaction.save(device)
                }
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
        oracle.erased.formUnion(erased)
        oracle.promised.removeAll { erased.contains($0.record) }
        note("! \(erased.count) records are erased by law", about: id)
    }
}
