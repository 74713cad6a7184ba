internal import SyncProtocol

/// One way in which two people are alike; each is named by the place in a list of people.
struct Likeness {
    /// Both places, the smaller one above: pairs sort by it.
    let pair: UInt64
    let reason: DuplicatePair.Reason

    init(_ one: Int, _ other: Int, _ reason: DuplicatePair.Reason) {
        pair = UInt64(min(one, other)) << 32 | UInt64(max(one, other))
        self.reason = reason
    }

    /// The smaller place.
    var first: Int { Int(pair >> 32) }
    /// The larger place.
    var second: Int { Int(pair & 0xFFFF_FFFF) }
}

/// Keeps the likeliest of the pairs that it is offered, and no more than are wanted.
struct BestPairs {
    private let limit: Int
    private var byScore: [Int: [DuplicatePair]] = [:]

    init(limit: Int) { self.limit = max(0, limit) }

    /// Takes a pair in; those of one score come in the order in which they shall be named.
    mutating func offer(_ pair: DuplicatePair) {
        guard byScore[pair.score, default: []].count < limit else { return }
        byScore[pair.score, default: []].append(pair)
    }

    /// The likeliest pairs, the best first.
    var pairs: [DuplicatePair] {
        let ranked = byScore.sorted { $0.key > $1.key }.flatMap(\.value)
        return Array(ranked.prefix(limit))
    }
}
