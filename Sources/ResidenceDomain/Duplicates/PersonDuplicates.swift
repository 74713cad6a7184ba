public import SyncProtocol

/// Finds people who may have been registered twice.
///
/// Two people are proposed whose document numbers of one type are equal or differ by one slip,
/// who have the same name and birth date, or who share a phone. A phone of more than five people
/// is a landlord's or an employer's: it supports another reason, and is none by itself. The order
/// in which people were added makes no difference; of more than 200 with one name and birth date,
/// or with one number, only some pairs are proposed.
public struct PersonDuplicates: DuplicateFinder {
    private static let mostToShareAPhone = 5

    private var people: [RecordID: ComparedPerson] = [:]

    /// A finder that has seen nobody.
    public init() {}

    /// Takes a person in; whoever is added again counts as added last.
    public mutating func add(_ id: RecordID, _ fields: FieldMap) {
        people[id] = ComparedPerson(id, fields)
    }

    /// The pairs, the likeliest first, then by ids.
    public func pairs(limit: Int) -> [DuplicatePair] {
        let people = self.people.values.sorted { $0.id < $1.id }
        var likenesses = NearNumbers.likenesses(among: people)
        likenesses += Self.sameNameAndBirthDate(among: people)
        likenesses += Self.samePhone(among: people)
        return Self.best(of: likenesses, among: people, limit: limit)
    }

    private static func sameNameAndBirthDate(among people: [ComparedPerson]) -> [Likeness] {
        let keyed = people.indices.compactMap { place in
            people[place].nameAndBirthDate.map { Keyed(key: $0, index: place) }
        }
        return Groups.likenesses(keyed, .nameAndBirthDate)
    }

    private static func samePhone(among people: [ComparedPerson]) -> [Likeness] {
        let keyed = people.indices.flatMap { place in
            people[place].phones.map { Keyed(key: $0, index: place) }
        }
        return Groups.likenesses(keyed, .phone, inGroupsUpTo: mostToShareAPhone)
    }

    /// The likeliest pairs, each with all its reasons.
    ///
    /// People are in the order of their ids, and so are the pairs of one score.
    private static func best(
        of likenesses: [Likeness],
        among people: [ComparedPerson],
        limit: Int
    ) -> [DuplicatePair] {
        var best = BestPairs(limit: limit)
        let sorted = likenesses.sorted { $0.pair < $1.pair }
        sorted.visitRuns(of: \.pair) { run in
            guard let likeness = run.first else { return }
            let (one, other) = (people[likeness.first], people[likeness.second])
            var reasons = Set(run.map(\.reason))
            if one.sharesPhone(with: other) { reasons.insert(.phone) }
            best.offer(DuplicatePair(one.id, other.id, reasons: reasons))
        }
        return best.pairs
    }
}
