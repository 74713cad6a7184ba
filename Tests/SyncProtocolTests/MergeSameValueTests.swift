import SyncProtocol
import Testing

struct MergeSameValueTests {
    private let noon = Sample.noon
    private let begun = Story.begun(
        Person.recordType,
        with: person {
            $0.name = "王芳"
            $0.remark = "门卫"
        }
    )

    private func remark(_ text: String) -> FieldMap { person { $0.remark = text } }

    @Test("[M-10] the same value written twice is no conflict")
    func sameValue() {
        var story = begun
        let base = story.seen
        story.arrives(story.change(remark("厨师"), saw: base, at: noon + 1), from: Sample.chen)

        let merged = story.arrives(
            story.change(remark("厨师"), saw: base, at: noon + 2),
            from: Sample.hu
        )

        #expect(merged.kind == .unchanged)
        #expect(merged.conflicts.isEmpty)
        #expect(story.fields.text(of: 17) == "厨师")
    }

    @Test("[M-10] the same name written twice opens nothing, although names are reviewed")
    func sameReviewedValue() {
        var story = begun
        let base = story.seen
        let name = person { $0.name = "王方" }
        story.arrives(story.change(name, saw: base, at: noon + 1), from: Sample.chen)

        let merged = story.arrives(story.change(name, saw: base, at: noon + 2), from: Sample.hu)

        #expect(merged.kind == .unchanged)
        #expect(story.conflicts.isEmpty)
    }

    @Test("[M-10] the second writing counts: who saw only the first does not overrule it unseen")
    func secondWritingCounts() {
        var story = begun
        let base = story.seen
        story.arrives(story.change(remark("厨师"), saw: base, at: noon + 1), from: Sample.chen)
        let sawTheFirst = story.seen
        story.arrives(story.change(remark("厨师"), saw: base, at: noon + 5), from: Sample.hu)

        let merged = story.arrives(
            story.change(remark("保安"), saw: sawTheFirst, at: noon + 3),
            from: Sample.wu
        )

        #expect(merged.conflicts.map(\.standing.device) == [Sample.hu.device])
        #expect(story.fields.text(of: 17) == "厨师")
    }

    @Test("[M-10] of three writings, two alike, the order of arrival does not decide")
    func twoAlike() {
        let base = begun.seen
        let arrivals = [
            (begun.change(remark("厨师"), saw: base, at: noon + 1), Sample.chen),
            (begun.change(remark("保安"), saw: base, at: noon + 2), Sample.hu),
            (begun.change(remark("厨师"), saw: base, at: noon + 3), Sample.wu),
        ]

        for order in orders(of: arrivals) {
            let story = begun.after(order)
            #expect(story.fields.text(of: 17) == "厨师")
            #expect(!story.conflicts.isEmpty)
        }
    }

    @Test("[M-10] a value said again by somebody who had seen it counts as a write")
    func confirmation() {
        var story = begun
        let base = story.seen
        story.arrives(story.change(remark("门卫"), saw: base, at: noon + 5), from: Sample.chen)

        let merged = story.arrives(
            story.change(remark("保安"), saw: base, at: noon + 3),
            from: Sample.hu
        )

        #expect(merged.conflicts.map(\.standing.device) == [Sample.chen.device])
        #expect(story.fields.text(of: 17) == "门卫")
    }

    @Test("[M-10] a field cleared that had no value already counts as a write")
    func confirmedAbsence() {
        var story = begun
        let base = story.seen
        story.arrives(story.change(saw: base, at: noon + 5, clearing: [12]), from: Sample.chen)

        story.arrives(
            story.change(person { $0.maritalStatus = .single }, saw: base, at: noon + 3),
            from: Sample.hu
        )

        #expect(story.fields[12] == nil)
        #expect(story.conflicts.count == 1)
    }

    @Test("[M-10] a department that says a coordinator's value again owns it from then on")
    func confirmationByTheOwner() {
        var story = Story.begun(
            Dwelling.recordType,
            with: dwelling { $0.landApproval = .complete }
        )
        let complete = dwelling { $0.landApproval = .complete }
        story.arrives(story.change(complete, at: noon + 1), from: Sample.housing)

        let merged = story.arrives(
            story.change(dwelling { $0.landApproval = .incomplete }, at: noon + 2),
            from: Sample.chen
        )

        #expect(merged.conflicts.map(\.byAuthority) == [true])
        #expect(story.fields.number(of: 9) == 1)
    }
}
