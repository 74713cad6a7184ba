internal import Chance
internal import ResidenceDomain
internal import SyncProtocol
internal import SyncServer

// What people decide at the server: all of it is written by the server's own device.

extension World {
    /// Somebody at the server decides something; what is refused changes nothing.
    func decide() async throws {
        let (kind, chance) = (random.below(6), random.next())
        guard let service = server.service, let store = server.store, !server.disk.isCut else {
            return
        }
        do {
            let deed = try await Clerk(service: service, store: store, chance: chance).decide(kind)
            if let deed { note("! 运维 \(deed.words)", about: deed.record) }
        } catch let error as SyncError {
            note("运维 is told \(error.code.rawValue)")
        }
    }
}

/// Somebody who sits at the server.
private struct Clerk {
    let service: SyncService
    let store: any Store
    /// What is drawn for one decision.
    let chance: UInt64

    private var principal: Principal { SimulatedServer.clerk }

    /// One of six decisions; `nil` where there is nothing to decide.
    func decide(_ kind: Int) async throws -> (words: String, record: RecordID)? {
        switch kind {
        case 0: try await settle()
        case 1: try await mend()
        case 2: try await discard()
        case 3: try await tellApart()
        case 4: try await join()
        default: try await delete()
        }
    }

    private func pick<Element>(_ all: [Element]) -> Element? {
        all.isEmpty ? nil : all[Int(chance % UInt64(all.count))]
    }

    private func records(
        where isMeant: @escaping @Sendable (StoredRecord) -> Bool
    ) async throws -> [StoredRecord] {
        try await store.read { try $0.records(ofType: nil, after: nil, limit: 1_000) }
            .filter(isMeant)
    }

    private func settle() async throws -> (words: String, record: RecordID)? {
        let open = try await store.read { try $0.openConflicts(after: nil, limit: 500) }
        guard let entry = pick(open),
            let record = try await store.read({ try $0.records([entry.record]) })[entry.record]
        else { return nil }
        let choice: Change.Resolution.Choice = chance.isMultiple(of: 2) ? .standing : .proposed
        let request = ResolveRequest(revision: record.state.revision, choice: choice)
        _ = try await service.resolve(entry.id, request, for: principal)
        return ("settles conflict \(entry.id) (\(choice))", entry.record)
    }

    private func unsettled() async throws -> ReturnedChange? {
        pick(try await store.read { try $0.returned(after: 0, unsettledOnly: true, limit: 500) })
    }

    private func mend() async throws -> (words: String, record: RecordID)? {
        guard let returned = try await unsettled() else { return nil }
        let correction = correction(of: returned)
        let request = correction ?? MendRequest(fields: FieldMap(), of: 0)
        let act = try await service.mend(returned.id, request, for: principal)
        let words = correction == nil ? "mends" : "corrects and mends"
        return ("\(words) returned change \(returned.id)", act.record)
    }

    /// Now and then a person's remark and number are said otherwise.
    private func correction(of returned: ReturnedChange) -> MendRequest? {
        guard (chance / 3).isMultiple(of: 2),
            let change = try? Change(
                payload: returned.change.payload,
                epoch: returned.change.epoch
            ),
            change.type == Person.recordType.number, change.isCreation
        else { return nil }
        let person = Person {
            $0.remark = "核对后更正"
            $0.phones = ["13905800000"]
        }
        return MendRequest(fields: person.fieldMap, of: change.type)
    }

    private func discard() async throws -> (words: String, record: RecordID)? {
        guard let returned = try await unsettled(), let record = returned.change.record else {
            return nil
        }
        try await service.discard(returned.id, reason: "重复", for: principal)
        return ("discards returned change \(returned.id)", record)
    }

    private func tellApart() async throws -> (words: String, record: RecordID)? {
        guard let one = pick(try await records { $0.state.redirect != nil }) else { return nil }
        let (id, revision) = (one.state.id, one.state.revision)
        _ = try await service.split(id, at: revision, for: principal)
        return ("tells a record apart again", id)
    }

    private func join() async throws -> (words: String, record: RecordID)? {
        let people = try await records {
            $0.state.isLive && $0.state.type == Person.recordType.number
        }
        guard people.count > 1, let one = pick(people) else { return nil }
        let other = people[Int((chance / 7) % UInt64(people.count))].state.id
        let (id, revision) = (one.state.id, one.state.revision)
        guard other != id else { return nil }
        _ = try await service.reidentify(id, at: revision, as: other, for: principal)
        return ("finds a person to be another one", id)
    }

    private func delete() async throws -> (words: String, record: RecordID)? {
        guard let one = pick(try await records { $0.state.isLive }) else { return nil }
        let (id, revision) = (one.state.id, one.state.revision)
        let reason = Change.Deletion(reason: 1, text: "")
        _ = try await service.delete(id, at: revision, reason, for: principal)
        return ("deletes a record", id)
    }
}
