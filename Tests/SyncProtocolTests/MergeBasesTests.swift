import SyncProtocol
import Testing

struct MergeBasesTests {
    private let noon = Sample.noon
    private let begun = Story.begun(
        Person.recordType,
        with: person {
            $0.name = "王芳"
            $0.remark = "门卫"
        }
    )

    private func remark(_ text: String) -> FieldMap { person { $0.remark = text } }

    @Test("[B-01] a change is judged by the revision that its author saw, not by when it arrives")
    func bases() {
        var story = begun
        let before = story.seen
        story.arrives(story.change(remark("厨师"), at: noon + 1), from: Sample.chen)
        let after = story.seen

        let unseen = story.after([
            (story.change(remark("保安"), saw: before, at: noon + 2), Sample.hu)
        ])
        let seen = story.after([(story.change(remark("保安"), saw: after, at: noon + 2), Sample.hu)])

        #expect(unseen.conflicts.count == 1)
        #expect(seen.conflicts.isEmpty)
    }

    @Test("[B-02] a field whose earlier change was not answered keeps that change's base")
    func fieldBases() {
        var story = begun
        let first = story.seen
        story.arrives(story.change(remark("厨师"), at: noon + 1), from: Sample.chen)
        var change = story.change(
            person {
                $0.remark = "保安"
                $0.maritalStatus = .single
            },
            at: noon + 2
        )
        change.fieldBases = [17: first]

        let merged = story.arrives(change, from: Sample.hu)

        #expect(merged.conflicts.map(\.fields) == [[17]])
        #expect(story.fields.number(of: 12) == 10)
    }

    @Test("[B-02] a group has the earliest base of its fields", arguments: [6, 7] as [UInt32])
    func groupBases(number: UInt32) {
        var story = begun
        let first = story.seen
        let other = person {
            $0.ethnicity = .other
            $0.ethnicityText = "穿青人"
        }
        story.arrives(story.change(other, at: noon + 1), from: Sample.chen)
        var change = story.change(person { $0.ethnicity = .han }, at: noon + 2, clearing: [7])
        change.fieldBases = [number: first]

        let merged = story.arrives(change, from: Sample.hu)

        #expect(merged.conflicts.map(\.fields) == [[6, 7]])
    }

    @Test("[B-02] a set has a base of its own too")
    func setBases() {
        var story = begun
        let first = story.seen
        story.arrives(story.change(person { $0.phones = ["1"] }, at: noon + 1), from: Sample.chen)
        var change = story.change(at: noon + 2, removing: person { $0.phones = ["1"] })
        change.fieldBases = [14: first]

        let merged = story.arrives(change, from: Sample.hu)

        #expect(story.fields.texts(of: 14) == ["1"])
        #expect(merged.conflicts.map(\.fields) == [[14]])
    }

    @Test("[B-03] a writing of a later epoch is above every base of an earlier one")
    func epochs() {
        var story = begun
        // Hu read revision 9 before the server was restored from a backup.
        let lost = Base(epoch: story.epoch, revision: Revision(rawValue: 9))
        story.epoch = Epoch(rawValue: story.epoch.rawValue + 1)
        story.arrives(story.change(remark("厨师"), at: noon + 1), from: Sample.chen)

        let merged = story.arrives(
            story.change(remark("保安"), saw: lost, at: noon + 2),
            from: Sample.hu
        )

        #expect(merged.record.revision == Revision(rawValue: 3))
        #expect(merged.conflicts.map(\.fields) == [[17]])
    }

    @Test("[B-03] bases are ordered by epoch, then by revision")
    func order() {
        let numbers: [(UInt64, UInt64)] = [(0, 0), (1, 0), (1, 1), (1, 9), (2, 0), (2, 1)]
        let bases = numbers.map {
            Base(epoch: Epoch(rawValue: $0.0), revision: Revision(rawValue: $0.1))
        }

        #expect(bases.reversed().sorted() == bases)
        #expect(bases.first == Base.none)
        #expect(!(bases[2] < bases[2]))
    }
}
