import SyncProtocol
import SyncTrust
import Testing

struct ChainTests {
    private func head(after payloads: [String]) -> [UInt8] {
        payloads.reduce(Chain.start) { head, payload in
            Chain.head(after: head, hash: Chain.hash(of: Array(payload.utf8)))
        }
    }

    @Test("[Q-04] before the first change the head is 32 zero bytes")
    func start() {
        #expect(Chain.start == [UInt8](repeating: 0, count: 32))
    }

    @Test("[Q-04] the head is SHA-256 over the head before it and the SHA-256 of the change")
    func heads() {
        #expect(
            head(after: ["first"]).hexadecimal
                == "664cc94c690b164c5c4e366131ce26d2f535300a175c0486c5f470991af63a5f"
        )
        #expect(
            head(after: ["first", "second"]).hexadecimal
                == "5898c2c1efbc17ff65053618ccf77d3e8962574875df360a91092a990f1f25c7"
        )
    }

    @Test("[Q-04] another change, another order or one change more gives another head")
    func differences() {
        let histories = [
            [], ["first"], ["second"], ["first", "second"], ["second", "first"], ["firstsecond"],
            ["first", "first"], ["first", "second", ""],
        ]

        #expect(Set(histories.map { head(after: $0) }).count == histories.count)
    }

    @Test("[Q-04] a head goes on from the head alone, however the batches were cut")
    func batches() {
        let whole = head(after: ["a", "b", "c"])
        let cut = Chain.head(after: head(after: ["a", "b"]), hash: Chain.hash(of: Array("c".utf8)))

        #expect(whole == cut)
    }
}
