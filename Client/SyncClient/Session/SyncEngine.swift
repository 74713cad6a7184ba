public import SyncProtocol
internal import SyncTrust

/// What one sync did, for people.
public struct SyncReport: Hashable, Sendable {
    /// Round trips that were answered.
    public var roundTrips = 0
    /// Changes that were answered, by what became of them.
    public var outcomes: [Outcome.Kind: Int] = [:]
    /// Records that came.
    public var received = 0
    /// Records that left this device's areas.
    public var departed = 0
    /// What went over the wire.
    public var bytes = ByteCount()
    /// Changes that still wait.
    public var unanswered = 0
    /// What people decided about this device's returned changes.
    public var settlements: [Settlement] = []
    /// What the last round trip told about the clocks.
    var clock: ClockMeasure?

    /// Nothing yet.
    public init() {}
}

/// What one round trip told about the clocks.
struct ClockMeasure: Hashable, Sendable {
    let serverTime: Int64
    let sentAt: Int64
    let receivedAt: Int64

    /// Takes the middle of the round trip for the moment at which the server looked at its clock.
    func set(_ profile: inout DeviceProfile) {
        profile.setClock(to: serverTime, at: (sentAt + receivedAt) / 2)
        profile.clockUncertainty = UInt32(clamping: max(1, (receivedAt - sentAt) / 2))
    }
}

/// How far a sync has come.
public struct SyncProgress: Sendable {
    /// Changes answered so far.
    public var answered: Int
    /// Changes that waited when it began.
    public var total: Int
    /// Records that came so far.
    public var received: Int
}

/// Carries out what the session decides: the shell around `SyncSession`.
struct SyncEngine {
    let store: any LocalStore
    let transport: any Transport
    let rules: any RecordRules
    let environment: ClientEnvironment
    let limits: Limits
    let didTouch: @Sendable (Set<RecordID>) -> Void

    func run(_ progress: @Sendable (SyncProgress) -> Void) async throws -> SyncReport {
        var report = SyncReport()
        let total = try await store.read { try $0.unansweredCount() }
        var session = SyncSession(limits: limits)
        var action = session.handle(.started)
        while true {
            switch action {
            case .send(let size):
                action = session.handle(await send(size, &report))
            case .apply(let response):
                let advanced = try await apply(response, measured: report.clock)
                report.add(response)
                report.unanswered = try await store.read { try $0.unansweredCount() }
                progress(
                    SyncProgress(
                        answered: total - report.unanswered,
                        total: total,
                        received: report.received
                    )
                )
                action = session.handle(
                    .applied(
                        answered: response.outcomes.count,
                        received: advanced,
                        unanswered: report.unanswered
                    )
                )
            case .wait(let duration):
                try await environment.sleep(duration)
                action = session.handle(.waited)
            case .setClock(let time):
                try await setClock(time)
                action = session.handle(.clockSet)
            case .finish:
                return try await finish(report)
            case .giveUp(let failure):
                throw failure.error
            }
        }
    }

    private func send(
        _ size: SyncSession.Size,
        _ report: inout SyncReport
    ) async -> SyncSession.Event {
        do {
            let (request, profile) = try await request(size)
            guard let key = SigningKey(seed: profile.keySeed) else { throw SyncError.keyDamaged }
            let token = try await DeviceToken.signed(
                by: key,
                for: profile.fingerprint,
                at: environment.now() + profile.clockOffset
            )
            let sentAt = environment.now()
            let exchange = try await transport.sync(request, to: profile.server, token: token)
            report.roundTrips += 1
            report.bytes += exchange.bytes
            report.clock = ClockMeasure(
                serverTime: exchange.response.serverTime,
                sentAt: sentAt,
                receivedAt: environment.now()
            )
            return .answered(exchange.response)
        } catch let failure as TransportFailure {
            return .failed(failure, chance: environment.chance())
        } catch let error as SyncError {
            return .failed(TransportFailure(error), chance: 0)
        } catch {
            return .failed(
                TransportFailure(
                    SyncError("local_failure", "\(error)", hint: "Check the disk of this device.")
                ),
                chance: 0
            )
        }
    }

    private func request(
        _ size: SyncSession.Size
    ) async throws -> (request: SyncRequest, profile: DeviceProfile) {
        let now = environment.now()
        return try await store.read { transaction in
            guard let profile = try transaction.profile() else { throw SyncError.notEnrolled }
            var request = SyncRequest()
            request.epoch = profile.epoch
            request.grant = profile.grant.number
            request.deviceTime = now
            request.software = ClientEnvironment.software
            request.bookmarks = try transaction.bookmarks()
            request.settlements = profile.settlements ?? 0
            let waiting = try transaction.unanswered(limit: size.changes)
            var bytes = 0
            // At least one change travels, however large.
            let batch = waiting.prefix { entry in
                defer { bytes += entry.payload.count }
                return bytes == 0 || bytes + entry.payload.count <= size.bytes
            }
            request.payloads = batch.map(\.payload)
            request.firstSequence = batch.first?.sequence ?? .none
            request.chain = batch.last?.chain ?? []
            return (request, profile)
        }
    }

    /// Takes an answer in; returns how many of its pages lead further than the device had read.
    private func apply(
        _ response: SyncResponse,
        measured clock: ClockMeasure?
    ) async throws -> Int {
        let (rules, now) = (rules, environment.now())
        let (touched, mustScrub, advanced) = try await store.write { transaction in
            let before = try transaction.bookmarks()
            guard var profile = try transaction.profile() else { throw SyncError.notEnrolled }
            try ReceiptCheck(profile: profile, transaction: transaction).check(response)
            clock?.set(&profile)
            let desk = Desk(
                transaction: transaction,
                profile: profile,
                rules: rules,
                now: now &+ profile.clockOffset
            )
            let intake = Intake(transaction: transaction, desk: desk, response: response)
            let touched = try intake.take(into: &profile)
            try transaction.save(profile)
            let after = try transaction.bookmarks()
            let advanced = Set(after.filter { $0.position > .start }).subtracting(before).count
            return (touched, profile.mustScrub == true, advanced)
        }
        didTouch(touched)
        if mustScrub { await scrub() }
        return advanced
    }

    /// Empties the database's log; where somebody is reading it, the next sync tries again.
    private func scrub() async {
        do {
            try await store.scrub()
            try await store.write { transaction in
                guard var profile = try transaction.profile() else { return }
                profile.mustScrub = nil
                try transaction.save(profile)
            }
        } catch {
            // The flag stays.
        }
    }

    private func setClock(_ serverTime: Int64) async throws {
        try await store.setClock(to: serverTime, at: environment.now())
    }

    private func finish(_ report: SyncReport) async throws -> SyncReport {
        let now = environment.now()
        try await store.write { transaction in
            guard var profile = try transaction.profile() else { return }
            profile.lastSync = now + profile.clockOffset
            try transaction.save(profile)
        }
        return report
    }
}

extension SyncReport {
    fileprivate mutating func add(_ response: SyncResponse) {
        for outcome in response.outcomes { outcomes[outcome.kind, default: 0] += 1 }
        received += response.pages.reduce(0) { $0 + $1.records.count }
        settlements += response.settlements
        departed += response.pages.reduce(0) { $0 + $1.departures.count }
    }
}
