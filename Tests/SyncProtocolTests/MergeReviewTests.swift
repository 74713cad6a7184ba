import SyncProtocol
import Testing

struct MergeReviewTests {
    private let noon = Sample.noon
    private let begun = Story.begun(Person.recordType, with: person { $0.name = "王芳" })

    /// Chen and Hu correct the name, neither having seen the other's correction.
    private func contested() -> (story: Story, merged: Merged) {
        var story = begun
        let base = story.seen
        story.arrives(
            story.change(person { $0.name = "王方" }, saw: base, at: noon + 1),
            from: Sample.chen
        )
        var change = story.change(person { $0.name = "王房" }, saw: base, at: noon + 2)
        change.uncertainty = 40
        let merged = story.arrives(change, from: Sample.hu)
        return (story, merged)
    }

    @Test("[M-07] a reviewed field keeps its standing value, and the conflict is open")
    func standingValueStays() {
        let (story, merged) = contested()

        #expect(story.fields.text(of: 1) == "王方")
        #expect(merged.kind == .conflicted)
        #expect(merged.conflicts.map(\.isOpen) == [true])
        #expect(merged.conflicts.map(\.proposedWon) == [false])
    }

    @Test("[M-07] what somebody who saw the standing value chooses applies")
    func settlement() {
        var (story, _) = contested()

        let merged = story.arrives(
            story.change(person { $0.name = "王房" }, at: noon + 3),
            from: Sample.lin
        )

        #expect(merged.kind == .applied)
        #expect(story.fields.text(of: 1) == "王房")
    }

    @Test("[M-07] a reviewed group is one question")
    func reviewedGroup() {
        var story = begun
        let base = story.seen
        story.arrives(
            story.change(
                person {
                    $0.documentType = .residentID
                    $0.documentNumber = "11010519491231002X"
                },
                saw: base,
                at: noon + 1
            ),
            from: Sample.chen
        )

        let merged = story.arrives(
            story.change(
                person {
                    $0.documentType = .passport
                    $0.documentNumber = "E12345678"
                },
                saw: base,
                at: noon + 2
            ),
            from: Sample.hu
        )

        #expect(merged.conflicts.map(\.fields) == [[3, 4, 18]])
        #expect(story.fields.number(of: 3) == 1)
        #expect(story.fields.text(of: 4) == "11010519491231002X")
    }

    @Test("[M-09] a contest leaves both values, devices and times and the policy that decided it")
    func entry() throws {
        let (_, merged) = contested()

        let conflict = try #require(merged.conflicts.first)
        #expect(merged.conflicts.count == 1)
        #expect(conflict.kind == .field)
        #expect(conflict.policy == .review)
        #expect(!conflict.byAuthority)
        #expect(conflict.standing.values == person { $0.name = "王方" })
        #expect(conflict.standing.device == Sample.chen.device)
        #expect(conflict.standing.time == noon + 1)
        #expect(conflict.proposed.values == person { $0.name = "王房" })
        #expect(conflict.proposed.device == Sample.hu.device)
        #expect(conflict.proposed.time == noon + 2)
        #expect(conflict.proposed.uncertainty == 40)
    }

    @Test("[M-09] a value that lost its field is in the entry, whether it stood or was proposed")
    func losingValuesAreKept() {
        let base = begun.seen
        let arrivals = [
            (begun.change(person { $0.remark = "厨师" }, saw: base, at: noon + 1), Sample.chen),
            (begun.change(person { $0.remark = "保安" }, saw: base, at: noon + 2), Sample.hu),
        ]

        for order in orders(of: arrivals) {
            let conflicts = begun.after(order).conflicts
            let values = conflicts.flatMap { [$0.standing.values, $0.proposed.values] }
            #expect(Set(values.compactMap { $0.text(of: 17) }) == Set(["厨师", "保安"]))
        }
    }

    @Test("[M-09] only review leaves an entry open")
    func onlyReviewIsOpen() {
        let base = begun.seen
        let all = [
            (
                begun.change(
                    person {
                        $0.name = "王方"
                        $0.remark = "厨师"
                        $0.maritalStatus = .single
                    },
                    saw: base,
                    at: noon + 1
                ), Sample.chen
            ),
            (
                begun.change(
                    person {
                        $0.name = "王房"
                        $0.remark = "保安"
                        $0.maritalStatus = .married
                    },
                    saw: base,
                    at: noon + 2
                ), Sample.hu
            ),
        ]

        let conflicts = begun.after(all).conflicts

        #expect(conflicts.map(\.fields) == [[1], [12, 19], [17]])
        #expect(conflicts.map(\.isOpen) == [true, false, false])
    }

    @Test("[M-09] an entry travels with its authors' names")
    func entryOnTheWire() throws {
        let (story, merged) = contested()
        let record = try #require(story.record)
        let conflict = try #require(merged.conflicts.first)
        let base = Base(epoch: Epoch(rawValue: 1), revision: record.revision)
        var entry = ConflictEntry(conflict, of: record.id, type: 1, at: base, metAt: noon + 3)
        entry.id = 7
        entry.standingAuthor = "陈建国"
        entry.proposedAuthor = "胡敏"

        let sides = try FieldMap(entry.encoded)

        let standingSide = try #require(sides.value(of: 8))
        let proposedSide = try #require(sides.value(of: 9))
        let standing = try FieldMap(Array(standingSide))
        let proposed = try FieldMap(Array(proposedSide))
        #expect(sides.number(of: 1) == 7)
        #expect(sides.value(of: 2).map { Array($0) } == record.id.bytes)
        #expect(standing.text(of: 3) == "陈建国")
        #expect(proposed.text(of: 3) == "胡敏")
        #expect(proposed.number(of: 4) == UInt64(noon + 2))
        #expect(proposed.number(of: 5) == 40)
    }
}
