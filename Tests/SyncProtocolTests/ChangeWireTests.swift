import Chance
import SyncProtocol
import Testing

struct ChangeWireTests {
    private let base = Base(epoch: Sample.epoch, revision: Revision(rawValue: 4))

    private func blank(_ type: UInt32 = 1) -> Change {
        Change(record: Sample.record(1), type: type, base: base, observedAt: Sample.noon)
    }

    private func reread(_ change: Change, epoch: Epoch = .none) throws -> Change {
        try Change(payload: change.payload, epoch: epoch)
    }

    @Test("[B-01] a change keeps its base, and everything else it says, on its way")
    func everything() throws {
        var change = blank()
        change.fieldBases = [
            17: Base(epoch: Sample.epoch, revision: Revision(rawValue: 2)), 14: Base.none,
            6: Base(epoch: Epoch(rawValue: 7), revision: Revision(rawValue: 90)),
        ]
        change.fields = person {
            $0.name = "王芳"
            $0.ethnicity = .han
            $0.phones = ["2", "1"]
        }
        change.removed = person { $0.phones = ["3"] }
        change.clears = [7, 17]
        change.uncertainty = 250
        change.grant = 3
        change.schema = 2

        #expect(try reread(change) == change)
    }

    @Test("[B-01] a base that names no epoch is of the request's")
    func impliedEpoch() throws {
        let payload = handwritten {
            $0.append(field: 1, bytes: Sample.record(1).bytes)
            $0.append(varint: 4, as: 2)
            $0.append(field: 4, bytes: [0x08, 0x11, 0x10, 0x02])
            $0.append(varint: 1, as: 14)
        }

        let change = try Change(payload: payload, epoch: Sample.epoch)

        #expect(change.base == base)
        #expect(
            change.fieldBases == [17: Base(epoch: Sample.epoch, revision: Revision(rawValue: 2))]
        )
    }

    @Test("[B-01] a creation has no base, whatever the request's epoch")
    func creation() throws {
        let change = Change(
            record: Sample.record(1),
            type: 1,
            base: Base.none,
            observedAt: Sample.noon
        )

        #expect(try reread(change, epoch: Sample.epoch).base == Base.none)
    }

    @Test func `a deletion and its being taken back survive the wire`() throws {
        var deletion = blank()
        deletion.deletion = Change.Deletion(reason: 2, text: "重复")
        var wordless = blank()
        wordless.deletion = Change.Deletion(reason: 0, text: "")
        var undeletion = blank()
        undeletion.undelete = true

        #expect(try reread(deletion) == deletion)
        #expect(try reread(wordless) == wordless)
        #expect(try reread(undeletion) == undeletion)
    }

    @Test func `a change that only clears names its type`() throws {
        var change = blank(3)
        change.clears = [4, 8]

        #expect(try reread(change) == change)
    }

    @Test("[V-04] the number and the fields of a type that nobody here knows are kept")
    func unknownType() throws {
        var change = blank(977)
        change.fields = try FieldMap(handwritten { $0.append(field: 5, bytes: [0xFF, 0x00]) })

        let again = try reread(change)

        #expect(again == change)
        #expect(again.type == 977)
    }

    @Test("[W-01] a field that nobody here knows stays in its change byte for byte")
    func unknownField() throws {
        var change = blank()
        change.fields = try FieldMap(handwritten { $0.append(field: 99, bytes: [0xFF, 0x00]) })

        let canonical = try reread(change).canonical(as: Person.recordType)

        #expect(canonical == change)
    }

    @Test func `moments before 1970 survive the wire`() throws {
        var change = blank()
        change.observedAt = -1

        #expect(try reread(change).observedAt == -1)
    }

    @Test(arguments: [[], [1, 2, 3], [UInt8](repeating: 1, count: 17)] as [[UInt8]])
    func `a change without a record's id is refused`(id: [UInt8]) {
        let payload = handwritten {
            if !id.isEmpty { $0.append(field: 1, bytes: id) }
            $0.append(varint: 1, as: 14)
        }

        #expect(throws: WireError.field(1)) { try Change(payload: payload, epoch: .none) }
    }

    @Test func `a change without a type, or of two, is refused`() {
        let id = handwritten { $0.append(field: 1, bytes: Sample.record(1).bytes) }
        let two = handwritten {
            $0.append(field: 5, bytes: [0x0A, 0x00])
            $0.append(field: 6, bytes: [0x12, 0x00])
        }

        #expect(throws: WireError.field(5)) { try Change(payload: id, epoch: .none) }
        #expect(throws: WireError.field(5)) { try Change(payload: id + two, epoch: .none) }
    }

    @Test("[W-02] a field sent empty is a field cleared, and nothing is both set and cleared")
    func canonicalClears() throws {
        var change = blank()
        change.fields = try FieldMap([0x0A, 0x00, 0x10, 0x01])
        change.clears = [2, 17]

        let canonical = try change.canonical(as: Person.recordType)

        #expect(canonical.fields == person { $0.sex = .male })
        #expect(canonical.clears == [1, 17])
    }

    @Test("[M-06] a set cannot be cleared, only its elements removed")
    func clearedSet() {
        var change = blank()
        change.clears = [14]

        #expect(throws: WireError.field(14)) { try change.canonical(as: Person.recordType) }
    }

    @Test func `random bytes are read as a change or refused, and never crash`() {
        var random = SplitMix64(seed: 5)
        let whole =
            blank().payload + handwritten { $0.append(field: 5, bytes: [0x0A, 0x02, 0x10, 0x01]) }
        var read = 0
        for _ in 0..<5_000 {
            var bytes = whole
            for _ in 0..<3 {
                let index = Int(random.next() % UInt64(bytes.count))
                bytes[index] = UInt8(truncatingIfNeeded: random.next())
            }
            guard let change = try? Change(payload: bytes, epoch: Sample.epoch) else { continue }
            read += 1
            _ = try? change.canonical(as: Person.recordType)
        }
        #expect(read > 0)
    }
}
