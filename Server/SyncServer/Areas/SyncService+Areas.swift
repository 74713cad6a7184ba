public import SyncProtocol

/// 撤并: areas are renamed, merged and split by one act.
extension SyncService {
    /// How many records are moved in one transaction: others write in between.
    static let areaBatch = 500

    /// What a change of the map would come to; nothing is changed.
    ///
    /// Throws what `change(map:)` would.
    public func plan(
        map change: AreaChange,
        directing: [RecordID: AreaCode] = [:],
        for principal: Principal
    ) async throws -> AreaPlan {
        try principal.check(.areas)
        return try await store.read { transaction in
            let (map, heads, devices) = try transaction.areasNow()
            let begun = map.begun(change)
            if begun == nil { try change.check(on: map, heads: heads, devices: devices) }
            try change.check(directing, in: transaction)
            return try transaction.plan(change, heads, devices, directing, continues: begun != nil)
        }
    }

    // > [P-06] One act changes the map, moves what stands in the former areas and gives every device that held
    // > one its next grant; no record is written to. It is an operator's.

    /// Renames, merges or splits areas; where it was cut off, the same again goes on.
    ///
    /// A split puts records where `directing` says, their registrations with them, and the others into its first
    /// part; the same split again puts records elsewhere. Throws `role_forbidden`, `areas_unfit`, `area_unused`,
    /// `area_taken`, `area_retired`, `area_has_parts`, `direction_unfit`, and `area_change_unfinished` where an
    /// earlier split has to be finished first; then nothing was changed.
    public func change(
        map change: AreaChange,
        directing: [RecordID: AreaCode] = [:],
        for principal: Principal,
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws -> AreaPlan {
        var plan = try await plan(map: change, directing: directing, for: principal)
        try await finishEarlier(than: change)
        let isNew = try await begin(change)
        plan.continues = !isNew
        if isNew { await note(change, plan.records, by: principal) }
        progress(0.05)
        plan.moved += try await put(directing) { progress(0.05 + 0.45 * $0) }
        plan.moved += try await move(change) { progress(0.5 + 0.5 * $0) }
        try await finish(change)
        progress(1)
        return plan
    }

    /// What was done to the map, the first change first.
    public func areaMap() async throws -> AreaMap { try await store.read { try $0.areaMap() } }

    /// The areas with a feed, and how many live records stand in each.
    public func areas() async throws -> [AreaPlan.Place] {
        try await store.read { transaction in
            try transaction.heads(under: AreaCode.everywhere).map {
                AreaPlan.Place(area: $0.area, records: $0.digest.records)
            }
        }
    }

    private func note(_ change: AreaChange, _ count: Int, by principal: Principal) async {
        var access = Access(
            .areas,
            [],
            count: count,
            in: change.from + change.to,
            by: principal,
            at: clock()
        )
        access.reason = "\(change.kind.rawValue): \(change.reason)"
        await accessLog.note(access, through: commits)
    }

    /// Carries on what was cut off before; of a split only its own command knows what goes where.
    private func finishEarlier(than change: AreaChange) async throws {
        for earlier in try await areaMap().changes where !earlier.isDone {
            guard !earlier.isSame(as: change) else { continue }
            guard earlier.kind != .split else { throw SyncError.areaUnfinished(earlier) }
            _ = try await move(earlier) { _ in }
            try await finish(earlier)
        }
    }

    /// Changes the map and the grants, in one transaction; returns whether it was not done before.
    private func begin(_ wanted: AreaChange) async throws -> Bool {
        try await store.write { transaction in
            var (map, heads, devices) = try transaction.areasNow()
            guard map.begun(wanted) == nil else { return false }
            var change = wanted
            try change.check(on: map, heads: heads, devices: devices)
            for device in devices {
                let everHeld = device.grants.flatMap(\.areas)
                let held = map.held(everHeld, by: device.names, under: 0)
                guard held.contains(where: { !change.reach(of: $0).isEmpty }) else { continue }
                change.grants[device.id.description] = device.grant.number
            }
            map.changes.append(change)
            try transaction.set(map.bytes, for: .areaMap)
            for follower in change.followers(among: devices) {
                guard var device = try transaction.device(follower.device) else { continue }
                var next = device.grant
                next.number += 1
                next.areas = follower.after
                device.grants.append(next)
                try transaction.save(device)
            }
            return true
        }
    }

    private func finish(_ done: AreaChange) async throws {
        try await store.write { transaction in
            var map = try transaction.areaMap()
            guard let index = map.changes.lastIndex(where: { $0.isSame(as: done) }) else { return }
            map.changes[index].isDone = true
            try transaction.set(map.bytes, for: .areaMap)
        }
    }

    /// Puts records where somebody said; returns how many were moved.
    private func put(
        _ directing: [RecordID: AreaCode],
        _ progress: (Double) -> Void
    ) async throws -> Int {
        let ids = directing.keys.sorted()
        var moved = 0
        for start in stride(from: 0, to: ids.count, by: Self.areaBatch) {
            let some = Set(ids[start..<min(start + Self.areaBatch, ids.count)])
            moved += try await place(some, directing.filter { some.contains($0.key) })
            progress(Double(start + some.count) / Double(ids.count))
        }
        return moved
    }

    /// Moves what stands in the former areas, a few at a time; returns how many were moved.
    private func move(_ change: AreaChange, _ progress: (Double) -> Void) async throws -> Int {
        let heads = try await store.read { try $0.heads(under: change.from) }
        let total = heads.reduce(0) { $0 + Double($1.head.rawValue) }
        var (done, moved) = (0.0, 0)
        for head in heads {
            var last = Position.start
            // What arrives from now on is placed by the new map.
            while last < head.head {
                let after = last
                let (ids, end) = try await store.read { transaction in
                    try transaction.standing(in: head.area, after: after, limit: Self.areaBatch)
                }
                if !ids.isEmpty { moved += try await place(ids, [:]) }
                last = end ?? head.head
                progress(min(1, (done + Double(last.rawValue)) / max(1, total)))
            }
            done += Double(head.head.rawValue)
        }
        return moved
    }

    /// Puts some records, and what goes with them, where they stand by now; returns how many moved.
    private func place(_ ids: Set<RecordID>, _ directed: [RecordID: AreaCode]) async throws -> Int {
        let (schema, now) = (schema, clock())
        return try await store.write { transaction in
            let records = WorkingSet(transaction, schema: schema)
            try records.load(ids.sorted())
            try Placing(records: records, schema: schema, now: now)
                .run(in: transaction, moving: ids, directed: directed)
            return records.moved
        }
    }
}

extension AreaChange {
    /// The devices in use whose grant does not mean the same afterwards.
    func followers(among devices: [StoredDevice]) -> [AreaPlan.Follower] {
        devices.filter { $0.revoked == nil && !$0.grants.isEmpty }.compactMap { device in
            let before = device.grant.areas
            let after = before.flatMap { successors(of: $0) }.firstOfEach
            guard after != before else { return nil }
            return AreaPlan.Follower(
                device: device.id,
                name: device.name,
                before: before,
                after: after,
                pending: device.pending
            )
        }
    }

