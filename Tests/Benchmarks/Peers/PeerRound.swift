internal import Foundation

/// One run of a peer: the work of `Round`, as far as a peer does it.
struct PeerRound {
    let peer: any Peer
    let corpus: Corpus

    struct Push {
        var perSecond: Double
        var usage: Usage
        var conflicts: Int
        var sentAgain: Int
        var versions: [String: String]
    }

    private var entries: ArraySlice<Corpus.Entry> { corpus.entries.prefix(peer.mostRecords) }
    var count: Int { entries.count }

    private func slice(of index: Int) -> [Corpus.Entry] { entries.filter { $0.area == index } }

    /// Every record is new.
    func pushNew() async throws -> Push {
        try await push(
            (0..<Round.devices).map { index in
                slice(of: index).map { PeerItem(new: $0) }.chunks(of: Round.batch)
            }
        )
    }

    /// Half as many edits as there are records, a tenth of them of what a neighbour edits, too: as `Round` does.
    func pushUpdates(of versions: [String: String]) async throws -> Push {
        let slices = (0..<Round.devices).map(slice)
        let stale = Round.batch / 10
        let batches = slices.indices.map { index in
            let fresh = Array(slices[index].prefix(slices[index].count * 9 / 20))
            let neighbour = slices[(index + 1) % slices.count]
            return fresh.chunks(of: Round.batch - stale).enumerated().map { number, own in
                let first = number * (Round.batch - stale)
                let theirs = neighbour.dropFirst(first).prefix(min(stale, own.count))
                return (own + theirs).map { entry in
                    let base = versions[PeerItem(new: entry).id] ?? ""
                    return PeerItem(edit: number, of: entry, base: base)
                }
            }
        }
        return try await push(batches)
    }

    private func push(_ batches: [[[PeerItem]]]) async throws -> Push {
        let peer = peer
        let bodies = batches.map { $0.map { ($0, peer.batch($0)) } }
        let ((parts, seconds), usage) = try await Usage.measuring(peer.meter) {
            try await inThreads(bodies.count) { index, ready in
                let wire = try Wire(port: peer.port)
                ready()
                return try bodies[index].map { items, body in
                    try Self.send(items, body, to: peer, over: wire)
                }
            }
        }
        let sent = parts.joined()
        let versions = try sent.map { try peer.versions(in: $0.answer) }
        let refused = try sent.reduce(0) { try $0 + peer.refused(in: $1.answer) }
        return Push(
            perSecond: Double(batches.joined().reduce(0) { $0 + $1.count }) / seconds,
            usage: usage,
            conflicts: sent.reduce(refused) { $0 + $1.conflicts },
            sentAgain: sent.reduce(0) { $0 + $1.repeats },
            versions: versions.reduce(into: [:]) { $0.merge($1) { _, last in last } }
        )
    }

    private struct Sent: Sendable {
        var answer: Wire.Answer
        var conflicts = 0
        var repeats = 0
    }

    /// Sends a batch, and what it kept back of it, until all is taken or refused.
    private static func send(
        _ items: [PeerItem],
        _ body: [UInt8],
        to peer: any Peer,
        over wire: Wire
    ) throws -> Sent {
        var sent = Sent(answer: try wire.exchange(body))
        var verdict = try peer.verdict(on: sent.answer, of: items)
        sent.conflicts = verdict.conflicts
        while !verdict.again.isEmpty {
            sent.repeats += 1
            sent.answer = try wire.exchange(peer.batch(verdict.again))
            verdict = try peer.verdict(on: sent.answer, of: verdict.again)
            sent.conflicts += verdict.conflicts
        }
        return sent
    }

    /// A new device reads everything: requests written down in a first pass, timed in a second.
    func readEverything() async throws -> (perSecond: Double, records: Int, last: String?) {
        let wire = try Wire(port: peer.port)
        var requests: [[UInt8]] = []
        var (records, cursor) = (0, String?.none)
        while true {
            requests.append(peer.page(after: cursor))
            let (count, last) = try peer.end(of: wire.exchange(requests[requests.count - 1]))
            guard count > 0, let last else { break }
            (records, cursor) = (records + count, last)
        }
        let began = ContinuousClock.now
        for request in requests { _ = try wire.exchange(request) }
        return (Double(records) / ((ContinuousClock.now - began) / .seconds(1)), records, cursor)
    }

    /// Twenty records are new after a moment: what it takes a device to fetch them.
    func poll(after cursor: String?) async throws -> Round.Polling {
        let new = Corpus(count: 20, order: .random, seed: 7).entries.map { PeerItem(new: $0) }
        _ = try peer.refused(in: Wire(port: peer.port).exchange(peer.batch(new)))
        let request = peer.page(after: cursor)
        let answer = try Wire(port: peer.port).exchange(request)
        let brought = try peer.end(of: answer).records
        guard brought == new.count else { throw BenchError("\(peer.name): \(brought) came") }
        return try await Round.polling([request], answer, peer.port, peer.meter, seconds: 3)
    }
}
