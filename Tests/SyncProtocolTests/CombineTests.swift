import Chance
import SyncProtocol
import Testing
import TestSupport

/// One thing under two ids, and what is kept to tell the two apart again: the pure functions.
struct CombineTests {
    private let noon = Sample.noon
    private let type = Person.recordType

    private func remark(_ text: String) -> FieldMap { person { $0.remark = text } }

    private func phone(_ number: String) -> FieldMap { person { $0.phones = [number] } }

    /// A person under one of two numbers.
    private func captured(
        _ number: UInt8,
        _ extra: FieldMap = FieldMap(),
        by author: Author = Sample.lin
    ) -> RecordState {
        let fields = person {
            $0.name = "王芳"
            $0.documentType = .passport
            $0.documentNumber = "E\(number)"
        }
        var change = Change(record: Sample.record(number), type: 1, base: .none, observedAt: noon)
        change.fields = fields.merging(extra)
        return merge(change, by: author, into: nil, of: type, epoch: Sample.epoch).record
    }

    /// The first record taken into the second one by Wu, who had seen nothing of it, or by somebody else.
    private func combined(
        _ source: RecordState,
        _ target: RecordState,
        by finder: Author = Sample.wu,
        saw base: Base = .none
    ) -> Merged {
        combine(
            source,
            into: target,
            of: type,
            epoch: Sample.epoch,
            found: Finding(by: finder, base)
        )
    }

    // MARK: - Taking in

    @Test("[R-01] the right one takes in what the other said, each value with its author and time")
    func takesIn() {
        let source = captured(1).after(remark("门卫"), by: Sample.chen, at: noon + 5)
            .after(phone("1"), by: Sample.chen, at: noon + 6)
        let target = captured(2, phone("2"), by: Sample.hu)

        let merged = combined(source, target)
        let contest = merged.record.merged(remark("厨师"), by: Sample.hu, saw: target.base, at: 1)

        #expect(merged.kind == .merged && merged.conflicts.isEmpty)
        #expect(merged.record.id == target.id)
        #expect(merged.record.revision == Revision(rawValue: target.revision.rawValue + 1))
        #expect(merged.record.fields.text(of: 17) == "门卫")
        #expect(merged.record.fields.texts(of: 14) == ["1", "2"])
        #expect(merged.record.fields.text(of: 4) == "E2")
        #expect(contest.conflicts.map(\.standing.device) == [Sample.chen.device])
        #expect(contest.conflicts.map(\.standing.time) == [noon + 5])
    }

    @Test("[R-01] where both say something, the policies decide", arguments: [1, 9] as [Int64])
    func policies(time: Int64) {
        let source = captured(1).after(
            person {
                $0.name = "王方"
                $0.remark = "门卫"
            },
            by: Sample.chen,
            at: noon + time
        )
        let target = captured(2).after(remark("厨师"), by: Sample.hu, at: noon + 5)

        let merged = combined(source, target)

        #expect(merged.kind == .conflicted)
        #expect(merged.conflicts.map(\.fields) == [[1], [17]])
        #expect(merged.conflicts.map(\.isOpen) == [true, false])
        #expect(merged.record.fields.text(of: 1) == "王芳")
        #expect(merged.record.fields.text(of: 17) == (time > 5 ? "门卫" : "厨师"))
    }

    @Test("[R-01] [M-11] by automatic policies it does not matter which is taken into which")
    func eitherWay() {
        for seed in Seeds.first(300) {
            var maker = ChangeMaker(random: SplitMix64(seed: seed), scope: .automatic)
            let begun = maker.creation()
            let one = begun.after([(maker.edit(of: begun), Sample.chen)]).record
            let two = begun.after([(maker.edit(of: begun), Sample.hu)]).record
            guard let one, let two else { return }
            let finding = Finding(by: Sample.wu, .none)
            let results = [(one, two), (two, one)].map { source, target in
                let merged = combine(
                    source,
                    into: target,
                    of: begun.type,
                    epoch: Sample.epoch,
                    found: finding
                )
                // What one of them does not say takes nothing from the other.
                let both = begun.type.fields.map(\.number).filter { number in
                    let unit = begun.type.unit(of: number)
                    return begun.type.field(number)?.policy != .review
                        && unit.contains { one.fields[$0] != nil }
                        && unit.contains { two.fields[$0] != nil }
                }
                return merged.record.fields.keeping(both)
            }
            guard results[0] == results[1] else {
                Issue.record("seed \(seed): \(results.map(\.numbers))")
                return
            }
        }
    }

    @Test("[R-01] what the finder wrote stands against what they had seen of the other, no more")
    func finders() {
        let source = captured(1, remark("门卫"), by: Sample.hu)
        let target = captured(2).after(remark("厨师"), by: Sample.chen, at: noon + 5)

        let seen = combined(source, target, by: Sample.chen, saw: source.base)
        let unseen = combined(source, target, by: Sample.chen)

        #expect(seen.conflicts.isEmpty && seen.record.fields.text(of: 17) == "厨师")
        #expect(unseen.conflicts.map(\.fields) == [[17]])
    }

