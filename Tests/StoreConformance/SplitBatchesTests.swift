import SyncProtocol
import SyncServer
import Testing

/// What a batch comes to is what its changes come to one by one.
struct SplitBatchesTests {
    private static let old = "330902001"
    private static let new = "330902002"

    private let home = Sample.record(1)
    private let flat = Sample.record(2)
    private let wang = Sample.record(3)
    private let li = Sample.record(4)
    private let stay = Sample.record(5)

    // residence-sim --weather detours, seeds 27 and 5001, and --weather flood, seed 9.
    @Test(
        "[Q-03] what was captured, moved and ended in one batch leaves its tombstone where it had come to",
        arguments: StoreKind.available
    )
    func tombstones(in kind: StoreKind) async throws {
        let (together, one) = try await (places(of: 10, in: kind), places(of: 1, in: kind))

        #expect(together == one)
        // The flat was moved before it was deleted; whoever carried Wang stood in the new area.
        #expect(
            together == [[Self.old, Self.new], [Self.new], [Self.new], [Self.new], [Self.new]]
        )
    }

    /// Where the records stand after all of it was sent, so many changes at once.
    private func places(of count: Int, in kind: StoreKind) async throws -> [[String]] {
        var places: [[String]] = []
        try await Office.run(in: kind) { office in
            var chen = try await office.hand("陈建国", Self.old, Self.new)
            var (deletion, finding) = (chen.change(flat, Dwelling()), chen.change(wang, Person()))
            deletion.deletion = Change.Deletion(reason: 1, text: "")
            finding.redirect = li
            let all = [
                chen.change(home, dwelling(in: Self.old)),
                chen.change(flat, dwelling("海滨路2号", in: Self.old)),
                chen.change(flat, dwelling("海滨路2号", in: Self.new)),
                deletion,
                chen.change(wang, person("王芳", in: Self.old)),
                chen.change(li, person("李四", in: Self.old)),
                chen.change(stay, registration(wang, at: home, in: Self.new)),
                finding,
            ]
            for begin in stride(from: 0, to: all.count, by: count) {
                let part = Array(all[begin..<min(all.count, begin + count)])
                let outcomes = try await chen.send(part)
                #expect(outcomes.allSatisfy { $0.kind != .quarantined }, "\(outcomes)")
            }
            places = try await office.areas(of: home, flat, wang, li, stay)
        }
        return places
    }
}
