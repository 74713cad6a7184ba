import Chance
import SyncProtocol

/// What some devices do to some records, made from a seed; the same steps can be played in other worlds.
struct Script {
    /// One thing that one device does.
    struct Step {
        enum Act {
            /// Lays fields over a record, takes elements from its sets, clears fields; captures it where
            /// nobody has yet.
            case say(FieldMap, removed: FieldMap, clears: [UInt32])
            case delete
            case undelete
            /// Hears of everything that the server has.
            case read
            /// Says that the record is another one.
            case redirect(to: RecordID)
            case split
            /// Settles the open conflict with this place in the list, if there is one.
            case resolve(Int, Change.Resolution.Choice)
        }

        var device: Int
        var record: RecordID
        var act: Act
        /// What the device's clock shows, in milliseconds since 1970; years off as often as not.
        var clock: Int64
    }

    /// Who decides, and captures nothing.
    static let reviewer = 3
    static let devices = 4
    static let people = [id(1), id(2)]

    var steps: [Step] = []
    private var random: SplitMix64

    private static let noon: Int64 = 1_767_268_800_000
    private static let year: Int64 = 365 * 86_400_000

    /// With `rightClocks`, every clock shows the same rising time: what a device has read never moves the
    /// times of what it says.
    init(
        seed: UInt64,
        length: Int,
        existence: Bool = true,
        decisions: Bool = true,
        rightClocks: Bool = false
    ) {
        random = SplitMix64(seed: seed)
        for index in 0..<length {
            var step = step(existence: existence, decisions: decisions)
            if rightClocks { step.clock = Self.noon + Int64(index + 1) * 60_000 }
            steps.append(step)
        }
    }

    private mutating func step(existence: Bool, decisions: Bool) -> Step {
        let record = Self.people[random.below(Self.people.count)]
        let clock = Self.noon + Int64(random.below(7)) * Self.year + Int64(random.below(1000))
        var step = Step(
            device: random.below(Self.reviewer),
            record: record,
            act: .read,
            clock: clock
        )
        switch random.below(20) {
        case 0..<5: step.act = .read
        case 5 where existence: step.act = .delete
        case 6 where existence: step.act = .undelete
        case 7..<9 where decisions:
            step.device = Self.reviewer
            step.act = .resolve(random.below(3), random.below(2) == 0 ? .standing : .proposed)
        default: step.act = edit()
        }
        return step
    }

    private mutating func edit() -> Step.Act {
        var fields = FieldMap()
        var removed = FieldMap()
        var clears: [UInt32] = []
        if random.happens(oneIn: 2) { fields = fields.setting(text: word(), of: 1) }
        if random.happens(oneIn: 2) {
            if random.happens(oneIn: 4) {
                clears.append(17)
            } else {
                fields = fields.setting(text: word(), of: 17)
            }
        }
        if random.happens(oneIn: 3) {
            // A group travels whole.
            fields = fields.setting(text: word(), of: 9)
            clears.append(8)
        }
        if random.happens(oneIn: 3) {
            let phones = (1...3).filter { _ in random.happens(oneIn: 2) }.map { "1380000000\($0)" }
            let gone = (1...3).map { "1380000000\($0)" }
                .filter { !phones.contains($0) && random.happens(oneIn: 3) }
            fields = fields.merging(Person { $0.phones = phones }.fieldMap)
            removed = Person { $0.phones = gone }.fieldMap
        }
        return .say(fields, removed: removed, clears: clears.sorted())
    }

    private mutating func word() -> String { ["甲", "乙", "丙"][random.below(3)] }
}

extension SplitMix64 {
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
