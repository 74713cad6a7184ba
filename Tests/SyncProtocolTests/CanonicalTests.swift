import Chance
import SyncProtocol
import Testing

struct CanonicalTests {
    private let type = Person.recordType

    private func canonical(_ write: (inout [UInt8]) -> Void) throws -> FieldMap {
        try FieldMap(handwritten(write)).canonical(as: type)
    }

    @Test("[W-02] the last of a singular field counts")
    func lastOfSingular() throws {
        let map = try canonical {
            $0.append(field: 1, bytes: Array("王方".utf8))
            $0.append(field: 1, bytes: Array("王芳".utf8))
            $0.append(varint: 2, as: 2)
            $0.append(varint: 1, as: 2)
        }

        #expect(
            map
                == person {
                    $0.name = "王芳"
                    $0.sex = .male
                }
        )
    }

    @Test("[W-02] a varint takes its shortest form")
    func shortestVarint() throws {
        let map = try canonical { $0 += [0x10, 0x81, 0x80, 0x00] }

        #expect(map.bytes.hexadecimal == "1001")
    }

    @Test("[W-02] a key takes its shortest form")
    func shortestKey() throws {
        let map = try canonical { $0 += [0x90, 0x80, 0x00, 0x01] }

        #expect(map.bytes.hexadecimal == "1001")
    }

    @Test("[W-02] a value that is its type's default is no value")
    func defaultsAreAbsent() throws {
        let map = try canonical {
            $0.append(field: 1, bytes: [UInt8]())
            $0 += [0x10, 0x00]
            $0 += [0x28, 0x80, 0x00]
        }

        #expect(map.isEmpty)
    }

    @Test("[W-02] the elements of a set are sorted and each once")
    func setsAreSorted() throws {
        let map = try canonical {
            for phone in ["13900000002", "13800000001", "13900000002"] {
                $0.append(field: 14, bytes: Array(phone.utf8))
            }
        }

        #expect(map.texts(of: 14) == ["13800000001", "13900000002"])
        #expect(map == person { $0.phones = ["13900000002", "13800000001"] })
    }

    @Test("[W-02] a packed set is unpacked, beside elements that were not packed")
    func setsAreUnpacked() throws {
        let packed = handwritten {
            $0.append(varint: 202_603)
            $0.append(varint: 202_601)
        }
        let bytes = handwritten {
            $0.append(field: 7, bytes: packed)
            $0.append(key: 7, .varint)
            $0.append(varint: 202_602)
        }

        let map = try FieldMap(bytes).canonical(as: Employment.recordType)

        #expect(map == employment { $0.monthsPaid = [202_601, 202_602, 202_603] })
        #expect(map.elements(of: 7).count == 3)
    }

    @Test("[W-02] a text that is not UTF-8 names its field", arguments: [1, 14, 17] as [UInt32])
    func invalidUTF8(number: UInt32) {
        #expect(throws: WireError.field(number)) {
            try canonical { $0.append(field: number, bytes: [0xE7, 0x8E]) }
        }
    }

    @Test("[W-02] a value of another wire type names its field", arguments: [1, 14] as [UInt32])
    func textAsNumber(number: UInt32) {
        #expect(throws: WireError.field(number)) {
            try canonical { $0.append(varint: 7, as: number) }
        }
    }

    @Test("[W-02] a number as bytes, and a number of fixed width, name their field")
    func numberAsBytes() {
        #expect(throws: WireError.field(2)) {
            try canonical { $0.append(field: 2, bytes: [0x01]) }
        }
        #expect(throws: WireError.field(5)) {
            try canonical { $0 += [0x2D, 0x01, 0x00, 0x00, 0x00] }
        }
    }

    @Test("[W-02] what a typed message says is canonical already")
    func messagesAreCanonical() throws {
        let map = person {
            $0.name = "王芳"
            $0.documentType = .residentID
            $0.phones = ["2", "1", "2"]
            $0.birthDate = 19_900_101
        }

        let canonical = try map.canonical(as: type)

        #expect(canonical == map)
        #expect(map.texts(of: 14) == ["1", "2"])
    }

    @Test("[W-02] the canonical form of a canonical form is itself")
    func canonicalIsIdempotent() throws {
        var random = SplitMix64(seed: 2)
        var accepted = 0
        for _ in 0..<3_000 {
            let type = Schema.current.types[Int(random.next() % 6)]
            guard let map = try? FieldMap(message(of: type, using: &random)),
                let once = try? map.canonical(as: type)
            else { continue }
            accepted += 1
            let twice = try once.canonical(as: type)
            guard once == twice, try FieldMap(once.bytes) == once else {
                Issue.record("\(map.bytes.hexadecimal) of \(type.name)")
                return
            }
        }
        #expect(accepted > 500)
    }

    /// Some fields in an arbitrary order and encoding, mostly of their type.
    private func message(of type: RecordType, using random: inout SplitMix64) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<random.next() % 8 {
            let field = type.fields[Int(random.next() % UInt64(type.fields.count))]
            switch field.kind {
            case .text, .bytes:
                let text = (0..<random.next() % 3).map { _ in UInt8(0x61 + random.next() % 3) }
                bytes.append(field: field.number, bytes: text)
            case .number, .enumeration:
                bytes.append(key: field.number, .varint)
                bytes.append(UInt8(random.next() % 4) | 0x80)
                bytes.append(UInt8(random.next() % 2))
            }
            if random.happens(oneIn: 4) { bytes.append(field: 200, bytes: random.bytes(2)) }
        }
        return bytes
    }
}
