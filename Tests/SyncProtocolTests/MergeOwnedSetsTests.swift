import SyncProtocol
import Testing

struct MergeOwnedSetsTests {
    private let noon = Sample.noon
    private let begun = Story.begun(
        Employment.recordType,
        with: employment { $0.employer = "北仑船厂" }
    )

    private func months(_ numbers: UInt32...) -> FieldMap { employment { $0.monthsPaid = numbers } }

    @Test("[M-08] a set that its department wrote takes others' elements as proposals")
    func proposals() {
        var story = begun
        story.arrives(story.change(months(202_601), at: noon + 1), from: Sample.insurance)

        let added = story.arrives(story.change(months(202_602), at: noon + 2), from: Sample.chen)
        let removed = story.arrives(
            story.change(at: noon + 3, removing: months(202_601)),
            from: Sample.chen
        )

        #expect(story.fields.keeping([7]) == months(202_601))
        #expect((added.conflicts + removed.conflicts).map(\.byAuthority) == [true, true])
        #expect(added.conflicts.map(\.proposed.values) == [months(202_602)])
    }

    @Test("[M-08] the department adds to its set and removes from it")
    func departmentEdits() {
        var story = begun
        story.arrives(story.change(months(202_601), at: noon + 1), from: Sample.insurance)

        let merged = story.arrives(
            story.change(months(202_602), at: noon + 2, removing: months(202_601)),
            from: Sample.insurance
        )

        #expect(merged.kind == .applied)
        #expect(story.fields.keeping([7]) == months(202_602))
    }

    @Test("[M-08] until its department writes a set, anybody adds to it")
    func anybodyAdds() {
        var story = begun

        let merged = story.arrives(story.change(months(202_601), at: noon + 1), from: Sample.chen)

        #expect(merged.kind == .applied)
        #expect(story.fields.keeping([7]) == months(202_601))
    }

    @Test("[M-11] a department's set and an unseen addition give the same set in either order")
    func orderOfArrival() {
        let base = begun.seen
        let arrivals = [
            (begun.change(months(202_601), saw: base, at: noon + 1), Sample.insurance),
            (begun.change(months(202_602), saw: base, at: noon + 2), Sample.chen),
        ]

        let results = orders(of: arrivals).map { begun.after($0).fields.keeping([7]) }

        #expect(Set(results).count == 1)
    }
}