    /// Throws `direction_unfit`.
    fileprivate func check(
        _ directing: [RecordID: AreaCode],
        in transaction: some StoreReader
    ) throws {
        let known = try transaction.records(directing.keys)
        for (id, area) in directing.sorted(by: { $0.key < $1.key }) {
            guard kind == .split, to.contains(area), known[id] != nil else {
                throw SyncError.directionUnfit(id, area)
            }
        }
    }
}

extension StoreReader {
    fileprivate func areasNow() throws -> (AreaMap, [AreaHead], [StoredDevice]) {
        (try areaMap(), try heads(under: AreaCode.everywhere), try devices())
    }

    /// What a change comes to.
    fileprivate func plan(
        _ change: AreaChange,
        _ heads: [AreaHead],
        _ devices: [StoredDevice],
        _ directing: [RecordID: AreaCode],
        continues: Bool
    ) throws -> AreaPlan {
        var plan = AreaPlan()
        plan.from = heads.filter { head in change.from.contains { $0.contains(head.area) } }
            .map { AreaPlan.Place(area: $0.area, records: $0.digest.records) }
        plan.to = change.to.map { area in
            AreaPlan.Place(
                area: area,
                records: heads.filter { $0.area == area }.reduce(0) { $0 + $1.digest.records }
            )
        }
        plan.devices = continues ? [] : change.followers(among: devices)
        plan.directed = directing.count
        plan.continues = continues
        let following = Set(plan.devices.map(\.device))
        var last: UInt64 = 0
        while true {
            let page = try returned(after: last, unsettledOnly: true, limit: 500)
            plan.returned += page.count { following.contains($0.change.device) }
            guard let end = page.last else { return plan }
            last = end.id
        }
    }

    /// What stands in an area above a position, and the last position looked at; `nil` at the end: live records, and
    /// those that were erased by law, of which whoever held the area has to hear [E-02].
    fileprivate func standing(
        in area: AreaCode,
        after position: Position,
        limit: Int
    ) throws -> (Set<RecordID>, Position?) {
        var ids: Set<RecordID> = []
        var last: Position?
        try feed(of: area, after: position) { entry in
            last = entry.position
            if case .record(let copy, _) = entry.content, !copy.isDeleted || copy.isErased {
                ids.insert(copy.id)
            }
            return ids.count < limit
        }
        return (ids, ids.count < limit ? nil : last)
    }
}
