import SyncProtocol
import Testing

struct MergeValuesTests {
    private let noon = Sample.noon
    private let begun = Story.begun(
        Person.recordType,
        with: person {
            $0.name = "王芳"
            $0.ethnicity = .other
            $0.ethnicityText = "穿青人"
            $0.remark = "门卫"
        }
    )

    @Test("[M-01] two devices that change two fields both have their way")
    func differentFields() {
        var story = begun
        let base = story.seen

        story.arrives(
            story.change(person { $0.remark = "厨师" }, saw: base, at: noon + 2),
            from: Sample.chen
        )
        let merged = story.arrives(
            story.change(person { $0.maritalStatus = .married }, saw: base, at: noon + 1),
            from: Sample.hu
        )

        #expect(story.fields.text(of: 17) == "厨师")
        #expect(story.fields.number(of: 12) == 20)
        #expect(merged.kind == .merged)
        #expect(story.conflicts.isEmpty)
    }

    @Test("[M-01] the fields of a group come from one change, whichever arrives first")
    func groupsStayWhole() {
        let base = begun.seen
        let han = begun.change(
            person { $0.ethnicity = .han },
            saw: base,
            at: noon + 2,
            clearing: [7]
        )
        let other = begun.change(
            person {
                $0.ethnicity = .other
                $0.ethnicityText = "僜人"
            },
            saw: base,
            at: noon + 1
        )

        for order in orders(of: [(han, Sample.chen), (other, Sample.hu)]) {
            let story = begun.after(order)
            #expect(story.fields.keeping([6, 7]) == person { $0.ethnicity = .han })
            #expect(story.conflicts.map(\.fields) == [[6, 7]])
        }
    }

    @Test("[M-02] a change to a field that nobody wrote since simply applies")
    func nobodyWrote() {
        var story = begun

        let merged = story.arrives(
            story.change(person { $0.remark = "厨师" }, at: noon + 1),
            from: Sample.chen
        )

        #expect(merged.kind == .applied)
        #expect(merged.conflicts.isEmpty)
        #expect(merged.record.revision == Revision(rawValue: 2))
        #expect(story.fields.text(of: 17) == "厨师")
    }

    @Test("[M-02] a change that clears a field that nobody wrote since simply applies")
    func clearing() {
        var story = begun

        let merged = story.arrives(story.change(at: noon + 1, clearing: [17]), from: Sample.chen)

        #expect(merged.kind == .applied)
        #expect(story.fields[17] == nil)
    }

    @Test("[M-03] a field that another device wrote since, with another value, is contested")
    func contested() {
        var story = begun
        let base = story.seen
        story.arrives(story.change(person { $0.remark = "厨师" }, at: noon + 1), from: Sample.chen)

        let merged = story.arrives(
            story.change(person { $0.remark = "保安" }, saw: base, at: noon + 2),
            from: Sample.hu
        )

        #expect(merged.kind == .merged)
        #expect(merged.conflicts.map(\.fields) == [[17]])
    }

    @Test("[M-03] a device's own changes in a row never contest each other")
    func ownChanges() {
        var story = begun
        let base = story.seen

        for (index, remark) in ["厨师", "保安", "厨师", "司机"].enumerated() {
            let change = story.change(
                person { $0.remark = remark },
                saw: base,
                at: noon + 9 - Int64(index)
            )
            let merged = story.arrives(change, from: Sample.chen)
            #expect(merged.kind == .applied)
        }

        #expect(story.fields.text(of: 17) == "司机")
        #expect(story.conflicts.isEmpty)
    }

    @Test(
        "[M-03] a value that its author had seen is replaced without a contest, whatever the clocks say"
    )
    func seenValues() {
        var story = begun
        story.arrives(
            story.change(person { $0.remark = "厨师" }, at: noon + 9_000),
            from: Sample.chen
        )

        let merged = story.arrives(
            story.change(person { $0.remark = "保安" }, at: noon + 1),
            from: Sample.hu
        )

        #expect(merged.kind == .applied)
        #expect(story.fields.text(of: 17) == "保安")
    }

    @Test("[M-04] of two values the one observed later stands, whichever arrives first")
    func laterObservation() {
        let base = begun.seen
        let early = begun.change(person { $0.remark = "厨师" }, saw: base, at: noon + 1)
        let late = begun.change(person { $0.remark = "保安" }, saw: base, at: noon + 2)

        for order in orders(of: [(early, Sample.chen), (late, Sample.hu)]) {
            let story = begun.after(order)
            #expect(story.fields.text(of: 17) == "保安")
            #expect(story.conflicts.count == 1)
        }
    }

    @Test("[M-04] at the same millisecond the greater bytes stand, whichever arrives first")
    func sameMillisecond() {
        let base = begun.seen
        let lesser = begun.change(person { $0.remark = "AA" }, saw: base, at: noon + 1)
        let greater = begun.change(person { $0.remark = "AB" }, saw: base, at: noon + 1)
        let cleared = begun.change(saw: base, at: noon + 1, clearing: [17])

        for order in orders(of: [(lesser, Sample.chen), (greater, Sample.hu), (cleared, Sample.wu)])
        {
            #expect(begun.after(order).fields.text(of: 17) == "AB")
        }
    }
}
