import Foundation
import SyncTrust
import Testing

@Suite struct GeneratedCodeTests {
    /// Fails when a .proto file, the Swift made from it or the descriptor set was changed without the
    /// others: run `make generate`.
    @Test func `generated code is not stale`() throws {
        let folder = SourceFile.root.appendingPathComponent("Protocol")
        let sums = try SourceFile.text(of: "Protocol/SyncProtocol/Generated/SHA256SUMS")
            .split(separator: "\n").map { $0.split(separator: " ").map(String.init) }

        #expect(sums.count == 9)
        for sum in sums {
            let bytes = try Data(contentsOf: folder.appendingPathComponent(try #require(sum.last)))
            let hash = Chain.hash(of: Array(bytes)).map { byte in
                let text = String(byte, radix: 16)
                return text.count == 1 ? "0" + text : text
            }
            #expect(hash.joined() == sum.first, "\(sum.last ?? "") is stale: make generate")
        }
    }
}
