import SyncClient
import SyncProtocol
import Synchronization
import Testing

struct NewsTests {
    @Test func `a capture and an edit are told to whoever listens`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        var news = lin.client.changes().makeAsyncIterator()

        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.remark(id, "周末在家")

        let captured = await news.next()
        let edited = await news.next()
        #expect(captured == Set([id]))
        #expect(edited == Set([id]))
    }

    @Test func `what a sync brings is told to every listener`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国")
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        var first = chen.client.changes().makeAsyncIterator()
        var second = chen.client.changes().makeAsyncIterator()

        try await chen.sync()

        let toFirst = await first.next()
        let toSecond = await second.next()
        #expect(toFirst == Set([id]))
        #expect(toSecond == Set([id]))
    }

    @Test func `a sync tells how far it has come`() async throws {
        let world = try await World()
        var limits = Limits()
        limits.changesPerBatch = 1
        let lin = try await world.device(named: "林小梅", limits: limits)
        for number in 1...3 {
            try await lin.client.capture(Sample.person("张三", passport: "E\(number)"))
        }
        let steps = Steps()

        _ = try await lin.client.sync { steps.note($0.answered, of: $0.total) }

        #expect(steps.all == ["1/3", "2/3", "3/3"])
    }

    @Test func `it syncs at each interval, whatever becomes of a sync, until it is cancelled`()
        async throws
    {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("张三"))
        let refusal = SyncError("signature_invalid", "No", hint: "Enrol again.")
        lin.weather.next(.refused(refusal))
        let steps = Steps()

        let syncing = Task {
            try await lin.client.keepSyncing(every: .seconds(300)) { result in
                steps.note(result)
                if steps.all.count == 3 { _ = withUnsafeCurrentTask { $0?.cancel() } }
            }
        }
        _ = await syncing.result

        let held = try await lin.client.record(id)
        #expect(steps.all == ["signature_invalid", "0", "0"])
        #expect(Array(lin.clock.slept.prefix(2)) == [.seconds(300), .seconds(300)])
        #expect(held?.acknowledged?.base.revision == Revision(rawValue: 1))
    }
}

/// What was reported, in order.
private final class Steps: Sendable {
    private let steps = Mutex<[String]>([])

    var all: [String] { steps.withLock { $0 } }

    func note(_ answered: Int, of total: Int) {
        steps.withLock { $0.append("\(answered)/\(total)") }
    }

    /// Notes how many changes still wait, or the code of what went wrong.
    func note(_ result: Result<SyncReport, any Error>) {
        let text =
            switch result {
            case .success(let report): "\(report.unanswered)"
            case .failure(let error as SyncError): error.code.rawValue
            case .failure: "unexpected"
            }
        steps.withLock { $0.append(text) }
    }
}
