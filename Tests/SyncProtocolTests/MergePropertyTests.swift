import Chance
import SyncProtocol
import Testing
import TestSupport

/// What holds for every record and whatever devices do to it; a failure names its seed.
struct MergePropertyTests {
    private static let seeds = Seeds.first(300)

    @Test("[M-11] automatic policies give the same record whatever the order of arrival")
    func orderOfArrival() {
        for seed in Self.seeds {
            let collision = Collision(seed: seed, .automatic)
            let results = orders(of: collision.arrivals).map { collision.begun.after($0).fields }
            guard Set(results).count == 1 else {
                Issue.record("seed \(seed): \(Set(results).count) different records")
                return
            }
        }
    }

    @Test("[M-11] authority gives the same record whatever the order of arrival")
    func orderOfArrivalWithDepartments() {
        for seed in Self.seeds {
            let collision = Collision(seed: seed, .owned)
            let results = orders(of: collision.arrivals).map { collision.begun.after($0).fields }
            guard Set(results).count == 1 else {
                Issue.record("seed \(seed): \(Set(results).count) different records")
                return
            }
        }
    }

    @Test("[M-11] a clock that is behind the record's does not let the order of arrival decide")
    func clocksBehind() {
        let begun = Story.begun(Person.recordType, with: person { $0.remark = "门卫" })
        let base = begun.seen
        let arrivals = [
            (begun.change(person { $0.remark = "厨师" }, saw: base, at: 5), Sample.chen),
            (begun.change(person { $0.remark = "保安" }, saw: base, at: 6), Sample.hu),
        ]

        let results = orders(of: arrivals).map { begun.after($0).fields }

        #expect(Set(results).count == 1)
    }

    @Test(
        "[M-03] clocks may be arbitrarily wrong: what is contested does not change, nothing is lost, and all agree [I11]",
        arguments: [Collision.Scope.automatic, .reviewed]
    )
    func wrongClocks(scope: Collision.Scope) {
        let decades = Int64(40) * 365 * 24 * 3600 * 1000
        for seed in Self.seeds {
            let collision = Collision(seed: seed, scope)
            var random = SplitMix64(seed: seed ^ 0xC10C)
            let shifts = collision.arrivals.map { _ in
                [-decades, -1, 0, 1, decades, .min, .max][random.below(7)]
            }
            let wrong = zip(collision.arrivals, shifts).map { arrival, shift in
                var (change, author) = arrival
                let (sum, isBeyond) = change.observedAt.addingReportingOverflow(shift)
                change.observedAt = isBeyond || shift == .min || shift == .max ? shift : sum
                return (change, author)
            }
            let right = orders(of: collision.arrivals).map { collision.begun.after($0) }
            let found = orders(of: wrong).map { collision.begun.after($0) }
            let contested = zip(right, found).allSatisfy { right, found in
                Set(right.conflicts.map(\.fields)) == Set(found.conflicts.map(\.fields))
            }
            let isKept = found.allSatisfy { story in
                collision.units.allSatisfy { keeps($0, of: collision, in: story) }
            }
            let agree = scope != .automatic || Set(found.map(\.fields)).count == 1
            guard contested, isKept, agree else {
                Issue.record("seed \(seed), clocks off by \(shifts)")
                return
            }
        }
    }

    @Test("[M-09] every value that anybody proposed stands, or is in a conflict entry")
    func nothingIsLost() {
        for seed in Self.seeds {
            let collision = Collision(seed: seed, .reviewed)
            for order in orders(of: collision.arrivals) {
                let story = collision.begun.after(order)
                guard collision.units.allSatisfy({ keeps($0, of: collision, in: story) }) else {
                    Issue.record("seed \(seed): a value is nowhere")
                    return
                }
            }
        }
    }

    private func keeps(_ unit: [UInt32], of collision: Collision, in story: Story) -> Bool {
        let isSet = unit.first.flatMap { story.type.field($0) }?.isSet == true
        guard !isSet else { return keepsElements(unit[0], of: collision, in: story) }
        let entries = story.conflicts.filter { $0.fields == unit }
        let kept = Set(entries.flatMap { [$0.standing.values, $0.proposed.values] })
            .union([story.fields.keeping(unit)])
        return kept.isSuperset(of: collision.wishes(for: unit))
    }

    private func keepsElements(_ number: UInt32, of collision: Collision, in story: Story) -> Bool {
        let standing = Set(story.fields.elements(of: number))
        return collision.arrivals.allSatisfy { change, _ in
            standing.isSuperset(of: change.fields.elements(of: number))
                && standing.isDisjoint(with: change.removed.elements(of: number))
        }
    }

    @Test(
        "[M-09] there is a conflict entry for a field exactly where two proposed different values"
    )
    func conflictsWhereValuesDiffer() {
        for seed in Self.seeds {
            let collision = Collision(seed: seed, .reviewed)
            let sets = Set(collision.begun.type.fields.filter(\.isSet).map { [$0.number] })
            let differing = collision.units.subtracting(sets)
                .filter { Set(collision.wishes(for: $0)).count > 1 }
            for order in orders(of: collision.arrivals) {
                let contested = Set(collision.begun.after(order).conflicts.map(\.fields))
                guard contested == differing else {
                    Issue.record("seed \(seed): \(contested), not \(differing)")
                    return
                }
            }
        }
    }

    @Test(
        "[M-03] a device's own changes in a row never contest each other, and the last one stands"
    )
    func ownChanges() {
        for seed in Self.seeds {
            let begun = Collision(seed: seed, .reviewed).begun
            var maker = ChangeMaker(random: SplitMix64(seed: seed ^ 0xFFFF), scope: .reviewed)
            var story = begun
            for _ in 0..<4 {
                var change = maker.edit(of: story)
                let wanted = story.fields.merging(change.fields).clearing(change.clears)
                change.base = begun.seen
                let merged = story.arrives(change, from: Sample.chen)
                let sets = story.type.fields.filter(\.isSet).map(\.number)
                guard merged.conflicts.isEmpty, merged.kind == .applied,
                    story.fields.clearing(sets) == wanted.clearing(sets)
                else {
                    Issue.record(
                        "seed \(seed): \(merged.kind), \(merged.conflicts.count) conflicts"
                    )
                    return
                }
            }
        }
    }

    @Test("[M-11] the same change merged into the same record gives the same result for ever")
    func determinism() {
        for seed in Self.seeds.prefix(50) {
            let one = Collision(seed: seed, .reviewed)
            let other = Collision(seed: seed, .reviewed)
            let first = one.begun.after(one.arrivals)
            let second = other.begun.after(other.arrivals)
            guard first.record == second.record, first.conflicts == second.conflicts else {
                Issue.record("seed \(seed)")
                return
            }
        }
    }
}
