internal import Chance
internal import Foundation
internal import SyncProtocol
internal import SyncTrust

/// What the parts cost, each by itself.
enum Micro {
    struct Result: Codable {
        var name: String
        var nanoseconds: Double
        /// The slowest of the runs against the fastest.
        var spread: Double
    }

    static func run() async throws -> [Result] {
        let corpus = Corpus(count: 1_000, order: .random).entries
        let type = Person.recordType
        var results: [Result] = []
        func time(_ name: String, _ count: Int, _ body: (Int) throws -> Int) rethrows {
            var runs: [Double] = []
            var sum = 0
            for _ in 0..<5 {
                let began = ContinuousClock.now
                for index in 0..<count { sum &+= try body(index) }
                runs.append((ContinuousClock.now - began) / .nanoseconds(1) / Double(count))
            }
            // The sum is looked at, so that nothing is left out.
            guard sum != .min else { return }
            let (low, high) = (runs.min() ?? 0, runs.max() ?? 0)
            results.append(Result(name: name, nanoseconds: runs.median, spread: high / low))
        }

        let (standing, edits, authors) = merging(corpus[0])
        for (name, author) in [("merge, nobody contests", 0), ("merge, in conflict", 1)] {
            time(name, 20_000) { index in
                let merged = merge(
                    edits[index & 1],
                    by: authors[author],
                    into: standing,
                    of: type,
                    epoch: Epoch(rawValue: 1)
                )
                return merged.conflicts.count
            }
        }
        let payloads = corpus.map { Round.creation($0, 1).payload }
        try time("change, read from its bytes", 20_000) { index in
            try Change(payload: payloads[index % 1_000], epoch: .none).touched.count
        }
        try time("field map, split", 50_000) { index in
            try FieldMap(corpus[index % 1_000].fields.bytes).numbers.count
        }
        try time("field map, canonical", 20_000) { index in
            try corpus[index % 1_000].fields.canonical(as: type).bytes.count
        }
        time("chain and hash of a change", 20_000) { index in
            Chain.head(after: Chain.start, hash: Chain.hash(of: payloads[index % 1_000])).count
        }
        time("digest of a record", 20_000) { index in
            let entry = corpus[index % 1_000]
            let mark = RecordMark.of(entry.id, Revision(rawValue: 1), entry.fields.bytes)
            return Int(truncatingIfNeeded: mark)
        }
        let batch = Array(payloads.prefix(20).joined())
        let page = Array(payloads.joined())
        let packed = (Zlib.pack(batch, as: .deflate), Zlib.pack(page, as: .deflate))
        time("zlib, a batch of 20 packed", 1_000) { _ in Zlib.pack(batch, as: .deflate).count }
        time("zlib, a batch of 20 packed with the dictionary", 1_000) { _ in
            Zlib.pack(batch, as: .deflate, with: .latest).count
        }
        try time("zlib, a batch of 20 unpacked", 2_000) { _ in
            try Zlib.unpack(packed.0, as: .deflate, limit: 1 << 20).count
        }
        time("zlib, 1,000 records packed", 20) { _ in Zlib.pack(page, as: .deflate).count }
        try time("zlib, 1,000 records unpacked", 50) { _ in
            try Zlib.unpack(packed.1, as: .deflate, limit: 1 << 20).count
        }
        results.append(try await tokenCheck())
        return results
    }

    private static func tokenCheck() async throws -> Result {
        let (key, server, now) = (SigningKey(), SigningKey().publicKey.fingerprint, Int64(1 << 40))
        let token = try await DeviceToken.signed(by: key, for: server, at: now)
        var runs: [Double] = []
        for _ in 0..<5 {
            let began = ContinuousClock.now
            for _ in 0..<500 {
                try await DeviceToken.check(token, by: key.publicKey, for: server, at: now)
            }
            runs.append((ContinuousClock.now - began) / .nanoseconds(500))
        }
        let (low, high) = (runs.min() ?? 0, runs.max() ?? 0)
        return Result(name: "token, checked", nanoseconds: runs.median, spread: high / low)
    }

    /// A person, two edits of one field of it, its own author and another.
    private static func merging(_ entry: Corpus.Entry) -> (RecordState, [Change], [Author]) {
        let authors = [1, 2].compactMap { number in
            DeviceID(bytes: [UInt8](repeating: number, count: 16))
        }.map { Author(device: $0, name: "") }
        let standing = merge(
            Round.creation(entry, 1),
            by: authors[0],
            into: nil,
            of: Person.recordType,
            epoch: Epoch(rawValue: 1)
        ).record
        let edits = ["甲", "乙"].map { remark in
            var edit = Change(
                record: entry.id,
                type: standing.type,
                base: .none,
                observedAt: SystemClock.milliseconds()
            )
            edit.fields = Person { $0.remark = remark }.fieldMap
            return edit
        }
        return (standing, edits, authors)
    }
}
