import Chance
import SyncProtocol
import SyncServer
import Testing
import TestSupport

/// What holds for every history of captures, edits, deletions and resolutions, in every delivery.
///
/// A failure names its seed; RESIDENCE_SEEDS in the environment tries more.
struct GeneratedHistoriesTests {
    @Test("[C-02] a record has one open conflict for each unit and device, of two different values")
    func conflictsAreReal() async throws {
        for seed in Seeds.first(100) {
            let script = Script(seed: seed, length: 30)

            let flaws = try await Stage.play(script) { try await Oracle($0).flaws() }

            guard flaws.isEmpty else {
                Issue.record("seed \(seed): \(flaws.joined(separator: "; "))")
                return
            }
        }
    }

    @Test("[Q-03] splitting a batch anywhere, or sending it twice, changes nothing")
    func delivery() async throws {
        for seed in Seeds.first(60) {
            let script = Script(seed: seed, length: 25)

            var ends: Set<[String]> = []
            for delivery in Stage.Delivery.allCases {
                ends.insert(try await Stage.play(script, delivery) { try await Oracle($0).end() })
            }

            guard ends.count == 1 else {
                Issue.record("seed \(seed): \(ends)")
                return
            }
        }
    }

    @Test("[R-04] re-identified and split, each side is what was made on it")
    func splitIsExact() async throws {
        for seed in Seeds.first(150) {
            let script = Script(
                seed: seed,
                length: 24,
                existence: false,
                decisions: false,
                rightClocks: true
            )
            var apart = script
            var random = SplitMix64(seed: seed &+ 7)
            let begin = 8 + random.below(8)
            let end = begin + 1 + random.below(10)
            let author = random.below(Script.reviewer)
            apart.insert(.split, by: author, at: min(end, apart.steps.count))
            apart.insert(.redirect(to: Script.people[1]), by: author, at: begin)

            let plain = try await Stage.play(script) { try await Oracle($0).fields() }
            let parted = try await Stage.play(apart) { try await Oracle($0).fields() }

            guard plain == parted else {
                Issue.record("seed \(seed): \(plain) became \(parted)")
                return
            }
        }
    }
}

extension Script {
    /// Lets a device that has heard of everything do something to the first person.
    fileprivate mutating func insert(_ act: Step.Act, by device: Int, at index: Int) {
        let clock: Int64 = 1_767_268_800_000
        let person = Self.people[0]
        steps.insert(
            contentsOf: [
                Step(device: device, record: person, act: act, clock: clock)
            ],
            at: index
        )
    }
}
