import SyncProtocol
import Testing

struct MergeSetsTests {
    private let noon = Sample.noon
    private let begun = Story.begun(
        Person.recordType,
        with: person {
            $0.name = "王芳"
            $0.phones = ["1", "2"]
        }
    )

    private func phones(_ numbers: String...) -> FieldMap { person { $0.phones = numbers } }

    @Test("[M-06] a change adds some elements, removes others and leaves the rest")
    func additionsAndRemovals() {
        var story = begun

        let merged = story.arrives(
            story.change(phones("3"), at: noon + 1, removing: phones("1")),
            from: Sample.chen
        )

        #expect(story.fields.texts(of: 14) == ["2", "3"])
        #expect(merged.kind == .applied)
        #expect(merged.conflicts.isEmpty)
    }

    @Test("[M-06] two devices that add and remove different elements both have their way")
    func differentElements() {
        let base = begun.seen
        let arrivals = [
            (begun.change(phones("3"), saw: base, at: noon + 1), Sample.chen),
            (begun.change(phones("4"), saw: base, at: noon + 2, removing: phones("1")), Sample.hu),
        ]

        for order in orders(of: arrivals) {
            let story = begun.after(order)
            #expect(story.fields.texts(of: 14) == ["2", "3", "4"])
            #expect(story.conflicts.isEmpty)
        }
    }

    @Test("[M-06] an addition wins over a removal by somebody who had not seen it")
    func additionWins() {
        var story = begun
        let base = story.seen
        story.arrives(
            story.change(saw: base, at: noon + 1, removing: phones("1")),
            from: Sample.chen
        )
        story.arrives(story.change(phones("1"), at: noon + 2), from: Sample.chen)

        let merged = story.arrives(
            story.change(saw: base, at: noon + 9, removing: phones("1")),
            from: Sample.hu
        )

        #expect(story.fields.texts(of: 14) == ["1", "2"])
        #expect(merged.kind == .merged)
        #expect(merged.conflicts.map(\.proposedWon) == [false])
        #expect(merged.conflicts.map(\.policy) == [.set])
    }

    @Test("[M-06] an addition after an unseen removal wins, and is noted")
    func additionAfterRemoval() {
        var story = begun
        let base = story.seen
        story.arrives(
            story.change(saw: base, at: noon + 9, removing: phones("1")),
            from: Sample.chen
        )

        let merged = story.arrives(
            story.change(phones("1"), saw: base, at: noon + 1),
            from: Sample.hu
        )

        #expect(story.fields.texts(of: 14) == ["1", "2"])
        #expect(merged.conflicts.map(\.proposedWon) == [true])
        #expect(merged.conflicts.map(\.standing.device) == [Sample.chen.device])
    }

    @Test("[M-06] an addition of what is there already holds against an unseen removal too")
    func repeatedAddition() {
        let base = begun.seen
        let arrivals = [
            (begun.change(phones("1"), saw: base, at: noon + 1), Sample.chen),
            (begun.change(saw: base, at: noon + 2, removing: phones("1")), Sample.hu),
        ]

        for order in orders(of: arrivals) {
            #expect(begun.after(order).fields.texts(of: 14) == ["1", "2"])
        }
    }

    @Test("[M-06] an element that both add is there once, and no conflict")
    func sameAddition() {
        var story = begun
        let base = story.seen
        story.arrives(story.change(phones("3"), saw: base, at: noon + 1), from: Sample.chen)

        let merged = story.arrives(
            story.change(phones("3"), saw: base, at: noon + 2),
            from: Sample.hu
        )

        #expect(story.fields.texts(of: 14) == ["1", "2", "3"])
        #expect(merged.kind == .unchanged)
        #expect(story.conflicts.isEmpty)
    }

    @Test("[M-06] an element that both remove is gone, and no conflict")
    func sameRemoval() {
        var story = begun
        let base = story.seen
        story.arrives(
            story.change(saw: base, at: noon + 1, removing: phones("1")),
            from: Sample.chen
        )

        let merged = story.arrives(
            story.change(saw: base, at: noon + 2, removing: phones("1")),
            from: Sample.hu
        )

        #expect(story.fields.texts(of: 14) == ["2"])
        #expect(merged.kind == .unchanged)
        #expect(story.conflicts.isEmpty)
    }

    @Test("[M-06] a removal by somebody who saw the addition is done")
    func seenRemoval() {
        var story = begun
        story.arrives(story.change(phones("3"), at: noon + 1), from: Sample.chen)

        let merged = story.arrives(
            story.change(at: noon + 2, removing: phones("3")),
            from: Sample.hu
        )

        #expect(story.fields.texts(of: 14) == ["1", "2"])
        #expect(merged.kind == .applied)
    }

    @Test("[M-06] the removal of what is not there changes nothing")
    func removalOfNothing() {
        var story = begun

        let merged = story.arrives(
            story.change(at: noon + 1, removing: phones("7")),
            from: Sample.chen
        )

        #expect(merged.kind == .unchanged)
        #expect(merged.record.revision == Revision(rawValue: 1))
    }

    @Test("[M-06] the last element removed leaves no field behind")
    func lastElement() {
        var story = begun

        story.arrives(story.change(at: noon + 1, removing: phones("1", "2")), from: Sample.chen)

        #expect(story.fields.numbers == [1])
    }
}
