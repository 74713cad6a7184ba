import Chance
import SyncProtocol
import Testing

struct IdentifierTests {
    @Test("[N-01] an id that a device mints is a UUID of version 7")
    func minted() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<1_000 {
            let id = RecordID.minted(at: Sample.noon, using: &random)
            let text = Array(id.description)
            guard id.bytes.count == 16, text[14] == "7", "89ab".contains(text[19]) else {
                Issue.record("\(id)")
                return
            }
        }
    }

    @Test("[N-01] an id that derives from a natural key is a UUID of version 8")
    func derived() {
        for byte in UInt8.min...UInt8.max {
            let id = RecordID(derivedFrom: [UInt8](repeating: byte, count: 32))
            #expect(id.bytes[6] >> 4 == 8)
            #expect(id.bytes[8] >> 6 == 0b10)
        }
    }

    @Test("[N-01] ids minted later come later, and those of one millisecond differ")
    func timeOrder() {
        var random = SplitMix64(seed: 8)
        let times: [Int64] = [0, 1, 255, 256, 65_536, Sample.noon, Sample.noon + 1]

        let ids = times.map { RecordID.minted(at: $0, using: &random) }
        let sameMoment = (0..<1_000).map { _ in RecordID.minted(at: Sample.noon, using: &random) }

        #expect(ids == ids.sorted())
        #expect(ids[5].description.hasPrefix("019b796d-d600-7"))
        #expect(Set(sameMoment).count == 1_000)
    }

    @Test("[N-01] an id is the same in its text form, in either case")
    func text() {
        var random = SplitMix64(seed: 9)
        for _ in 0..<200 {
            let id = RecordID.minted(at: Sample.noon, using: &random)
            #expect(RecordID(id.description) == id)
            #expect(RecordID(id.description.uppercased()) == id)
            #expect(RecordID(bytes: id.bytes) == id)
        }
    }

    @Test(
        "[N-01] what is not 16 bytes is no id",
        arguments: [
            "", "019bb216", "019bb216-ea00-7000-8000-00000000000g",
            "019bb216ea007000800000000000000",
        ]
    )
    func notAnID(text: String) {
        #expect(RecordID(text) == nil)
        #expect(RecordID(bytes: Array(text.utf8.prefix(15))) == nil)
        #expect(DeviceID(text) == nil)
    }

    @Test("[N-03] a device's id is 16 bytes, written as 32 hexadecimal digits")
    func devices() {
        let id = Sample.chen.device

        #expect(id.description == String(repeating: "02", count: 16))
        #expect(DeviceID(id.description) == id)
        #expect(DeviceID(bytes: id.bytes.dropLast()) == nil)
        #expect(Sample.lin.device < id)
    }

    @Test(arguments: ["33", "3302", "330206", "330206001", "330206001001"])
    func `an area has 2, 4, 6, 9 or 12 digits`(digits: String) {
        #expect(AreaCode(digits)?.description == digits)
        #expect(AreaCode(digits + "0000") == nil || digits.count == 2)
        #expect(AreaCode(String(digits.dropLast()) + "x") == nil)
        #expect(AreaCode(String(digits.dropLast()) + "３") == nil)
    }

    @Test("[P-01] an area contains itself and every code that it is a prefix of")
    func areas() {
        let county = Sample.area("330206")
        let township = Sample.area("330206001")
        let other = Sample.area("330212")

        #expect(county.contains(county))
        #expect(county.contains(township))
        #expect(!township.contains(county))
        #expect(!county.contains(other))
        #expect([other, county].cover(township))
        #expect(![other].cover(township))
        #expect(![AreaCode]().cover(township))
    }

    @Test func `revisions, positions and sequence numbers count from none`() {
        #expect(Revision.none.next == Revision(rawValue: 1))
        #expect(Position.start.next == Position(rawValue: 1))
        #expect(SequenceNumber.none.next == SequenceNumber(rawValue: 1))
        #expect(Revision(rawValue: 9) < Revision(rawValue: 10))
    }
}
