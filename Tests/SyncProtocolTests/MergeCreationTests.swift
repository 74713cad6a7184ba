import SyncProtocol
import Testing

struct MergeCreationTests {
    private let noon = Sample.noon
    private let type = Person.recordType

    @Test("[M-13] a first creation is revision 1, applied as it came")
    func firstCreation() {
        var story = Story(of: type)
        let fields = person { $0.name = "王芳" }

        let merged = story.arrives(story.change(fields, at: noon), from: Sample.lin)

        #expect(merged.kind == .applied)
        #expect(merged.record.revision == Revision(rawValue: 1))
        #expect(merged.record.fields == fields)
        #expect(merged.record.stamps.clock == noon)
    }

    @Test("[M-13] a creation whose record exists already is merged like any edit")
    func concurrentCreation() {
        var story = Story.begun(
            type,
            with: person {
                $0.name = "王芳"
                $0.remark = "门卫"
                $0.phones = ["1"]
            }
        )

        let merged = story.arrives(
            story.change(
                person {
                    $0.name = "王方"
                    $0.remark = "厨师"
                    $0.phones = ["2"]
                    $0.maritalStatus = .married
                },
                saw: Base.none,
                at: noon + 1
            ),
            from: Sample.chen
        )

        #expect(story.fields.text(of: 1) == "王芳")
        #expect(story.fields.text(of: 17) == "厨师")
        #expect(story.fields.texts(of: 14) == ["1", "2"])
        #expect(story.fields.number(of: 12) == 20)
        #expect(merged.kind == .conflicted)
        #expect(merged.conflicts.map(\.fields) == [[1], [17]])
    }

    @Test("[M-13] two creations that say the same are no conflict")
    func sameCreation() {
        let fields = person { $0.name = "王芳" }
        var story = Story.begun(type, with: fields)

        let merged = story.arrives(
            story.change(fields, saw: Base.none, at: noon + 1),
            from: Sample.chen
        )

        #expect(merged.kind == .unchanged)
        #expect(story.conflicts.isEmpty)
    }

    @Test("[M-13] of two creations a group comes from one of them, whole, whichever arrives first")
    func groupsOfTwoCreations() {
        // A creation has nothing to clear: it carries only the members that have a value.
        let creation = Story(of: type)
        let other = person {
            $0.ethnicity = .other
            $0.ethnicityText = "穿青人"
        }
        let han = person { $0.ethnicity = .han }
        let arrivals = [
            (creation.change(other, at: noon), Sample.lin),
            (creation.change(han, at: noon + 1), Sample.chen),
        ]

        for order in orders(of: arrivals) {
            #expect(creation.after(order).fields == han)
        }
    }

    @Test("[M-13] a creation of a record that was deleted unseen brings it back openly")
    func creationAfterDeletion() {
        var story = Story.begun(type, with: person { $0.name = "王芳" })
        story.arrives(story.deletion(at: noon + 1), from: Sample.lin)

        let merged = story.arrives(
            story.change(person { $0.name = "王芳" }, saw: Base.none, at: noon + 2),
            from: Sample.chen
        )

        #expect(!merged.record.isDeleted)
        #expect(merged.conflicts.map(\.kind) == [.existence])
        #expect(merged.kind == .conflicted)
    }

    @Test("[M-14] a merge of two valid changes that breaks a rule is kept, and a conflict is open")
    func invalidMerge() throws {
        var story = Story.begun(type, with: person { $0.name = "王芳" })
        let standing = try #require(story.record)
        let change = story.change(person { $0.birthDate = 20_260_101 }, at: noon + 1)
        var merged = story.arrives(change, from: Sample.chen)

        merged.noteInvalid(
            Violation(code: "birth_date_invalid", field: 5, zh: "出生日期不对。", en: "Wrong."),
            standing: standing,
            change,
            by: Sample.chen.device,
            of: type
        )

        let conflict = try #require(merged.conflicts.last)
        #expect(merged.kind == .conflicted)
        #expect(merged.record.fields.number(of: 5) == 20_260_101)
        #expect(conflict.kind == .invalid)
        #expect(conflict.isOpen)
        #expect(conflict.fields == [5])
        #expect(conflict.proposed.device == Sample.chen.device)
        #expect(conflict.proposed.values.number(of: 5) == 20_260_101)
    }
}
