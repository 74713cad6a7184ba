import SyncProtocol
import Testing

struct MergeAuthorityTests {
    private let noon = Sample.noon
    private let begun = Story.begun(Dwelling.recordType, with: dwelling { $0.address = "北仑路1号" })
    private let complete = dwelling { $0.landApproval = .complete }
    private let incomplete = dwelling { $0.landApproval = .incomplete }

    @Test("[M-08] the department's value stands against a later one, whichever arrives first")
    func departmentStands() {
        let base = begun.seen
        let owners = begun.change(complete, saw: base, at: noon + 1)
        let others = begun.change(incomplete, saw: base, at: noon + 9)

        for order in orders(of: [(owners, Sample.housing), (others, Sample.chen)]) {
            let story = begun.after(order)
            #expect(story.fields.keeping([9]) == complete)
            #expect(story.conflicts.map(\.byAuthority) == [true])
            #expect(story.conflicts.map(\.isOpen) == [false])
        }
    }

    @Test("[M-08] what somebody else says is a proposal even if they saw the department's value")
    func proposals() {
        var story = begun
        story.arrives(story.change(complete, at: noon + 1), from: Sample.housing)

        let merged = story.arrives(story.change(incomplete, at: noon + 2), from: Sample.chen)

        #expect(story.fields.keeping([9]) == complete)
        #expect(merged.kind == .merged)
        #expect(merged.conflicts.map(\.proposed.values) == [incomplete])
        #expect(merged.conflicts.map(\.proposedWon) == [false])
    }

    @Test("[M-08] the department itself may change its mind")
    func departmentChangesItsMind() {
        var story = begun
        story.arrives(story.change(complete, at: noon + 1), from: Sample.housing)

        let merged = story.arrives(story.change(incomplete, at: noon + 2), from: Sample.housingToo)

        #expect(merged.kind == .applied)
        #expect(story.fields.keeping([9]) == incomplete)
    }

    @Test("[M-08] between two of the department the policy decides")
    func twoOfTheDepartment() {
        let base = begun.seen
        let arrivals = [
            (begun.change(complete, saw: base, at: noon + 1), Sample.housing),
            (begun.change(incomplete, saw: base, at: noon + 2), Sample.housingToo),
        ]

        for order in orders(of: arrivals) {
            let story = begun.after(order)
            #expect(story.fields.keeping([9]) == incomplete)
            #expect(story.conflicts.map(\.byAuthority) == [false])
        }
    }

    @Test("[M-08] another department is anybody else")
    func otherDepartments() {
        var story = begun
        story.arrives(story.change(complete, at: noon + 1), from: Sample.housing)

        let merged = story.arrives(story.change(incomplete, at: noon + 2), from: Sample.school)

        #expect(story.fields.keeping([9]) == complete)
        #expect(merged.conflicts.map(\.byAuthority) == [true])
    }

    @Test("[M-08] a record that another department created is not the owner's word")
    func createdByAnotherDepartment() {
        var story = Story.begun(Dwelling.recordType, with: complete, by: Sample.school)

        let merged = story.arrives(story.change(incomplete, at: noon + 1), from: Sample.chen)

        #expect(merged.kind == .applied)
        #expect(story.fields.keeping([9]) == incomplete)
    }

    @Test("[M-08] a record that the department created is its word")
    func createdByTheDepartment() {
        var story = Story.begun(Dwelling.recordType, with: complete, by: Sample.housing)

        story.arrives(story.change(incomplete, at: noon + 1), from: Sample.chen)

        #expect(story.fields.keeping([9]) == complete)
    }

    @Test("[M-08] a field that nobody owns is nobody's, whoever wrote it")
    func unownedFields() {
        var story = begun
        story.arrives(
            story.change(dwelling { $0.remark = "一" }, at: noon + 1),
            from: Sample.housing
        )

        let merged = story.arrives(
            story.change(dwelling { $0.remark = "二" }, at: noon + 2),
            from: Sample.chen
        )

        #expect(merged.kind == .applied)
        #expect(story.fields.text(of: 13) == "二")
    }

    @Test("[M-11] a coordinator who repeats the department's value lends it no time of their own")
    func repetitionByACoordinator() {
        let base = begun.seen
        let arrivals = [
            (begun.change(complete, saw: base, at: noon + 1), Sample.housing),
            (begun.change(incomplete, saw: base, at: noon + 2), Sample.housingToo),
            (begun.change(complete, saw: base, at: noon + 3), Sample.chen),
        ]

        let results = orders(of: arrivals).map { begun.after($0).fields.keeping([9]) }

        #expect(results.allSatisfy { $0 == incomplete })
    }
}
