internal import Foundation
public import SyncProtocol

/// What the authorities did to the map 撤并: areas were renamed, merged into another, or split.
public struct AreaChange: Hashable, Codable, Sendable {
    /// What was done.
    public enum Kind: String, Hashable, Codable, Sendable {
        /// One area, and every area in it, has another code 更名.
        case rename
        /// Some areas became part of another one 合并.
        case merge
        /// One area became several 拆分.
        case split
    }

    /// What was done.
    public var kind: Kind
    /// The areas that it was done to; one where the kind is not a merge.
    public var from: [AreaCode]
    /// What they became: one area, or the parts, first the one that takes what nobody has put elsewhere.
    public var to: [AreaCode]
    /// Who had it done.
    public var by: String
    /// Why, in words: the document that ordered it.
    public var reason: String
    /// When, in milliseconds since 1970, by the server's clock.
    public var at: Int64
    /// Whether everything has been moved.
    public var isDone = false
    /// The last grant by then of each device that ever held any of it, by the device's id.
    var grants: [String: UInt64] = [:]

    /// What is to be done to the map.
    public init(
        _ kind: Kind,
        _ from: [AreaCode],
        to: [AreaCode],
        by name: String,
        reason: String = "",
        at time: Int64
    ) {
        self.kind = kind
        self.from = from
        self.to = to
        by = name
        self.reason = reason
        at = time
    }

    /// Whether it says the same as another one, whoever asked for it.
    func isSame(as other: AreaChange) -> Bool {
        kind == other.kind && Set(from) == Set(other.from) && to == other.to
    }

    /// What an area's code means after it, which it is itself where nothing was done to it.
    func successors(of code: AreaCode) -> [AreaCode] {
        guard kind != .split else { return from.contains(code) ? to : [code] }
        guard let former = from.first(where: { $0.contains(code) }), let target = to.first else {
            return [code]
        }
        // An area inside a renamed one is renamed with it.
        let digits = target.rawValue + code.rawValue.dropFirst(former.rawValue.count)
        return [AreaCode(digits) ?? target]
    }

    /// What whoever held an area has to do with after it, besides that area.
    func reach(of code: AreaCode) -> [AreaCode] {
        let around = from.contains { code.contains($0) && code != $0 }
        return (successors(of: code) + (around ? to : [])).filter { $0 != code }
    }
}

/// Every change of the map, the first one first: what a code that somebody wrote down means today.
///
/// > [P-05] A code that was renamed, merged or split means its successor, for ever: a record stands there,
/// > whenever its code was written down and whenever it arrives. The record keeps the code that its author wrote.
public struct AreaMap: Hashable, Sendable {
    /// The changes, in the order in which they were made.
    public var changes: [AreaChange] = []

    /// A map to which nothing was done.
    public init() {}

    /// The change that is the last one to concern any of another's areas, where it says the same.
    func begun(_ change: AreaChange) -> AreaChange? {
        let codes = change.from + change.to
        let last = changes.last { !Set($0.from + $0.to).isDisjoint(with: codes) }
        return last.flatMap { $0.isSame(as: change) ? $0 : nil }
    }

    init(bytes: [UInt8]) throws {
        // Most maps are as they always were, and every batch asks.
        guard bytes != Array("[]".utf8) else { return }
        guard let changes = try? JSONDecoder().decode([AreaChange].self, from: Data(bytes)) else {
            throw SyncError.settingsDamaged
        }
        self.changes = changes
    }

    var bytes: [UInt8] {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            return Array(try encoder.encode(changes))
        }
    }

    /// The areas in one of which a record stands that names a code, first the one where it does unless it was
    /// put elsewhere; almost always one.
    public func successors(of code: AreaCode) -> [AreaCode] {
        changes.reduce([code]) { codes, change in
            codes.flatMap { change.successors(of: $0) }.firstOfEach
        }
    }

    // > [P-07] A grant given afterwards means the map as it is then.

    /// What an assignment of areas means today: a code that is in use means itself, also where a part that was split
    /// off kept it; one that is not, what became of it.
    func current(_ areas: [AreaCode]) -> [AreaCode] {
        areas.flatMap { code in
            let successors = successors(of: code)
            return successors.contains(code) ? [code] : successors
        }.firstOfEach
    }

    /// What an assignment that was made at a time, in milliseconds since 1970, means today: of what its codes meant
    /// then, all that became of it.
    func current(_ areas: [AreaCode], assignedAt time: Int64) -> [AreaCode] {
        var (then, since) = (AreaMap(), AreaMap())
        then.changes = changes.filter { $0.at <= time }
        since.changes = changes.filter { $0.at > time }
        return then.current(areas).flatMap { since.successors(of: $0) }.firstOfEach
    }

    // > [P-07] What was captured under a grant that held the former area is accepted however late it arrives.

    /// Where a device may have captured under one of its grants: its areas, and what became of them since.
    ///
    /// `names` are the device's own id, then those of the ones that it goes on from: an act that came before it
    /// knew it by those.
    func held(_ areas: [AreaCode], by names: [DeviceID], under grant: UInt64) -> [AreaCode] {
        changes.reduce(areas) { held, change in
            // A grant that was given afterwards meant the map as it was then.
            let last = names.lazy.compactMap { change.grants[$0.description] }.first
            guard let last, grant <= last else { return held }
            return (held + held.flatMap { change.reach(of: $0) }).firstOfEach
        }
    }
}

extension [AreaCode] {
    /// Each area once, where it comes first.
    var firstOfEach: [AreaCode] {
        var seen: Set<AreaCode> = []
        return filter { seen.insert($0).inserted }
    }
}

extension StoreReader {
    /// What was done to the map.
    ///
    /// Whoever writes holds it until the transaction ends: nobody places a record by a map that is changed meanwhile.
    public func areaMap() throws -> AreaMap {
        guard let bytes = try setting(.areaMap) else { return AreaMap() }
        return try AreaMap(bytes: bytes)
    }
}
