import Chance
import SyncProtocol
import Testing

struct ZlibTests {
    private let text = Array(String(repeating: "王芳，女，1990年1月1日；", count: 200).utf8)

    /// The code of the error that unpacking ends with; `nil` where it does not.
    private func refusal(
        of bytes: [UInt8],
        as coding: ContentCoding,
        limit: Int = 1 << 20
    ) -> String? {
        do throws(SyncError) {
            _ = try Zlib.unpack(bytes, as: coding, limit: limit)
            return nil
        } catch {
            return error.code.rawValue
        }
    }

    @Test("[W-04] what was packed is unpacked to the same bytes", arguments: ContentCoding.allCases)
    func roundTrip(coding: ContentCoding) throws {
        var random = SplitMix64(seed: 3)

        for bytes in [[], [0], text, random.bytes(70_000)] {
            let packed = Zlib.pack(bytes, as: coding)
            let unpacked = try Zlib.unpack(packed, as: coding, limit: bytes.count)
            #expect(unpacked == bytes)
        }
    }

    @Test("[W-04] a packed body is smaller", arguments: [ContentCoding.deflate, .gzip])
    func packingShrinks(coding: ContentCoding) {
        #expect(Zlib.pack(text, as: coding).count < text.count / 10)
    }

    @Test(
        "[W-04] a body that ends early is refused whole, wherever it was cut",
        arguments: [ContentCoding.deflate, .gzip]
    )
    func truncated(coding: ContentCoding) {
        let packed = Zlib.pack(text, as: coding)

        let refusals = (0..<packed.count).map { refusal(of: Array(packed.prefix($0)), as: coding) }

        #expect(refusals.allSatisfy { $0 == "body_truncated" })
    }

    @Test(
        "[W-04] a body that is not what its encoding says is refused whole",
        arguments: [ContentCoding.deflate, .gzip]
    )
    func garbage(coding: ContentCoding) {
        let other: ContentCoding = coding == .gzip ? .deflate : .gzip

        #expect(refusal(of: text, as: coding) == "body_not_inflatable")
        #expect(refusal(of: Zlib.pack(text, as: other), as: coding) == "body_not_inflatable")
    }

    @Test(
        "[W-04] a body whose checksum is wrong is refused whole",
        arguments: [ContentCoding.deflate, .gzip]
    )
    func wrongChecksum(coding: ContentCoding) {
        var packed = Zlib.pack(text, as: coding)
        // The checksum: of zlib the last four bytes, of gzip those before the length.
        packed[packed.count - (coding == .gzip ? 5 : 1)] ^= 1

        #expect(refusal(of: packed, as: coding) == "body_not_inflatable")
    }

    @Test(
        "[W-04] a body with something behind it is refused whole",
        arguments: [ContentCoding.deflate, .gzip]
    )
    func trailingBytes(coding: ContentCoding) {
        let packed = Zlib.pack(text, as: coding)

        #expect(refusal(of: packed + [0], as: coding) == "body_not_inflatable")
        #expect(refusal(of: packed + packed, as: coding) == "body_not_inflatable")
    }

    @Test("[W-04] inflating stops at the limit", arguments: ContentCoding.allCases)
    func limit(coding: ContentCoding) throws {
        let bomb = Zlib.pack([UInt8](repeating: 0, count: 8 << 20), as: coding)

        #expect(refusal(of: bomb, as: coding, limit: 1 << 20) == "body_too_large")
        #expect(refusal(of: bomb, as: coding, limit: (8 << 20) - 1) == "body_too_large")
        #expect(refusal(of: bomb, as: coding, limit: 8 << 20) == nil)
        #expect(refusal(of: Zlib.pack([7], as: coding), as: coding, limit: 0) == "body_too_large")
    }

    @Test("[W-04] a body that needs a preset dictionary is refused by its own code")
    func presetDictionary() {
        // RFC 1950: CMF 0x78, FLG 0xBB with the bit FDICT, and the dictionary's Adler-32.
        let head: [UInt8] = [0x78, 0xBB, 0x12, 0x34, 0x56, 0x78]

        #expect(refusal(of: head + [0x03, 0x00], as: .deflate) == "dictionary_unknown")
    }

    @Test(
        "[W-07] a small body is half as large with the dictionary, and unpacked by whoever has it"
    )
    func dictionary() throws {
        let record = Person {
            $0.name = "欧阳修竹"
            $0.documentType = .residentID
            $0.documentNumber = "34011119701005450X"
            $0.birthDate = 1970_10_05
            $0.originCounty = "340111"
            $0.phones = ["13857200000"]
            $0.capturedIn = ["330921101"]
        }.fieldMap.bytes
        let plain = Zlib.pack(record, as: .deflate)

        let packed = Zlib.pack(record, as: .deflate, with: .latest)

        #expect(packed.count * 10 < plain.count * 7)
        #expect(PresetDictionary.named(by: packed, among: PresetDictionary.all) == .latest)
        #expect(PresetDictionary.named(by: plain, among: PresetDictionary.all) == nil)
        #expect(
            try Zlib.unpack(packed, as: .deflate, with: PresetDictionary.all, limit: 1 << 20)
                == record
        )
        #expect(refusal(of: packed, as: .deflate) == "dictionary_unknown")
        #expect(refusal(of: Array(packed.dropLast()), as: .deflate) == "dictionary_unknown")
        // gzip knows of no dictionaries.
        #expect(
            Zlib.pack(record, as: .gzip, with: .latest) == Zlib.pack(record, as: .gzip)
        )
    }

    @Test("[W-07] a body that was damaged behind the dictionary's name is refused whole")
    func damagedWithDictionary() throws {
        var random = SplitMix64(seed: 9)
        let whole = Zlib.pack(text, as: .deflate, with: .latest)
        for _ in 0..<200 {
            var bytes = whole
            bytes[6 + random.below(bytes.count - 6)] ^= UInt8(1 << random.below(8))
            let unpacked = try? Zlib.unpack(
                bytes,
                as: .deflate,
                with: PresetDictionary.all,
                limit: 1 << 20
            )
            #expect(unpacked == nil || unpacked == text)
        }
    }

    @Test func `random bytes are unpacked or refused, and never crash`() {
        var random = SplitMix64(seed: 4)
        let codes = (0..<2_000).compactMap { _ in
            var bytes = Zlib.pack(random.bytes(20), as: .deflate)
            bytes[Int(random.next() % UInt64(bytes.count))] ^= UInt8(1 << (random.next() % 8))
            return refusal(of: bytes, as: .deflate, limit: 4_096)
        }

        #expect(
            Set(codes).isSubset(of: [
                "body_truncated", "body_not_inflatable", "body_too_large", "dictionary_unknown",
            ])
        )
        #expect(codes.count > 1_900)
    }
}