    @Test("[R-01] what one device said under both ids is no contest, and the later stands")
    func ownValues() {
        let earlier = captured(1).after(remark("门卫"), by: Sample.chen, at: noon + 1)
        let later = captured(2).after(remark("厨师"), by: Sample.chen, at: noon + 2)

        for merged in [combined(earlier, later), combined(later, earlier)] {
            #expect(merged.conflicts.isEmpty)
            #expect(merged.record.fields.text(of: 17) == "厨师")
        }
    }

    @Test(
        "[R-01] [M-10] everybody who said the same comes along, whoever said it last",
        arguments: [[Sample.hu, Sample.chen], [Sample.chen, Sample.hu]]
    )
    func echoesComeAlong(speakers: [Author]) {
        let before = captured(1)
        let source = speakers.reduce(before) { record, author in
            record.after(phone("1"), by: author, saw: before.base, at: noon + 1)
        }
        let target = captured(2).after(phone("1"), by: Sample.chen, at: noon + 2)

        let merged = combined(source, target).record
            .merged(removing: phone("1"), by: Sample.chen, saw: target.base, at: noon + 3)

        #expect(merged.record.fields.texts(of: 14) == ["1"])
    }

    // MARK: - Passing on

    @Test("[R-02] what the author had seen of the record counts as seen of the one it points to")
    func seenCounts() {
        let before = captured(1)
        let source = before.after(remark("门卫"), by: Sample.chen, at: noon + 5)
        let target = combined(source, captured(2, by: Sample.hu)).record
        let seen = source.change(remark("厨师"), at: noon + 6)
        let unseen = before.change(remark("厨师"), at: noon + 6)

        let changes = [seen, unseen].map {
            $0.redirected(from: source, to: target, of: type, epoch: Sample.epoch)
        }
        let merged = changes.map {
            merge($0, by: Sample.lin, into: target, of: type, epoch: Sample.epoch)
        }

        #expect(changes.map(\.record) == [target.id, target.id])
        #expect(merged.map(\.conflicts.count) == [0, 1])
        #expect(merged.map { $0.record.fields.text(of: 17) } == ["厨师", "厨师"])
    }

    @Test("[R-02] the natural key is not passed on")
    func identityStays() {
        let source = captured(1)
        let target = captured(2)
        var change = source.change(source.fields.merging(remark("门卫")), at: noon + 1)
        change.clears = [18]

        let passed = change.redirected(from: source, to: target, of: type, epoch: Sample.epoch)

        #expect(passed.touched == [1, 17])
    }

    @Test("[R-02] [M-10] what somebody else said alike of the right one does not count as seen")
    func echoesAreUnseen() {
        let source = captured(1).after(remark("门卫"), by: Sample.chen, at: noon + 5)
        let target = combined(source, captured(2, remark("门卫"), by: Sample.hu)).record
        let change = source.change(remark("厨师"), at: noon + 6)

        let passed = change.redirected(from: source, to: target, of: type, epoch: Sample.epoch)
        let merged = merge(passed, by: Sample.lin, into: target, of: type, epoch: Sample.epoch)

        #expect(merged.conflicts.map { $0.standing.values.text(of: 17) } == ["门卫"])
    }

    @Test("[R-02] [M-06] nor is what somebody else added to it taken away with an own addition")
    func additionsStay() {
        let source = captured(1).after(phone("1"), by: Sample.chen, at: noon + 5)
        let target = combined(source, captured(2, phone("1"), by: Sample.hu)).record
        var change = source.change(at: noon + 6)
        change.removed = phone("1")

        let passed = change.redirected(from: source, to: target, of: type, epoch: Sample.epoch)
        let merged = merge(passed, by: Sample.chen, into: target, of: type, epoch: Sample.epoch)

        #expect(merged.record.fields.texts(of: 14) == ["1"])
    }

    @Test("[R-02] the finder's next change of the right one knows what they had seen of the other")
    func finderKnows() {
        let source = captured(1, remark("门卫"), by: Sample.hu)
        let before = captured(2)
        let target = combined(source, before, by: Sample.chen, saw: source.base).record
        let change = before.change(remark("厨师"), at: noon + 6)
        let finding = Finding(by: Sample.chen, source.base)

        let knowing = change.knowing(source, finding, in: target, of: type)

        let merged = [change, knowing].map {
            merge($0, by: Sample.chen, into: target, of: type, epoch: Sample.epoch)
        }
        #expect(merged.map(\.conflicts.count) == [1, 0])
    }

    // MARK: - As stored

