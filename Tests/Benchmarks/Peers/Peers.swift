internal import Foundation

/// The peers that `peers.sh` found installed and started.
enum Peers {
    /// From `kinto:PORT:PROCESS[,PROCESS…]` or `pocketbase:PORT:PROCESS`.
    static func peer(_ description: String) throws -> any Peer {
        let parts = description.split(separator: ":").map(String.init)
        let processes = parts.last?.split(separator: ",").compactMap { Int32($0) } ?? []
        guard parts.count == 3, let port = Int(parts[1]), !processes.isEmpty else {
            throw BenchError("--peer \(description): expected NAME:PORT:PROCESS[,PROCESS…]")
        }
        guard processes.allSatisfy({ !Meter.read("/proc/\($0)/stat").isEmpty }) else {
            throw BenchError("--peer \(description): one of its processes does not run")
        }
        let meter = Meter(families: processes)
        switch parts[0] {
        case "kinto": return Kinto(port: port, meter: meter)
        case "pocketbase": return PocketBase(port: port, meter: meter)
        default: throw BenchError("--peer \(description): kinto or pocketbase are known")
        }
    }

    /// Measures a peer so often on a corpus, the limit of the same session beside it.
    static func measure(
        _ peer: any Peer,
        _ corpus: Corpus,
        rounds: Int,
        limit: Baseline,
        into report: inout Report
    ) async throws {
        let run = PeerRound(peer: peer, corpus: corpus)
        var (limits, pushes, updates) = ([Baseline.Run](), [PeerRound.Push](), [PeerRound.Push]())
        var (readings, polls) = ([Double](), [Round.Polling]())
        for _ in 0..<rounds {
            limits.append(try limit.run(rows: Round.batch))
            try peer.prepare()
            let push = try await run.pushNew()
            pushes.append(push)
            let reading = try await run.readEverything()
            readings.append(reading.perSecond)
            updates.append(try await run.pushUpdates(of: push.versions))
            polls.append(try await run.poll(after: try await run.readEverything().last))
        }
        limits.append(try limit.run(rows: Round.batch))
        let name = peer.name
        report.add(
            "\(name): push new records",
            "records/s",
            pushes.map(\.perSecond),
            limit: limits.map(\.push).median
        )
        report.add(
            "… updates, 10 % in conflict, refused",
            "answered/s",
            updates.map(\.perSecond),
            limit: limits.map(\.update).median
        )
        report.add(
            "… a new device reads everything",
            "records/s",
            readings,
            limit: limits.map(\.pull).median
        )
        report.add(
            "… a poll that brings 20, heads and all",
            "bytes",
            polls.map { Double($0.bytes) }
        )
        report.add("… median at 200/s", "ms", polls.map(\.medianMilliseconds))
        report.add("… server's processor time", "ms", polls.map(\.daemonMillisecondsPerPoll))
        report.add("… a burst of 200, done in", "ms", polls.map(\.burstMilliseconds))
        report.notes.append(note(name, run.count, pushes, updates))
    }

    private static func note(
        _ name: String,
        _ records: Int,
        _ pushes: [PeerRound.Push],
        _ updates: [PeerRound.Push]
    ) -> String {
        let seconds = { (pushes: [PeerRound.Push], path: KeyPath<Usage, Double>) in
            Report.text(pushes.map { $0.usage[keyPath: path] }.median)
        }
        let last = updates.last
        return "\(name), \(records) records: push server \(seconds(pushes, \.daemonSeconds)) s,"
            + " driver \(seconds(pushes, \.driverSeconds)) s of processor time; updates server"
            + " \(seconds(updates, \.daemonSeconds)) s, \(last?.conflicts ?? 0) refused"
            + " (or kept before), \(last?.sentAgain ?? 0) batches sent again"
    }
}
