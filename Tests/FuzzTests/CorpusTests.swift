import Chance
import Foundation
import Fuzz
import TestSupport
import Testing

/// Every decoder that meets foreign bytes keeps its promises: over what fuzzing found worth keeping, and over what
/// seeds make of that.
///
/// Each runs in a process of its own: a broken promise stops it, with the promise in its last words. Without
/// libFuzzer nothing guides the changes; `make fuzz` runs the same targets under it.
struct CorpusTests {
    @Test func `field maps and canonical records`() async {
        await #expect(processExitsWith: .success) { try Inputs(of: "fields").run() }
    }

    @Test func `bodies in JSON`() async {
        await #expect(processExitsWith: .success) { try Inputs(of: "json").run() }
    }

    @Test func `ledgers in any encoding`() async {
        await #expect(processExitsWith: .success) { try Inputs(of: "ledger").run() }
    }

    @Test func `messages in protobuf`() async {
        await #expect(processExitsWith: .success) { try Inputs(of: "messages").run() }
    }

    @Test func `sealed outboxes`() async {
        await #expect(processExitsWith: .success) { try Inputs(of: "outbox").run() }
    }

    @Test func `tokens and certificates`() async {
        await #expect(processExitsWith: .success) { try Inputs(of: "token").run() }
    }

    @Test func `packed bodies`() async {
        await #expect(processExitsWith: .success) { try Inputs(of: "zlib").run() }
    }

    @Test func `every target has a corpus, and every corpus a target`() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Inputs.corpus.path)

        #expect(folders.sorted() == FuzzTargets.names)
    }
}

/// What one target is given: its corpus, then what seeds make of it.
private struct Inputs {
    static let corpus = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fuzz/Corpus")

    private let target: String
    private let kept: [[UInt8]]

    init(of target: String) throws {
        self.target = target
        let folder = Self.corpus.appendingPathComponent(target)
        kept = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .map { Array(try Data(contentsOf: folder.appendingPathComponent($0))) }
    }

    func run() throws {
        try #require(!kept.isEmpty)
        let made = Seeds.first(1_000).lazy.map(made)
        let count = FuzzTargets.run(target, kept) + FuzzTargets.run(target, made)
        try #require(count >= kept.count + 1_000)
    }

    /// One of the corpus with a few changes of the kinds that libFuzzer makes.
    private func made(by seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        var bytes = kept[random.below(kept.count)]
        for _ in 0...random.below(4) { change(&bytes, &random) }
        return bytes
    }

    private func change(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        let place = random.below(bytes.count + 1)
        let length = min(bytes.count - place, 1 + random.below(16))
        switch random.below(7) {
        case 0 where place < bytes.count: bytes[place] ^= 1 << random.below(8)
        case 1 where place < bytes.count: bytes[place] = random.bytes(1)[0]
        case 2: bytes.insert(contentsOf: random.bytes(1 + random.below(8)), at: place)
        case 3: bytes.removeSubrange(place..<place + length)
        case 4: bytes.removeSubrange(place...)
        case 5: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
        default:
            let other = kept[random.below(kept.count)]
            let from = random.below(other.count + 1)
            bytes.replaceSubrange(place..., with: other[from...])
        }
    }
}