    /// A record as it goes through everything that can happen to it as a whole.
    private var lives: [RecordState] {
        let born = captured(1, remark("门卫"))
        let alike = born.after(remark("厨师"), by: Sample.chen, saw: born.base, at: noon + 1)
            .after(remark("厨师"), by: Sample.hu, saw: born.base, at: noon + 2)
        var deletion = alike.change(at: noon + 3)
        deletion.deletion = Change.Deletion(reason: 1, text: "")
        let deleted = merge(deletion, by: Sample.wu, into: alike, of: type, epoch: Sample.epoch)
        return [
            born, alike, deleted.record, born.pointing(to: Sample.record(2)),
            alike.erased(by: Sample.wu.device, at: noon + 4, epoch: Sample.epoch),
        ]
    }

    @Test("[H-01] what leads back from any state to any other comes back from its bytes")
    func undoRoundTrip() throws {
        let befores: [RecordState?] = [nil] + lives.map { Optional($0) }
        for before in befores {
            for after in lives {
                let undo = Undo(from: before, to: after)

                let again = try Undo(encoded: undo.encoded, after: after.fields)

                #expect(again == undo)
                #expect(again.applied(to: after.fields) == before?.fields ?? FieldMap())
                #expect(again.redirect == before?.redirect)
                #expect(again.wasDeleted == before?.isDeleted ?? false)
                #expect(again.wasThere == (before != nil))
            }
        }
    }

    @Test("[E-01] what was forgotten leads nowhere")
    func forgotten() {
        #expect(throws: WireError.malformed) {
            try Undo(encoded: Undo.forgotten, after: captured(1).fields)
        }
    }

    @Test("[R-04] a record comes back from its bytes, with who said the same unseen")
    func recordRoundTrip() throws {
        for record in lives {
            let again = try RecordState(encoded: record.encoded, id: record.id, type: record.type)

            #expect(again == record)
            #expect(again.stamps == record.stamps)
        }
        let alike = try RecordState(encoded: lives[1].encoded, id: lives[1].id, type: type.number)
        let base = captured(1).base
        let merged = alike.merged(remark("保安"), by: Sample.hu, saw: base, at: noon + 9)
        #expect(merged.conflicts.map(\.standing.device) == [Sample.chen.device])
    }

    @Test func `stamps of the first version are read, and written in the latest`() throws {
        func stamp(_ author: Author, _ revision: UInt64) -> [UInt8] {
            var bytes = author.device.bytes
            bytes.append(varint: Sample.epoch.rawValue)
            bytes.append(varint: revision << 1)
            bytes.append(varint: UInt64(noon) + revision)
            return bytes
        }
        let element = Array(try #require(phone("1").elements(of: 14).first))
        let head: [UInt8] = [1] + stamp(Sample.lin, 1) + [0]
        let fields: [UInt8] = [1, 17] + stamp(Sample.chen, 2)
        let contests: [UInt8] = [1] + stamp(Sample.hu, 3)
        let elements: [UInt8] = [14, UInt8(element.count)] + element + stamp(Sample.wu, 4)

        let stamps = try Stamps(encoded: head + fields + contests + elements)

        let record = RecordState(
            id: Sample.record(1),
            type: 1,
            revision: Revision(rawValue: 4),
            isDeleted: false,
            fields: captured(1, remark("门卫")).fields.merging(phone("1")),
            stamps: stamps
        )
        let sawThree = Base(epoch: Sample.epoch, revision: Revision(rawValue: 3))
        let kept = record.merged(removing: phone("1"), by: Sample.lin, saw: sawThree, at: noon + 9)
        #expect(stamps.clock == noon + 4 && stamps.first.device == Sample.lin.device)
        #expect(stamps.encoded.first == 3)
        try #expect(Stamps(encoded: stamps.encoded) == stamps)
        #expect(kept.conflicts.map(\.standing.device) == [Sample.wu.device])
    }
}

extension RecordState {
    /// What somebody knows who has seen the record as it is.
    fileprivate var base: Base { Base(epoch: Sample.epoch, revision: revision) }

    fileprivate func change(_ fields: FieldMap = FieldMap(), at time: Int64) -> Change {
        var change = Change(record: id, type: type, base: base, observedAt: time)
        change.fields = fields
        return change
    }

    fileprivate func merged(
        _ fields: FieldMap = FieldMap(),
        removing removed: FieldMap = FieldMap(),
        by author: Author,
        saw base: Base? = nil,
        at time: Int64
    ) -> Merged {
        var change = change(fields, at: time)
        change.removed = removed
        change.base = base ?? self.base
        let type = Person.recordType
        return merge(change, by: author, into: self, of: type, epoch: Sample.epoch)
    }

    fileprivate func after(
        _ fields: FieldMap,
        by author: Author,
        saw base: Base? = nil,
        at time: Int64
    ) -> RecordState {
        merged(fields, by: author, saw: base, at: time).record
    }
}
