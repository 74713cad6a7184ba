import Chance
import SyncProtocol

/// A record, and changes to it by devices of which none had seen another's: made from a seed.
///
/// Every change differs from what its author saw, carries its groups whole and is observed after what
/// its author saw [T-01], as devices make them.
struct Collision {
    /// Which fields the changes touch.
    enum Scope: Sendable {
        /// Fields that a policy decides without anybody's choosing, and that no department owns.
        case automatic
        /// Those, and the fields that people review.
        case reviewed
        /// The automatic ones, and values that departments own; some of the authors are of them.
        case owned
    }

    let seed: UInt64
    let begun: Story
    let arrivals: [(Change, Author)]

    init(seed: UInt64, _ scope: Scope) {
        var maker = ChangeMaker(random: SplitMix64(seed: seed), scope: scope)
        var story = maker.creation()
        for _ in 0..<maker.random.next() % 3 {
            let author = Sample.coordinators[Int(maker.random.next() % 4)]
            let change = maker.edit(of: story)
            story.arrives(change, from: author)
        }
        let authors =
            scope == .owned
            ? [Sample.housing, Sample.housingToo, Sample.insurance, Sample.chen, Sample.hu]
            : Sample.coordinators
        let count = Int(3 + maker.random.next() % 2)
        var arrivals: [(Change, Author)] = []
        for author in authors.shuffled(using: &maker.random).prefix(count) {
            arrivals.append((maker.edit(of: story), author))
        }
        self.seed = seed
        self.begun = story
        self.arrivals = arrivals
    }

    /// The units that at least one of the changes touches.
    var units: Set<[UInt32]> {
        Set(arrivals.flatMap { $0.0.touched }.map { begun.type.unit(of: $0) })
    }

    /// What those changes that touch a unit want it to be.
    func wishes(for unit: [UInt32]) -> [FieldMap] {
        arrivals.map(\.0).filter { !Set($0.touched).isDisjoint(with: unit) }
            .map { $0.fields.keeping(unit) }
    }
}

/// Makes records and changes that differ from what their author saw.
struct ChangeMaker {
    var random: SplitMix64
    let scope: Collision.Scope

    private static let year: Int64 = 365 * 86_400_000

    /// A record of some type, captured at noon.
    mutating func creation() -> Story {
        let types = Schema.current.types
        let type = types[Int(random.next() % UInt64(types.count))]
        var fields = FieldMap()
        for field in type.fields where random.next() % 4 > 0 {
            fields = fields.merging(value(of: field))
        }
        guard let canonical = try? fields.canonical(as: type) else {
            preconditionFailure("our own fields are of their types")
        }
        var story = Story(of: type)
        story.arrives(story.change(canonical, at: Sample.noon), from: Sample.lin)
        return story
    }

    /// A change to some of the fields in scope, by somebody who saw the record as it stands.
    mutating func edit(of story: Story) -> Change {
        let clock = story.record?.stamps.clock ?? Sample.noon
        while true {
            var change = story.change(at: clock + delay())
            for unit in units(of: story.type) where random.happens(oneIn: 2) {
                if let set = unit.first, set.isSet {
                    touch(set, of: story.fields, in: &change)
                } else {
                    write(unit, over: story.fields, in: &change)
                }
            }
            if !change.touched.isEmpty { return change }
        }
    }

    /// From a millisecond to years, often the same.
    private mutating func delay() -> Int64 {
        switch random.next() % 4 {
        case 0, 1: Int64(1 + random.next() % 2)
        case 2: Int64(1 + random.next() % 1_000)
        default: Int64(1 + random.next() % 9) * Self.year
        }
    }

    private func units(of type: RecordType) -> [[RecordField]] {
        let inScope = type.fields.filter { field in
            switch scope {
            case .automatic: field.policy != .review && field.owner == nil
            case .reviewed: field.owner == nil
            case .owned: field.policy != .review && (field.owner == nil || !field.isSet)
            }
        }
        return inScope.filter { $0.unit.first == $0.number }
            .map { first in first.unit.compactMap { type.field($0) } }
    }

    private mutating func write(
        _ unit: [RecordField],
        over seen: FieldMap,
        in change: inout Change
    ) {
        var wanted = FieldMap()
        for field in unit { wanted = wanted.merging(value(of: field)) }
        let numbers = unit.map(\.number)
        guard wanted != seen.keeping(numbers) else { return }
        change.fields = change.fields.merging(wanted)
        change.clears = (change.clears + numbers.filter { wanted[$0] == nil }).sorted()
    }

    private mutating func touch(
        _ set: RecordField,
        of seen: FieldMap,
        in change: inout Change
    ) {
        let present = Set(seen.elements(of: set.number))
        let wanted = Set(value(of: set).elements(of: set.number))
        change.fields = change.fields.settingElements(
            Array(wanted.subtracting(present)),
            of: set.number
        )
        change.removed = change.removed.settingElements(
            Array(present.subtracting(wanted)),
            of: set.number
        )
    }

    /// One of a few values, so that devices often agree; sometimes none.
    private mutating func value(of field: RecordField) -> FieldMap {
        var bytes: [UInt8] = []
        let choices: [UInt64] =
            field.isSet
            ? (1...4).filter { _ in random.happens(oneIn: 2) } : [random.next() % 4]
        for choice in choices where choice > 0 {
            switch field.kind {
            case .text:
                bytes.append(field: field.number, bytes: Array("值\(choice)".utf8))
            case .bytes:
                let value = [UInt8](repeating: UInt8(choice), count: 16)
                bytes.append(field: field.number, bytes: value)
            case .number:
                bytes.append(varint: 20_260_100 + choice, as: field.number)
            case .enumeration:
                let value = field.values[Int(choice) % field.values.count]
                bytes.append(varint: value.number, as: field.number)
            }
        }
        guard let map = try? FieldMap(bytes) else { preconditionFailure("our own bytes parse") }
        return map
    }
}
