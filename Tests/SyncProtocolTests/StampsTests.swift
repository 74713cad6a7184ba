import SyncProtocol
import Testing

struct StampsTests {
    /// The stamps of a record that several devices wrote to, sometimes deleted.
    private func storedStamps(seed: UInt64) -> Stamps? {
        let collision = Collision(seed: seed, seed.isMultiple(of: 2) ? .reviewed : .owned)
        var story = collision.begun.after(collision.arrivals)
        if seed.isMultiple(of: 3) {
            story.arrives(story.deletion(at: Sample.noon), from: Sample.lin)
        }
        return story.record?.stamps
    }

    @Test func `stamps are what they were after being stored`() throws {
        for seed in 0..<UInt64(300) {
            let stamps = try #require(storedStamps(seed: seed))

            let again = try Stamps(encoded: stamps.encoded)

            #expect(again == stamps)
            #expect(again.encoded == stamps.encoded)
            #expect(again.clock == stamps.clock)
            #expect(again.first == stamps.first)
            #expect(again.deletion == stamps.deletion)
        }
    }

    @Test(
        arguments: [0, 1, -1, 1_767_268_800_000, -62_135_596_800_000, 253_402_300_799_999]
            as [Int64]
    )
    func `a time survives being stored, with or without authority`(time: Int64) throws {
        for byOwner in [false, true] {
            let stamp = Stamp(
                device: Sample.chen.device,
                base: Sample.seenBase,
                time: time,
                byOwner: byOwner
            )

            let again = try Stamps(encoded: Stamps(first: stamp).encoded)

            #expect(again.first == stamp)
        }
    }

    @Test func `a record written once keeps one stamp of under forty bytes`() {
        let stamp = Stamp(device: Sample.chen.device, base: Sample.seenBase, time: Sample.noon)

        #expect(Stamps(first: stamp).encoded.count < 40)
    }

    @Test func `stamps cut anywhere are refused, or are fewer stamps, and never crash`() throws {
        for seed in 0..<UInt64(30) {
            let stamps = try #require(storedStamps(seed: seed))
            let whole = stamps.encoded

            let same = (0..<whole.count).filter { length in
                (try? Stamps(encoded: Array(whole.prefix(length)))) == stamps
            }

            #expect(same.isEmpty)
        }
    }

    @Test func `stamps of another version are refused`() {
        let stamp = Stamp(device: Sample.chen.device, base: Sample.seenBase, time: 0)
        var bytes = Stamps(first: stamp).encoded
        bytes[0] = 4

        #expect(throws: WireError.malformed) { try Stamps(encoded: bytes) }
        #expect(throws: WireError.truncated) { try Stamps(encoded: []) }
    }
}
