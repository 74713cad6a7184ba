import Chance
import SyncTrust
import Testing

struct OneTimeCodeTests {
    @Test("[A-01] a code is three groups of four characters that nobody takes for one another")
    func shape() {
        var random = SplitMix64(seed: 1)
        let allowed = Set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        for _ in 0..<200 {
            let groups = OneTimeCode(using: &random).description.split(separator: "-")
            #expect(groups.map(\.count) == [4, 4, 4])
            #expect(Set(groups.joined()).isSubset(of: allowed))
        }
    }

    @Test("[A-01] codes do not repeat, and neither do their hashes")
    func codesDiffer() {
        var random = SplitMix64(seed: 2)
        let codes = (0..<1_000).map { _ in OneTimeCode(using: &random) }

        #expect(Set(codes.map(\.description)).count == 1_000)
        #expect(Set(codes.map(\.hash)).count == 1_000)
        #expect(codes.allSatisfy { $0.hash.count == 32 })
    }

    @Test(
        "[A-01] a code holds however it is typed",
        arguments: [
            "7Q21-K0XD-04TB", "7q21-k0xd-04tb", "7Q21K0XD04TB", " 7q21 k0xd 04tb ",
            "7Q2I-KOXD-O4TB", "7q2l-koxd-o4tb", "7Q2L-K0XD-04TB", "7-Q-2-1K0XD04TB",
        ]
    )
    func typed(text: String) {
        let code = OneTimeCode(typed: "7Q21-K0XD-04TB")

        #expect(OneTimeCode(typed: text).hash == code.hash)
    }

    @Test(
        "[A-01] every code that is made is recognised when it is typed in lower case without hyphens"
    )
    func roundTrip() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<200 {
            let code = OneTimeCode(using: &random)
            let typed = OneTimeCode(typed: code.description.lowercased().filter { $0 != "-" })
            #expect(typed.description == code.description)
            #expect(typed.hash == code.hash)
        }
    }

    @Test(
        "[A-01] what is no code is simply another code",
        arguments: ["", "-", "7Q2", "码码码码码", "7Q21-K0XD-04TB-X"]
    )
    func nonsense(text: String) {
        #expect(OneTimeCode(typed: text).hash != OneTimeCode(typed: "7Q21-K0XD-04TB").hash)
    }
}
