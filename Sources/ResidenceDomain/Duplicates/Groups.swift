internal import SyncProtocol

/// An element of a list by its index, under a key that it has in common with those like it.
struct Keyed {
    let key: UInt64
    let index: Int
}

/// Brings together what has one key, so that only those are compared.
///
/// A crowd never becomes all its pairs: in a group of more than 200, each is compared with the
/// twenty that follow it in the list, and the pairs further apart are left out. So many people of
/// one name and birth date, or of one number, are a placeholder and not a family of duplicates.
enum Groups {
    /// Groups larger than this are crowds.
    static let crowd = 200
    private static let reachInCrowd = 20

    /// Visits the groups of two and more, each in the order of the list.
    static func visit(_ keyed: [Keyed], _ visit: (ArraySlice<Keyed>) -> Void) {
        let sorted = keyed.sorted { ($0.key, $0.index) < ($1.key, $1.index) }
        sorted.visitRuns(of: \.key) { group in
            if group.count > 1 { visit(group) }
        }
    }

    /// Visits the pairs of a group by their indices, the earlier one first.
    static func visitPairs(in group: ArraySlice<Keyed>, _ visit: (Int, Int) -> Void) {
        let reach = group.count > crowd ? reachInCrowd : group.count
        for one in group.indices {
            for other in group[(one + 1)...].prefix(reach) {
                visit(group[one].index, other.index)
            }
        }
    }

    /// The pairs within the groups that are not larger than said.
    static func likenesses(
        _ keyed: [Keyed],
        _ reason: DuplicatePair.Reason,
        inGroupsUpTo largest: Int = .max
    ) -> [Likeness] {
        var likenesses: [Likeness] = []
        visit(keyed) { group in
            guard group.count <= largest else { return }
            visitPairs(in: group) { likenesses.append(Likeness($0, $1, reason)) }
        }
        return likenesses
    }
}

extension Array {
    /// Visits the stretches of neighbours that have one key, in their order.
    func visitRuns(of key: (Element) -> UInt64, _ visit: (ArraySlice<Element>) -> Void) {
        var start = startIndex
        while start < endIndex {
            let common = key(self[start])
            var end = start + 1
            while end < endIndex, key(self[end]) == common { end += 1 }
            visit(self[start..<end])
            start = end
        }
    }
}

/// Keys under which equal things meet: the same in every run, and hardly ever one for two things.
enum LikenessKey {
    /// The key of a text's bytes (FNV-1a).
    static func of(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0100_0000_01B3 }
        return mixed(hash)
    }

    /// The key of a character at its position; the sum of them is the key of the whole.
    static func of(_ character: UInt16, at position: Int) -> UInt64 {
        mixed(UInt64(position) << 16 | UInt64(character))
    }

    /// Spreads a number over all bits (SplitMix64).
    private static func mixed(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
