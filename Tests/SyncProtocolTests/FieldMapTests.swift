import Chance
import SyncProtocol
import Testing

struct FieldMapTests {
    @Test(
        "[W-02] a field's key of more bytes than protobuf takes is refused: it would stop whoever tells it on"
    )
    func longKey() throws {
        let long: [UInt8] = [0x80, 0xff, 0xd7, 0x80, 0x83, 0x00, 0x30, 0x18, 0x30]
        let whole: [UInt8] = [0x80, 0xff, 0xd7, 0x80, 0x03, 0x30]

        #expect(throws: WireError.self) { try FieldMap(long) }
        #expect(try FieldMap(whole).bytes == whole)
        #expect(throws: Never.self) { try Person(FieldMap(whole)) }
    }

    /// A person with name and remark, and field 99, which nobody here knows.
    private let known = handwritten {
        $0.append(field: 1, bytes: Array("王芳".utf8))
        $0.append(varint: 1, as: 2)
        $0.append(field: 17, bytes: Array("门卫".utf8))
    }
    private let unknown = handwritten {
        $0.append(field: 99, bytes: [0xFF, 0x00, 0x80])
    }

    @Test("[W-01] a field that nobody here knows is kept byte for byte")
    func unknownFieldsStay() throws {
        let map = try FieldMap(known + unknown)

        let edited = map.merging(person { $0.remark = "已搬走" }).clearing([2])
        let typed = try Person(edited)

        #expect(map.bytes == known + unknown)
        #expect(map.numbers == [1, 2, 17, 99])
        #expect(edited[99].map { Array($0) } == unknown)
        #expect(typed.fieldMap[99].map { Array($0) } == unknown)
        #expect(typed.remark == "已搬走")
    }

    @Test("[W-01] an unknown field in an unusual encoding is not tidied up")
    func unusualEncodingsStay() throws {
        // Field 99 as a varint of 1 written in three bytes, under a key written in three.
        let unusual: [UInt8] = [0x98, 0x86, 0x00, 0x81, 0x80, 0x00]

        let map = try FieldMap(known + unusual).canonical(as: Person.recordType)

        #expect(map[99].map { Array($0) } == unusual)
    }

    @Test("[W-01] fields out of order are put in order, and parts of one field side by side")
    func fieldsAreGathered() throws {
        let scattered = handwritten {
            $0.append(field: 17, bytes: [0x61])
            $0.append(field: 14, bytes: [0x31])
            $0.append(varint: 1, as: 2)
            $0.append(field: 14, bytes: [0x32])
        }

        let map = try FieldMap(scattered)

        #expect(map.numbers == [2, 14, 17])
        #expect(map.bytes.hexadecimal == "1001" + "720131" + "720132" + "8a010161")
        #expect(map.texts(of: 14) == ["1", "2"])
    }

    @Test func `a duplicated field is one field with both its parts`() throws {
        let twice = handwritten {
            $0.append(varint: 1, as: 2)
            $0.append(varint: 2, as: 2)
        }

        let map = try FieldMap(twice)

        #expect(map.numbers == [2])
        #expect(map.elements(of: 2).map { $0.hexadecimal } == ["1001", "1002"])
    }

    @Test func `merging replaces whole fields and leaves the others`() throws {
        let mine = person {
            $0.name = "王芳"
            $0.phones = ["13800000001", "13800000002"]
        }
        let theirs = person {
            $0.sex = .female
            $0.phones = ["13800000003"]
        }

        let merged = mine.merging(theirs)

        #expect(merged.numbers == [1, 2, 14])
        #expect(merged.text(of: 1) == "王芳")
        #expect(merged.number(of: 2) == 2)
        #expect(merged.texts(of: 14) == ["13800000003"])
        #expect(mine.merging(FieldMap()) == mine)
        #expect(FieldMap().merging(theirs) == theirs)
    }

    @Test func `keeping and clearing share the fields out between them`() throws {
        let map = try FieldMap(known + unknown)

        #expect(map.keeping([99, 1, 1, 50]).numbers == [1, 99])
        #expect(map.clearing([99, 1, 50]).numbers == [2, 17])
        #expect(map.keeping([1, 99]).merging(map.clearing([1, 99])) == map)
        #expect(map.clearing(map.numbers).isEmpty)
    }

    @Test func `an absent field has no value, no text and the number 0`() {
        let map = FieldMap()

        #expect(map.isEmpty)
        #expect(map[1] == nil)
        #expect(map.value(of: 1) == nil)
        #expect(map.text(of: 1) == nil)
        #expect(map.number(of: 2) == 0)
        #expect(map.elements(of: 14).isEmpty)
    }

    @Test func `elements that are set are sorted and each kept once`() {
        let phones = person { $0.phones = ["2", "1"] }.elements(of: 14)

        let map = FieldMap().settingElements(phones.reversed() + phones, of: 14)

        #expect(map.texts(of: 14) == ["1", "2"])
    }

    @Test func `a message cut anywhere inside a field is truncated`() throws {
        let field = handwritten { $0.append(field: 1, bytes: Array("王芳".utf8)) }

        for length in 1..<field.count {
            #expect(throws: WireError.truncated) { try FieldMap(Array(field.prefix(length))) }
        }
    }

    @Test(
        arguments: [
            ("a field numbered 0", [0x00, 0x01]),
            ("a group", [0x0B, 0x0C]),
            ("a wire type that nobody uses", [0x0E, 0x00]),
            ("a varint of eleven bytes", [0x08] + [UInt8](repeating: 0x80, count: 10) + [0x01]),
            ("a varint above 64 bits", [0x08] + [UInt8](repeating: 0xFF, count: 9) + [0x02]),
        ] as [(String, [UInt8])]
    )
    func `bytes that are no message are malformed`(what: String, bytes: [UInt8]) {
        #expect(throws: WireError.malformed, "\(what)") { try FieldMap(bytes) }
    }

    @Test func `random bytes are split or refused, and never crash`() {
        var random = SplitMix64(seed: 1)
        var split = 0
        for _ in 0..<10_000 {
            let count = Int(random.next() % 24)
            let bytes = random.bytes(count)
            guard let map = try? FieldMap(bytes) else { continue }
            split += 1
            for number in map.numbers {
                _ = map.elements(of: number)
                _ = map.number(of: number)
                _ = map.text(of: number)
            }
            guard map.bytes.count == bytes.count, map == map.keeping(map.numbers) else {
                Issue.record("\(bytes.hexadecimal) was not kept whole")
                return
            }
        }
        #expect(split > 100)
    }
}
