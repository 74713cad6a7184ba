import SyncProtocol
import Testing

struct MergeTimesTests {
    private let noon = Sample.noon
    private let begun = Story.begun(Person.recordType, with: person { $0.remark = "门卫" })

    private func remark(_ text: String) -> FieldMap { person { $0.remark = text } }

    @Test("[T-01] a writing is stamped with the time at which it was observed")
    func observedTime() {
        var story = begun

        let merged = story.arrives(story.change(remark("厨师"), at: noon + 500), from: Sample.chen)

        #expect(merged.record.stamps.clock == noon + 500)
    }

    @Test("[T-01] the server takes the time as it came, even from a clock that is behind")
    func clockBehind() {
        var story = begun

        let merged = story.arrives(story.change(remark("厨师"), at: 5), from: Sample.chen)

        #expect(merged.record.stamps.clock == noon)
        #expect(merged.conflicts.isEmpty)
    }

    @Test("[T-01] a writing that its author had not seen does not move the time")
    func unseenTime() {
        var story = begun
        let base = story.seen
        story.arrives(story.change(remark("厨师"), saw: base, at: noon + 900), from: Sample.chen)

        story.arrives(story.change(remark("保安"), saw: base, at: noon + 100), from: Sample.hu)

        #expect(story.record?.stamps.clock == noon + 900)
        #expect(story.fields.text(of: 17) == "厨师")
    }

    @Test("[T-01] the record's clock is its latest stamp")
    func recordClock() {
        var story = begun
        story.arrives(story.change(remark("厨师"), at: noon + 900), from: Sample.chen)
        story.arrives(
            story.change(person { $0.maritalStatus = .single }, at: noon + 901),
            from: Sample.hu
        )
        story.arrives(story.change(person { $0.phones = ["1"] }, at: noon + 902), from: Sample.hu)

        #expect(story.record?.stamps.clock == noon + 902)
    }

    @Test("[T-01] a clock at the end of time stops nobody")
    func endOfTime() async {
        await #expect(processExitsWith: .success) {
            var story = Story.begun(Person.recordType, with: person { $0.remark = "门卫" })
            story.arrives(story.change(person { $0.remark = "厨师" }, at: .max), from: Sample.chen)
            story.arrives(story.change(person { $0.remark = "保安" }, at: .max), from: Sample.chen)
        }
    }

    @Test("[T-01] a clock before the beginning of time stops nobody")
    func beginningOfTime() async {
        await #expect(processExitsWith: .success) {
            var story = Story(of: Person.recordType)
            story.arrives(story.change(person { $0.remark = "门卫" }, at: .min), from: Sample.lin)
            story.arrives(story.change(person { $0.remark = "厨师" }, at: .min), from: Sample.chen)
        }
    }
}
