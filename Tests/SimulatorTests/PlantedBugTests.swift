import Simulator
import Testing

/// That the oracle can say no: each bug is switched on in a world that is sound without it.
struct PlantedBugTests {
    /// A bug, the world in which it shows, and the invariant that it breaks there.
    struct Planted: Sendable, CustomTestStringConvertible {
        let bug: PlantedBug
        let weather: Weather
        let seed: UInt64
        let invariant: String

        init(
            _ bug: PlantedBug,
            _ weather: Weather = .fair,
            seed: UInt64 = 1,
            breaks invariant: String
        ) {
            self.bug = bug
            self.weather = weather
            self.seed = seed
            self.invariant = invariant
        }

        /// Servers are restored now and then only: such worlds last longer.
        var plan: Plan {
            weather == .flood
                ? Plan(seed: seed, devices: 5, days: 8, weather: weather)
                : Plan(seed: seed, devices: 4, days: 5, weather: weather)
        }

        var testDescription: String { "\(bug.rawValue) breaks \(invariant) at seed \(seed)" }
    }

    static let all = [
        Planted(.forgetsHighWater, breaks: "I1"),
        Planted(.positionBeforeCommit, breaks: "I6"),
        Planted(.dropsDepartures, breaks: "I3"),
        Planted(.skipsPageBoundary, breaks: "I6"),
        Planted(.resurrectsTombstones, seed: 2, breaks: "I3"),
        Planted(.losesConflicts, breaks: "I2"),
        Planted(.losesHistory, breaks: "I1"),
        Planted(.answersBeforeCommit, .storm, seed: 2, breaks: "I9"),
        Planted(.widensGrants, breaks: "I7"),
        Planted(.losesDigests, breaks: "G"),
        Planted(.dropsUnknownFields, breaks: "I2"),
        Planted(.keepsErasedHistory, .rain, breaks: "E"),
        Planted(.erasesUnsent, .flood, seed: 11, breaks: "I1"),
        Planted(.leavesPlacements, breaks: "P"),
        Planted(.forgetsKin, .copies, seed: 6, breaks: "I1"),
        Planted(.tellsNoConflicts, breaks: "F"),
        Planted(.keepsNoUndo, breaks: "G"),
        Planted(.misfilesChanges, breaks: "G"),
        Planted(.forgetsOutcomes, .detours, breaks: "I5"),
        Planted(.ignoresOldNews, .detours, seed: 18, breaks: "I11"),
        Planted(.tellsOtherWinners, breaks: "M"),
        Planted(.forgetsPruning, .winters, seed: 7, breaks: "I6"),
        Planted(.prunesTooEarly, .winters, seed: 2, breaks: "F"),
        Planted(.closesReviews, breaks: "M"),
        Planted(.forgetsHandovers, .winters, seed: 18, breaks: "O"),
        Planted(.losesReturns, breaks: "V"),
        Planted(.keepsErasedAnswers, .rain, breaks: "E"),
        Planted(.ignoresSuspension, .winters, seed: 4, breaks: "A"),
        Planted(.keepsClosedConflicts, breaks: "F"),
        Planted(.showsFormerValues, breaks: "G"),
        Planted(.bookmarkAhead, breaks: "I6"),
        Planted(.dropsCaptures, breaks: "I4"),
        Planted(.hidesOwnWrites, breaks: "I4"),
        Planted(.keepsHalfAPage, breaks: "I15"),
        Planted(.movesBaseOnPull, breaks: "I3"),
        Planted(.trimsTooEarly, .flood, seed: 8, breaks: "I13"),
        Planted(.offersNothingAgain, .flood, seed: 8, breaks: "I13"),
        Planted(.forgetsCopies, .flood, seed: 4, breaks: "I13"),
        Planted(.trustsTheClock, breaks: "I1"),
    ]

    @Test(arguments: all)
    func `a planted bug is found, and nothing where it is not planted`(
        planted: Planted
    ) async throws {
        var buggy = planted.plan
        buggy.bug = planted.bug

        let sound = try await Simulation.run(planted.plan)
        let found = try await Simulation.run(buggy)

        #expect(sound.verdicts == [])
        #expect(found.verdicts.map(\.invariant).contains(planted.invariant), "\(found.verdicts)")
    }

    @Test func `every bug that can be planted is`() {
        #expect(Set(Self.all.map(\.bug)) == Set(PlantedBug.allCases))
    }

    @Test func `a failure is shrunk to a prefix that still fails, with the story of the record`()
        async throws
    {
        let plan = Plan(seed: 1, devices: 3, days: 3, weather: .fair, bug: .losesHistory)
        let whole = try await Simulation.run(plan)

        let shrunk = try await Simulation.shrink(plan, events: whole.events, breaking: ["I1"])
        var shorter = plan
        shorter.limit = shrunk.events - 1
        let before = try await Simulation.run(shorter)

        #expect(shrunk.verdicts.contains { $0.invariant == "I1" })
        #expect(!before.verdicts.contains { $0.invariant == "I1" })
        #expect(shrunk.events < whole.events)
        #expect(!shrunk.story.isEmpty)
    }
}
