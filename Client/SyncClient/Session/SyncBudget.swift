internal import SyncProtocol

/// How many bytes a sync may take on the wire, heads and all.
///
/// > [F-10] A sync with a budget ends within it, by a twentieth above at most: whole pages and whole batches; what is
/// > left comes with the next.
struct SyncBudget {
    /// What a round trip weighs at most besides changes and records: heads, of which a token is most, and what every
    /// answer says.
    static let heads = 1_000

    /// Bytes of bodies and heads, both ways.
    let bytes: Int

    init(bytes: Int) { self.bytes = min(max(0, bytes), 1 << 40) }

    /// What a request may have cost that was not answered: its bytes packed, and its heads.
    static func lost(_ body: Int) -> Int { Int(Double(body) * guess) + heads }

    /// What is left after some round trips, each with its heads.
    private func left(after report: SyncReport) -> Int {
        bytes - report.bytes.sent - report.bytes.received - report.roundTrips * Self.heads
            - report.lost
    }

    /// Whether another round trip is not worth its heads, or would not fit.
    func isSpent(after report: SyncReport) -> Bool {
        left(after: report) < max(2 * Self.heads, bytes / 40)
    }

    /// How large a batch may be, of the size that the session wants.
    func batch(_ wanted: SyncSession.Size, after report: SyncReport) -> SyncSession.Size {
        let room = room(
            left(after: report) - Self.heads,
            report.bytes.sent,
            report.bytes.sentUnpacked
        )
        return SyncSession.Size(
            changes: wanted.changes,
            bytes: min(wanted.bytes, max(1, room))
        )
    }

    /// How many bytes of pages, before packing, the server may answer with; at least one, for 0 is no bound.
    func pages(besides batch: Int, after report: SyncReport) -> Int {
        let sent = report.bytes
        let share = Self.share(sent.sent, sent.sentUnpacked) ?? Self.guess
        let down = left(after: report) - Self.heads - Int(Double(batch) * share)
        return max(1, room(down, sent.received, sent.receivedUnpacked))
    }

    /// A share of a body that packing seldom leaves.
    private static let guess = 0.5

    /// How many bytes before packing fit into so many packed ones: until it is known how well they pack, half as many
    /// as are likely to.
    private func room(_ left: Int, _ packed: Int, _ unpacked: Int) -> Int {
        guard let share = Self.share(packed, unpacked) else {
            return Int(Double(left) / Self.guess / 2)
        }
        return Int(Double(left) / share)
    }

    /// What packing has left of the bodies of this sync; `nil` while there were too few to tell.
    private static func share(_ packed: Int, _ unpacked: Int) -> Double? {
        unpacked > 2_000 ? max(0.05, Double(packed) / Double(unpacked)) : nil
    }
}
