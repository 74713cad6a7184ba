internal import SyncProtocol
internal import SyncServer

/// The map as the authorities have it: which townships there are, and what became of those that there were 撤并.
///
/// The oracle's own, beside the server's: neither asks the other.
struct WorldMap {
    /// What was done to the map once.
    struct Redrawing: Hashable, Sendable {
        /// What was done.
        var kind: AreaChange.Kind
        /// The townships that are no more, or of which a part went elsewhere.
        var from: [AreaCode]
        /// What they became, first the part that takes what nobody put elsewhere.
        var to: [AreaCode]

        /// What some townships are after it, each once.
        func applied(to codes: [AreaCode]) -> [AreaCode] {
            var seen: Set<AreaCode> = []
            return codes.flatMap { from.contains($0) ? to : [$0] }.filter {
                seen.insert($0).inserted
            }
        }

        /// Whether the server has done it.
        func isDone(by server: AreaMap) -> Bool {
            server.changes.contains {
                $0.isDone && $0.kind == kind && $0.from == from && $0.to == to
            }
        }
    }

    /// Four townships of two islands at first.
    private(set) var towns = ["330921101", "330921102", "330921103", "330922101"]
        .compactMap { AreaCode($0) }
    /// Everything that was done, the first redrawing first.
    private(set) var redrawings: [Redrawing] = []
    private var drawn = 0

    /// A code that no township ever had.
    mutating func freshCode() -> AreaCode? {
        drawn += 1
        return AreaCode("330921\(150 + drawn)")
    }

    mutating func add(_ redrawing: Redrawing) {
        redrawings.append(redrawing)
        towns = current(towns)
    }

    /// What townships that somebody named mean today; a code that is wider than a township is what it was.
    func current(_ codes: [AreaCode]) -> [AreaCode] {
        var seen: Set<AreaCode> = []
        return codes.flatMap { successors(of: $0) }.filter { seen.insert($0).inserted }
    }

    /// The townships in one of which something stands that names a code.
    func successors(of code: AreaCode) -> [AreaCode] {
        redrawings.reduce([code]) { codes, redrawing in
            codes.flatMap { redrawing.from.contains($0) ? redrawing.to : [$0] }
        }
    }
}
