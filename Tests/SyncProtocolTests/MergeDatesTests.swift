import SyncProtocol
import Testing

struct MergeDatesTests {
    private let noon = Sample.noon
    private let lived = Story.begun(
        Registration.recordType,
        with: registration {
            $0.person = Sample.record(2).reference
            $0.arrivedOn = 20_260_310
            $0.reportedOn = 20_260_312
        }
    )
    private let inspected = Story.begun(
        Dwelling.recordType,
        with: dwelling { $0.lastInspectedOn = 20_260_310 }
    )

    @Test("[M-05] of two dates of an earliest field the earlier stands, whoever observed it when")
    func earliest() {
        let base = lived.seen
        let march = lived.change(
            registration { $0.arrivedOn = 20_260_301 },
            saw: base,
            at: noon + 1
        )
        let april = lived.change(
            registration { $0.arrivedOn = 20_260_401 },
            saw: base,
            at: noon + 2
        )

        for order in orders(of: [(march, Sample.chen), (april, Sample.hu)]) {
            let story = lived.after(order)
            #expect(story.fields.number(of: 4) == 20_260_301)
            #expect(story.conflicts.map(\.policy) == [.earliest])
            #expect(story.conflicts.allSatisfy { !$0.isOpen })
        }
    }

    @Test("[M-05] of two dates of a latest field the later stands, whoever observed it when")
    func latest() {
        let base = inspected.seen
        let march = inspected.change(
            dwelling { $0.lastInspectedOn = 20_260_320 },
            saw: base,
            at: noon + 2
        )
        let april = inspected.change(
            dwelling { $0.lastInspectedOn = 20_260_401 },
            saw: base,
            at: noon + 1
        )

        for order in orders(of: [(march, Sample.chen), (april, Sample.hu)]) {
            let story = inspected.after(order)
            #expect(story.fields.number(of: 12) == 20_260_401)
            #expect(story.conflicts.map(\.policy) == [.latest])
        }
    }

    @Test("[M-05] a date stands against no date, whichever arrives first")
    func noDateAtAll() {
        let base = lived.seen
        let dated = lived.change(
            registration { $0.arrivedOn = 20_260_501 },
            saw: base,
            at: noon + 1
        )
        let cleared = lived.change(saw: base, at: noon + 2, clearing: [4])

        for order in orders(of: [(dated, Sample.chen), (cleared, Sample.hu)]) {
            let story = lived.after(order)
            #expect(story.fields.number(of: 4) == 20_260_501)
            #expect(story.conflicts.count == 1)
        }
    }

    @Test("[M-05] somebody who saw a date may put a looser one in its place")
    func corrections() {
        var story = lived

        let merged = story.arrives(
            story.change(registration { $0.arrivedOn = 20_260_401 }, at: noon + 1),
            from: Sample.chen
        )

        #expect(merged.kind == .applied)
        #expect(story.fields.number(of: 4) == 20_260_401)
    }
}
