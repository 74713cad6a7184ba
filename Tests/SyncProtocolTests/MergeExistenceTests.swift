import SyncProtocol
import Testing

struct MergeExistenceTests {
    private let noon = Sample.noon
    private let begun = Story.begun(
        Person.recordType,
        with: person {
            $0.name = "王芳"
            $0.remark = "门卫"
        }
    )

    @Test(
        "[M-12] a deletion by somebody who saw everything deletes, and keeps the fields for later"
    )
    func seenDeletion() {
        var story = begun

        let merged = story.arrives(story.deletion(at: noon + 1), from: Sample.chen)

        #expect(merged.kind == .applied)
        #expect(merged.record.isDeleted)
        #expect(merged.record.fields == begun.fields)
    }

    @Test("[M-12] a deletion meets an unseen edit: the record stays, and the conflict is open")
    func deletionAfterEdit() throws {
        var story = begun
        let base = story.seen
        story.arrives(story.change(person { $0.remark = "厨师" }, at: noon + 1), from: Sample.chen)

        let merged = story.arrives(story.deletion(saw: base, at: noon + 2), from: Sample.hu)

        let conflict = try #require(merged.conflicts.first)
        #expect(!merged.record.isDeleted)
        #expect(merged.kind == .conflicted)
        #expect(conflict.kind == .existence)
        #expect(conflict.isOpen)
        #expect(conflict.standing.device == Sample.chen.device)
        #expect(conflict.proposed.device == Sample.hu.device)
    }

    @Test("[M-12] an edit meets an unseen deletion: the record stays, and the conflict is open")
    func editAfterDeletion() throws {
        var story = begun
        let base = story.seen
        story.arrives(story.deletion(at: noon + 2), from: Sample.hu)

        let merged = story.arrives(
            story.change(person { $0.remark = "厨师" }, saw: base, at: noon + 1),
            from: Sample.chen
        )

        let conflict = try #require(merged.conflicts.first)
        #expect(!merged.record.isDeleted)
        #expect(story.fields.text(of: 17) == "厨师")
        #expect(merged.kind == .conflicted)
        #expect(conflict.kind == .existence)
        #expect(conflict.isOpen)
        #expect(conflict.standing.device == Sample.hu.device)
    }

    @Test("[M-12] an addition to a set counts as an edit")
    func setsCount() {
        var story = begun
        let base = story.seen
        story.arrives(story.change(person { $0.phones = ["1"] }, at: noon + 1), from: Sample.chen)

        let merged = story.arrives(story.deletion(saw: base, at: noon + 2), from: Sample.hu)

        #expect(!merged.record.isDeleted)
        #expect(merged.kind == .conflicted)
    }

    @Test("[M-12] an edit that only opened a conflict counts as an edit")
    func openConflictsCount() {
        var story = begun
        let base = story.seen
        story.arrives(
            story.change(person { $0.name = "王方" }, saw: base, at: noon + 1),
            from: Sample.chen
        )
        let sawTheFirst = story.seen
        story.arrives(
            story.change(person { $0.name = "王房" }, saw: base, at: noon + 2),
            from: Sample.hu
        )

        let merged = story.arrives(story.deletion(saw: sawTheFirst, at: noon + 3), from: Sample.wu)

        #expect(!merged.record.isDeleted)
        #expect(merged.kind == .conflicted)
    }

    @Test("[M-12] a record that a live one refers to counts as edited")
    func referredTo() {
        var story = begun

        let merged = story.arrives(
            story.deletion(at: noon + 1),
            from: Sample.chen,
            isReferredTo: true
        )

        #expect(!merged.record.isDeleted)
        #expect(merged.kind == .conflicted)
        #expect(merged.conflicts.map(\.kind) == [.existence])
    }

    @Test("[M-12] a device's own edits do not hold its deletion up")
    func ownEdits() {
        var story = begun
        let base = story.seen
        story.arrives(story.change(person { $0.remark = "厨师" }, at: noon + 1), from: Sample.chen)

        let merged = story.arrives(story.deletion(saw: base, at: noon + 2), from: Sample.chen)

        #expect(merged.record.isDeleted)
        #expect(merged.conflicts.isEmpty)
    }

    @Test("[M-12] a second deletion changes nothing")
    func twoDeletions() {
        var story = begun
        let base = story.seen
        story.arrives(story.deletion(saw: base, at: noon + 1), from: Sample.chen)

        let merged = story.arrives(story.deletion(saw: base, at: noon + 2), from: Sample.hu)

        #expect(merged.kind == .unchanged)
        #expect(merged.record.isDeleted)
    }

    @Test("[M-12] a deletion taken back by somebody who saw it is no conflict")
    func undeletion() {
        var story = begun
        story.arrives(story.deletion(at: noon + 1), from: Sample.chen)
        var change = story.change(at: noon + 2)
        change.undelete = true

        let merged = story.arrives(change, from: Sample.hu)

        #expect(!merged.record.isDeleted)
        #expect(merged.record.fields == begun.fields)
        #expect(merged.conflicts.isEmpty)
        #expect(merged.kind == .applied)
    }

    @Test("[M-12] deletion and edit end alike whichever arrives first")
    func eitherOrder() {
        let base = begun.seen
        let edit = begun.change(person { $0.remark = "厨师" }, saw: base, at: noon + 1)
        let deletion = begun.deletion(saw: base, at: noon + 2)

        for order in orders(of: [(edit, Sample.chen), (deletion, Sample.hu)]) {
            let story = begun.after(order)
            #expect(story.record?.isDeleted == false)
            #expect(story.fields.text(of: 17) == "厨师")
            #expect(story.conflicts.map(\.kind) == [.existence])
        }
    }
}
