internal import SyncProtocol

/// Finds document numbers that are the same but for one slip.
///
/// Only numbers of one document type are compared. A slip is a character replaced, lost or added,
/// or two characters exchanged, wherever they stand.
enum NearNumbers {
    /// Every pair of people whose numbers are equal or nearly so.
    static func likenesses(among people: [ComparedPerson]) -> [Likeness] {
        let shelves = byShape(people)
        var likenesses: [Likeness] = []
        for (shape, shelf) in shelves {
            likenesses += shelf.equal
            likenesses += shelf.withOneReplaced
            likenesses += shelf.withTwoExchanged
            if let longer = shelves[shape.oneLonger] {
                likenesses += shelf.withOneLost(of: longer)
            }
        }
        return likenesses
    }

    private static func byShape(
        _ people: [ComparedPerson]
    ) -> [ComparedNumber.Shape: NumberShelf] {
        var shelves: [ComparedNumber.Shape: NumberShelf] = [:]
        for (place, person) in people.enumerated() {
            guard let number = person.number else { continue }
            shelves[number.shape, default: NumberShelf()].add(number, of: place)
        }
        return shelves
    }
}

/// The numbers of one document type and one length, with the places of their people.
struct NumberShelf {
    private struct Holding {
        let place: Int
        let number: ComparedNumber
    }

    private var holdings: [Holding] = []

    init() {}

    private init(_ holdings: [Holding]) { self.holdings = holdings }

    mutating func add(_ number: ComparedNumber, of place: Int) {
        holdings.append(Holding(place: place, number: number))
    }

    /// People of one number.
    var equal: [Likeness] {
        likenesses(by: { $0.key }, where: { $0.characters == $1.characters })
    }

    /// People whose numbers differ in one character: they meet where it is left out.
    var withOneReplaced: [Likeness] {
        positions.flatMap { position in
            likenesses(by: { $0.key(without: position) }, where: { $0.hasOneReplaced(in: $1) })
        }
    }

    /// People in whose numbers two characters changed places: they meet among all those of the
    /// same characters.
    ///
    /// Many numbers have the same characters by chance, so here no crowd may be passed over: its
    /// numbers meet again where two positions are left out, and then nearly all are apart.
    var withTwoExchanged: [Likeness] {
        var likenesses: [Likeness] = []
        Groups.visit(keyed { $0.keyInAnyOrder }) { group in
            if group.count > Groups.crowd {
                let shelf = NumberShelf(group.map { holdings[$0.index] })
                likenesses += shelf.withTwoExchangedByPosition
            } else {
                likenesses += near(group) { $0.hasTwoExchanged(in: $1) }
            }
        }
        return likenesses
    }

    private var withTwoExchangedByPosition: [Likeness] {
        positions.flatMap { one in
            positions.dropFirst(one + 1).flatMap { two in
                likenesses(
                    by: { $0.key(without: one) &- LikenessKey.of($0.characters[two], at: two) },
                    where: { $0.hasTwoExchanged(in: $1) }
                )
            }
        }
    }

    /// People whose numbers are those of a shelf of longer ones, with a character lost.
    ///
    /// Of a number that a crowd holds, the first holders stand for all.
    func withOneLost(of longer: NumberShelf) -> [Likeness] {
        let byKey = Dictionary(grouping: holdings) { $0.number.key }
        var likenesses: [Likeness] = []
        for long in longer.holdings {
            for key in long.number.keysWithOneMissing {
                for short in (byKey[key] ?? []).prefix(Groups.crowd)
                where short.number.hasLostOne(of: long.number) {
                    likenesses.append(Likeness(short.place, long.place, .documentNumber))
                }
            }
        }
        return likenesses
    }

    private var positions: Range<Int> { 0..<(holdings.first?.number.characters.count ?? 0) }

    private func keyed(by key: (ComparedNumber) -> UInt64) -> [Keyed] {
        holdings.indices.map { Keyed(key: key(holdings[$0].number), index: $0) }
    }

    private func likenesses(
        by key: (ComparedNumber) -> UInt64,
        where isNear: (ComparedNumber, ComparedNumber) -> Bool
    ) -> [Likeness] {
        var likenesses: [Likeness] = []
        Groups.visit(keyed(by: key)) { likenesses += near($0, isNear) }
        return likenesses
    }

    /// The pairs of a group that are near indeed, and not by an accident of keys.
    private func near(
        _ group: ArraySlice<Keyed>,
        _ isNear: (ComparedNumber, ComparedNumber) -> Bool
    ) -> [Likeness] {
        var likenesses: [Likeness] = []
        Groups.visitPairs(in: group) { one, other in
            let (one, other) = (holdings[one], holdings[other])
            guard isNear(one.number, other.number) else { return }
            likenesses.append(Likeness(one.place, other.place, .documentNumber))
        }
        return likenesses
    }
}
