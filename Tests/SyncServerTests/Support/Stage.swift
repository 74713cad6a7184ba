import SyncProtocol
import SyncServer
import SyncTrust

/// A server and the devices of a script, playing it.
final class Stage {
    /// How changes travel.
    enum Delivery: CaseIterable {
        /// What a device does in a row is one batch.
        case grouped
        /// Every change is a batch.
        case single
        /// Every batch arrives twice.
        case twice
    }

    /// A change as it was sent, and what became of it.
    struct Sent {
        var device: DeviceID
        var change: Change
        var outcome: Outcome
    }

    let world: World
    private(set) var sent: [Sent] = []
    private var devices: [TestDevice] = []
    private var known: [[RecordID: (revision: UInt64, clock: Int64)]]
    private var waiting: [Change] = []
    private var sender = 0

    /// Plays a script in a new world and tells what is left.
    static func play<Result>(
        _ script: Script,
        _ delivery: Delivery = .grouped,
        _ look: (Stage) async throws -> Result
    ) async throws -> Result {
        try await World.runInMemory { world in
            let stage = try await Stage(world)
            try await stage.play(script, delivery)
            return try await look(stage)
        }
    }

    private init(_ world: World) async throws {
        self.world = world
        known = Array(repeating: [:], count: Script.devices)
        for name in ["林小梅", "胡敏", "陈建国"] {
            devices.append(try await world.device(named: name, areas: Town.gaoting))
        }
        devices.append(
            try await world.device(named: "周审核", areas: Town.county, role: .reviewer)
        )
    }

    private func play(_ script: Script, _ delivery: Delivery) async throws {
        for step in script.steps {
            world.clock.advance(by: 1000)
            if step.device != sender { try await deliver(delivery) }
            sender = step.device
            if case .read = step.act {
                try await deliver(delivery)
                try await read(step.device)
                continue
            }
            guard let change = try await change(for: step, delivery) else { continue }
            waiting.append(change)
            if delivery == .single { try await deliver(delivery) }
        }
        try await deliver(delivery)
    }

    private func deliver(_ delivery: Delivery) async throws {
        guard !waiting.isEmpty else { return }
        let first = devices[sender].payloads.count + 1
        devices[sender].number(waiting.map(\.payload))
        let range = first...devices[sender].payloads.count
        let outcomes = try await devices[sender].resend(range).outcomes
        if delivery == .twice {
            let again = try await devices[sender].resend(range).outcomes
            guard again == outcomes else {
                throw SyncError("told_otherwise", "The same batch was answered otherwise", hint: "")
            }
        }
        for (change, outcome) in zip(waiting, outcomes) {
            sent.append(Sent(device: devices[sender].id, change: change, outcome: outcome))
        }
        waiting = []
    }

    private func read(_ device: Int) async throws {
        for id in Script.people {
            guard let state = try await world.record(id)?.state else { continue }
            known[device][id] = (state.revision.rawValue, state.stamps.clock)
        }
    }

    private func change(for step: Script.Step, _ delivery: Delivery) async throws -> Change? {
        if case .resolve(let place, let choice) = step.act {
            try await deliver(delivery)
            try await read(step.device)
            return try await resolution(place, choice)
        }
        let device = devices[step.device]
        let seen = known[step.device][step.record]
        var change = device.change(step.record, to: Person(), saw: seen?.revision ?? 0)
        change.observedAt = max(step.clock, (seen?.clock ?? 0) + 1)
        known[step.device][step.record] = seen.map { ($0.revision, change.observedAt) }
        switch step.act {
        case .say(let fields, let removed, let clears):
            guard seen != nil else {
                change.fields = person("生", in: Town.gaoting).fieldMap
                    .setting(text: step.record == id(1) ? "E1" : "E2", of: 4)
                    .setting(varint: 2, of: 3).merging(fields)
                return change
            }
            change.fields = fields
            change.removed = removed
            change.clears = clears
            return change.touched.isEmpty ? nil : change
        case .delete: change.deletion = .init(reason: 1, text: "")
        case .undelete: change.undelete = true
        case .redirect(let target): change.redirect = target
        case .split: change.split = true
        case .read, .resolve: return nil
        }
        return seen == nil ? nil : change
    }

    private func resolution(
        _ place: Int,
        _ choice: Change.Resolution.Choice
    ) async throws -> Change? {
        let reviewer = try await world.principal(devices[Script.reviewer])
        let open = try await world.service.openConflicts(for: reviewer).conflicts
        guard place < open.count else { return nil }
        let conflict = open[place]
        return devices[Script.reviewer].resolution(
            of: conflict.entry,
            choice,
            saw: conflict.place.revision.rawValue
        )
    }
}
