public import SyncProtocol

/// What a sync would take, before it is begun.
public struct SyncForecast: Hashable, Sendable {
    /// What is new at the server.
    public var news = NewsEstimate()
    /// Changes of this device that wait.
    public var changes = 0
    /// About how many bytes those take on the wire, heads included: there, and back as the server has them then.
    public var bytesForChanges = 0
    /// How fast the link was when it was last measured, in bytes a second; `nil` where it never was.
    public var bytesPerSecond: Int?

    /// About how many bytes both ways.
    public var bytes: Int { news.bytes + bytesForChanges }

    /// About how many seconds, on a link as fast as that or, where none was measured, of 256 kbit/s.
    public var seconds: Int { (bytes + rate - 1) / rate }

    private var rate: Int { max(1, bytesPerSecond ?? 32_000) }
}

extension ResidenceClient {
    // > [F-09] A device may ask how much a sync would bring.

    /// Asks the server how much a sync would bring, and weighs what waits here; nothing is given or taken.
    public func forecast() async throws -> SyncForecast {
        guard let profile = try await profile() else { throw SyncError.notEnrolled }
        let (question, waiting) = try await store.read { transaction in
            try (
                NewsQuestion(transaction.bookmarks()),
                transaction.unanswered(limit: .max).map(\.payload)
            )
        }
        let json = try await asking { token in
            try await transport.ask(
                question.json,
                of: "/v1/estimate",
                at: profile.address,
                token: token
            )
        }
        var forecast = SyncForecast()
        forecast.news = try NewsEstimate(json: json)
        forecast.changes = waiting.count
        forecast.bytesForChanges = Self.weight(of: waiting, limits.changesPerBatch)
        forecast.bytesPerSecond = profile.linkBytesPerSecond
        return forecast
    }

    /// What changes weigh once they are packed, by what becomes of the first of them.
    private static func weight(of payloads: [[UInt8]], _ batch: Int) -> Int {
        guard !payloads.isEmpty else { return 0 }
        let whole = payloads.reduce(0) { $0 + $1.count + 3 }
        let sample = Array(payloads.prefix(50).joined())
        let packed = Zlib.pack(sample, as: .deflate, with: .latest)
        let batches = (payloads.count + batch - 1) / batch
        return batches * SyncBudget.heads + 2 * whole * packed.count / sample.count
    }
}
