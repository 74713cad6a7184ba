public import SyncProtocol

/// What a change of the map will come to, or came to.
public struct AreaPlan: Hashable, Encodable, Sendable {
    /// A device whose next grant follows.
    public struct Follower: Hashable, Encodable, Sendable {
        /// The device.
        public var device: DeviceID
        /// What the operator calls it.
        public var name: String
        /// Its areas before.
        public var before: [AreaCode]
        /// Its areas afterwards.
        public var after: [AreaCode]
        /// How many changes waited on it when it last synced.
        public var pending: UInt64
    }

    /// An area that is concerned, and how many records stand there.
    public struct Place: Hashable, Encodable, Sendable {
        /// The area.
        public var area: AreaCode
        /// Live records.
        public var records: Int
    }

    /// The areas that are changed, those in them included.
    public var from: [Place] = []
    /// What they become.
    public var to: [Place] = []
    /// The devices that follow.
    public var devices: [Follower] = []
    /// Changes in quarantine of those devices about which nothing was decided.
    public var returned = 0
    /// Records that were put into a part by name.
    public var directed = 0
    /// Records that were moved; 0 in a plan.
    public var moved = 0
    /// Whether it was begun before and goes on.
    public var continues = false

    /// How many records stand in what is changed.
    public var records: Int { from.reduce(0) { $0 + $1.records } }
}

extension AreaChange {
    /// Throws where it cannot be done to the areas that there are.
    func check(on map: AreaMap, heads: [AreaHead], devices: [StoredDevice]) throws {
        guard !from.isEmpty, !to.isEmpty, Set(from).count == from.count, Set(to).count == to.count
        else { throw SyncError.areasUnfit("每个区划只写一次", "Name each area once") }
        guard kind == .split ? to.count > 1 && from.count == 1 : to.count == 1 && from != to else {
            throw SyncError.areasUnfit("拆分须有两个以上的新区划", "A split has two parts at least")
        }
        if kind != .split {
            let lengths = Set((from + to).map(\.rawValue.count))
            guard lengths.count == 1 else {
                throw SyncError.areasUnfit(
                    "须是同一级区划",
                    "An area is renamed to, or merged into, one of its own level"
                )
            }
        }
        for area in from {
            guard map.successors(of: area).contains(area) else { throw SyncError.retired(area) }
            let isUsed =
                heads.contains { area.contains($0.area) }
                || devices.contains { $0.grant.areas.contains { area.contains($0) } }
            guard isUsed else { throw SyncError.areaUnused(area) }
        }
        var after = map
        after.changes.append(self)
        for area in to where !from.contains(area) {
            // A code that means something else by now cannot stand for itself again.
            guard after.successors(of: area).contains(area) else { throw SyncError.retired(area) }
        }
        let standing = heads.filter { $0.digest.records > 0 }.map(\.area)
        try checkInner(standing)
        guard kind == .rename, let new = to.first else { return }
        let isTaken =
            standing.contains { new.contains($0) }
            || devices.contains { $0.revoked == nil && $0.grant.areas.contains(new) }
        guard !isTaken else { throw SyncError.areaTaken(new) }
    }

    /// Areas inside those that are changed go with them, and must not meet others.
    private func checkInner(_ standing: [AreaCode]) throws {
        for area in from {
            for inner in standing where area.contains(inner) && inner != area {
                guard kind != .split else { throw SyncError.areaHasParts(area, inner) }
                guard let moved = successors(of: inner).first, !standing.contains(moved) else {
                    throw SyncError.areaTaken(successors(of: inner).first ?? inner)
                }
            }
        }
    }
}

extension SyncError {
    static func areasUnfit(_ zh: String, _ en: String) -> SyncError {
        SyncError("areas_unfit", "\(zh) \(en)", hint: "未作任何改动。 Nothing was changed.")
    }

    static func areaUnused(_ area: AreaCode) -> SyncError {
        SyncError(
            "area_unused",
            "没有记录在此区划，也没有设备负责 No record stands in \(area.rawValue), and no device holds it",
            hint: "请核对代码；residence-syncd area list 列出各区划。 Check the code; it lists the areas.",
            subject: area.rawValue
        )
    }

    static func areaTaken(_ area: AreaCode) -> SyncError {
        SyncError(
            "area_taken",
            "区划代码已在使用 The code \(area.rawValue) is in use already",
            hint:
                "并入已有区划用 area merge；其下的村代码相同时，请先用 area rename 更改。 Use area merge to join it; where villages in both have one code, rename one first.",
            subject: area.rawValue
        )
    }

    static func retired(_ area: AreaCode) -> SyncError {
        SyncError(
            "area_retired",
            "区划代码已被撤销 The code \(area.rawValue) means another area since it was changed",
            hint: "residence-syncd area history 列出历次撤并。 It lists what was done to the map.",
            subject: area.rawValue
        )
    }

    static func areaHasParts(_ area: AreaCode, _ inner: AreaCode) -> SyncError {
        SyncError(
            "area_has_parts",
            "其下的 \(inner.rawValue) 已有自己的代码 Records of \(area.rawValue) stand in \(inner.rawValue), which has its own code",
            hint: "逐个用 area rename 把各村划到新区划。 Rename each village into its new area instead.",
            subject: inner.rawValue
        )
    }

    static func areaUnfinished(_ change: AreaChange) -> SyncError {
        let codes = change.from.map(\.rawValue).joined(separator: " ")
        return SyncError(
            "area_change_unfinished",
            "\(codes) 的拆分尚未完成 The split of \(codes) is not finished",
            hint: "用同一命令和同一文件再运行一次。 Run the same command with the same file once more.",
            subject: codes
        )
    }

    static func directionUnfit(_ id: RecordID, _ area: AreaCode) -> SyncError {
        SyncError(
            "direction_unfit",
            "不能划到 \(area.rawValue) The record \(id) cannot be put into \(area.rawValue)",
            hint: "记录须存在，代码须是 --into 所列。 It must be here, and the code one of --into.",
            subject: id.description
        )
    }
}
