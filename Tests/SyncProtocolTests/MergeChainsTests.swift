import Chance
import SyncProtocol
import Testing
import TestSupport

/// What several devices did in a row, none having seen another's, in every interleaving of the chains.
///
/// A failure names its seed; RESIDENCE_SEEDS in the environment tries more.
struct MergeChainsTests {
    private let noon = Sample.noon

    @Test("[M-04] [M-11] values that the later observation decides are the same in the end")
    func laterObservation() {
        for seed in Seeds.first(150) {
            let chains = Chains(seed: seed) { $0.policy == .laterObservation && $0.owner == nil }
            let results = Set(chains.ends.map(\.fields))
            guard results.count == 1 else {
                Issue.record("seed \(seed): \(results.count) different records")
                return
            }
        }
    }

    @Test("[M-05] [M-11] dates that the earliest or the latest decides are the same in the end")
    func dates() {
        for seed in Seeds.first(150) {
            let chains = Chains(seed: seed) { $0.policy == .earliest || $0.policy == .latest }
            let results = Set(chains.ends.map(\.fields))
            guard results.count == 1 else {
                Issue.record("seed \(seed): \(results.count) different records")
                return
            }
        }
    }

    @Test("[M-05] [M-11] a date that its author loosened meets another's in every order alike")
    func loosened() {
        let begun = Story.begun(
            Registration.recordType,
            with: registration { $0.reportedOn = 20_260_110 }
        )
        let dates = { (day: Int32) in registration { $0.reportedOn = day } }
        let chains = Chains(
            begun,
            [
                (Sample.chen, [dates(20_260_101), dates(20_260_105)]),
                (Sample.hu, [dates(20_260_103)]),
            ]
        )

        for story in chains.ends { #expect(story.fields.number(of: 5) == 20_260_103) }
    }

    @Test("[M-06] [M-11] sets are the same in the end")
    func sets() {
        for seed in Seeds.first(150) {
            let chains = Chains(seed: seed) { $0.isSet && $0.owner == nil }
            let results = Set(chains.ends.map(\.fields))
            guard results.count == 1 else {
                Issue.record("seed \(seed): \(results.count) different records")
                return
            }
        }
    }

    @Test("[M-06] what one adds stays, though another adds it, too, and takes that back")
    func additionStays() {
        let begun = Story.begun(Person.recordType, with: person { $0.name = "王芳" })
        let phone = person { $0.phones = ["1"] }
        let chains = Chains(
            begun,
            [
                (Sample.chen, [phone]),
                (Sample.hu, [phone, FieldMap()]),
            ],
            removing: phone
        )

        for story in chains.ends { #expect(story.fields.texts(of: 14) == ["1"]) }
    }

    @Test("[M-06] [M-11] what two added, and each took back, is gone in every order")
    func bothTakeBack() {
        let begun = Story.begun(Person.recordType, with: person { $0.name = "王芳" })
        let phone = person { $0.phones = ["1"] }
        let chains = Chains(
            begun,
            [
                (Sample.chen, [phone, FieldMap()]),
                (Sample.hu, [phone, FieldMap()]),
            ],
            removing: phone
        )

        for story in chains.ends { #expect(story.fields.texts(of: 14).isEmpty) }
    }

    @Test("[M-03] a device's own consecutive changes never contest each other")
    func ownChanges() {
        for seed in Seeds.first(150) {
            let chains = Chains(seed: seed) { $0.owner == nil }
            let own = chains.ends.flatMap(\.conflicts)
                .filter { $0.standing.device == $0.proposed.device }
            guard own.isEmpty else {
                Issue.record("seed \(seed): \(own.map(\.fields))")
                return
            }
        }
    }

    @Test("[M-09] what a device said last of a field stands in the end, or is in an entry")
    func lastWords() {
        for seed in Seeds.first(150) {
            let chains = Chains(seed: seed) { $0.owner == nil && !$0.isSet }
            for story in chains.ends {
                let lost = chains.lastWords.filter { !story.keeps($0.said, of: $0.unit) }
                guard lost.isEmpty else {
                    Issue.record("seed \(seed): \(lost.map { $0.unit })")
                    return
                }
            }
        }
    }

    @Test(
        "[M-09] [M-10] one says S, another says S and then V: S stands, or is in an entry with V",
        arguments: [1, 17] as [UInt32],
        [-1, 0, 1] as [Int64]
    )
    func sameThenAnother(field: UInt32, later: Int64) {
        let begun = Story.begun(
            Person.recordType,
            with: FieldMap().setting(text: "甲", of: field)
        )
        let (same, other) = ("乙", "丙")
        let base = begun.seen
        let says = { (text: String, time: Int64) in
            begun.change(FieldMap().setting(text: text, of: field), saw: base, at: time)
        }
        let first = [(says(same, noon + 500), Sample.chen)]
        let second = [
            (says(same, noon + 400 + later * 200), Sample.hu),
            (says(other, noon + 500 + later * 200), Sample.hu),
        ]

        for order in interleavings(of: [first, second]) {
            let story = begun.after(order)
            for text in [same, other] {
                let said = FieldMap().setting(text: text, of: field)
                #expect(story.keeps(said, of: [field]), "\(text) after \(order.map { $0.1.name })")
            }
        }
    }
}

/// A record that everybody has seen, and what each device did to it in a row.
private struct Chains {
    typealias Chain = [(Change, Author)]

    let begun: Story
    let chains: [Chain]

    /// The record after each interleaving of the chains.
    var ends: [Story] { interleavings(of: chains).map { begun.after($0) } }

    /// Two chains of up to three changes or three of two, to those fields of a record that are wanted.
    init(seed: UInt64, _ isWanted: (RecordField) -> Bool) {
        var maker = ChangeMaker(random: SplitMix64(seed: seed), scope: .reviewed)
        var begun = maker.creation()
        while !begun.type.fields.contains(where: isWanted) { begun = maker.creation() }
        let wanted = begun.type.fields.filter(isWanted).map(\.number)
        let count = Int(2 + maker.random.next() % 2)
        let base = begun.seen
        chains = Sample.coordinators.dropFirst().prefix(count).map { author in
            var mine = begun
            var chain: Chain = []
            for _ in 0..<(count == 2 ? Int(2 + maker.random.next() % 2) : 2) {
                var change = maker.edit(of: mine).only(wanted)
                guard !change.touched.isEmpty else { continue }
                mine.arrives(change, from: author)
                // What is not answered yet has the base of the earliest such change [B-02].
                change.base = base
                chain.append((change, author))
            }
            return chain
        }
        self.begun = begun
    }

    /// Chains of values, each author's own; where there is no value, elements are removed instead.
    init(
        _ begun: Story,
        _ chains: [(Author, [FieldMap])],
        removing removed: FieldMap = FieldMap()
    ) {
        self.begun = begun
        self.chains = chains.map { author, values in
            values.enumerated().map { index, value in
                let time = Sample.noon + 1 + Int64(index)
                let change = begun.change(
                    value,
                    at: time,
                    removing: value.isEmpty ? removed : FieldMap()
                )
                return (change, author)
            }
        }
    }

    /// What each device said last of each field or group.
    var lastWords: [(unit: [UInt32], said: FieldMap)] {
        chains.flatMap { chain in
            let units = Set(chain.flatMap { $0.0.touched }.map { begun.type.unit(of: $0) })
            return units.compactMap { unit in
                chain.last { !Set($0.0.touched).isDisjoint(with: unit) }
                    .map { (unit: unit, said: $0.0.fields.keeping(unit)) }
            }
        }
    }
}

extension Change {
    /// The change as far as it is about some fields.
    fileprivate func only(_ numbers: [UInt32]) -> Change {
        var change = self
        change.fields = fields.keeping(numbers)
        change.removed = removed.keeping(numbers)
        change.clears = clears.filter(numbers.contains)
        return change
    }
}

extension Story {
    /// Whether a value of some fields stands, or is in a conflict entry about them.
    fileprivate func keeps(_ said: FieldMap, of unit: [UInt32]) -> Bool {
        let entries = conflicts.filter { $0.fields == unit }
        return fields.keeping(unit) == said
            || entries.contains { [$0.standing.values, $0.proposed.values].contains(said) }
    }
}

/// Every way in which some sequences can be laid into one, each staying in its own order.
private func interleavings<Element>(of chains: [[Element]]) -> [[Element]] {
    let waiting = chains.filter { !$0.isEmpty }
    guard !waiting.isEmpty else { return [[]] }
    return waiting.indices.flatMap { index in
        var rest = waiting
        let first = rest[index].removeFirst()
        return interleavings(of: rest).map { [first] + $0 }
    }
}
