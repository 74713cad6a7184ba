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
    /// What was repaired, where what the device held was not what the server has.
    public var repair: DeviceProfile.Repair?
    /// Whether a budget ended it before everything was given, taken and put right [F-10].
    public var isCut = false
    /// About how many bytes went into requests that were not answered.
    public var lost = 0
    /// Whether nobody answered where the server was announced to be met under TLS.
    var isPlain = false
    /// What the last round trip told about the clocks and the link.
    var clock: ClockMeasure?

    /// Nothing yet.
    public init() {}
}

/// What one round trip told about the clocks, and about the link.
struct ClockMeasure: Hashable, Sendable {
    let serverTime: Int64
    let sentAt: Int64
    let receivedAt: Int64
    /// Bytes of bodies, both ways.
    let bytes: Int

    /// Takes the middle of the round trip for the moment at which the server looked at its clock.
    func set(_ profile: inout DeviceProfile) {
        profile.setClock(to: serverTime, at: (sentAt + receivedAt) / 2)
        profile.clockUncertainty = UInt32(clamping: max(1, (receivedAt - sentAt) / 2))
        // Of few bytes most of the time is that of the way.
        let milliseconds = receivedAt &- sentAt
        guard bytes > 4_096, (1...600_000).contains(milliseconds) else { return }
        profile.linkBytesPerSecond = bytes * 1000 / Int(milliseconds)
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
    let schema: Schema
    /// How much it may take; `nil` for as much as there is.
    var budget: SyncBudget?
    let didTouch: @Sendable (Set<RecordID>) -> Void

    func run(_ progress: @Sendable (SyncProgress) -> Void) async throws -> SyncReport {
        if try await store.read({ try $0.profile() }) == nil, let told = await afterSurrender() {
            throw told
        }
        var report = SyncReport()
        let total = try await store.read { try $0.unansweredCount() }
        var session = SyncSession(limits: limits)
        var action = session.handle(.started)
        while true {
            switch action {
            case .send(let size):
                action = session.handle(await send(size, &report))
            case .apply(let response):
                guard let applied = try await apply(response, report.clock, session.course) else {
                    action = session.handle(.behind)
                    continue
                }
                report.add(response)
                report.unanswered = applied.unanswered
                progress(
                    SyncProgress(
                        answered: max(0, total - report.unanswered),
                        total: total,
                        received: report.received
                    )
                )
                action = session.handle(.applied(applied))
                if case .finish = action { return report }
                if isCut(before: action, report) {
                    report.isCut = true
                    return report
                }
            case .wait(let duration):
                if let budget, budget.isSpent(after: report) {
                    report.isCut = true
                    return report
                }
                try await environment.sleep(duration)
                action = session.handle(.waited)
            case .setClock(let time):
                try await setClock(time)
                action = session.handle(.clockSet)
            case .prove:
                try await update { $0.mustProve = true }
                action = session.handle(.proved)
            case .showBookmarks:
                try await update { $0.bookmarkToken = nil }
                action = session.handle(.proved)
            case .readmit:
                action = session.handle(await readmit())
            case .surrender(let order, let known):
                action = session.handle(await surrender(to: order, knownUpTo: known))
            case .repair:
                action = session.handle(await repair(&report))
            case .finish:
                let now = environment.now()
                try await update { $0.lastSync = now &+ $0.clockOffset }
                return report
            case .giveUp(let failure):
                await note(failure.error)
                throw failure.error
            }
        }
    }

    /// Whether a budget ends the sync before what comes next.
    ///
    /// How much a repair takes, nobody knows before.
    private func isCut(before action: SyncSession.Action, _ report: SyncReport) -> Bool {
        guard let budget else { return false }
        return switch action {
        case .send: budget.isSpent(after: report)
        case .repair: true
        default: false
        }
    }

    private func send(
        _ size: SyncSession.Size,
        _ report: inout SyncReport
    ) async -> SyncSession.Event {
        do {
            let (request, profile) = try await request(size, after: report)
            let token = try await token(for: profile)
            let sentAt = environment.now()
            // Until it is answered, it is lost.
            let weight = SyncBudget.lost(request.encoded.count)
            report.lost += weight
            let exchange = try await exchange(
                request,
                profile,
                token: token,
                isPlain: &report.isPlain
            )
            report.lost -= weight
            report.roundTrips += 1
            report.bytes += exchange.bytes
            report.clock = ClockMeasure(
                serverTime: exchange.response.serverTime,
                sentAt: sentAt,
                receivedAt: environment.now(),
                bytes: exchange.bytes.sent + exchange.bytes.received
            )
            let answer = exchange.response
            return .answered(profile.device.map(answer.withReceipt) ?? answer)
        } catch {
            return failed(error)
        }
    }

    func token(for profile: DeviceProfile) async throws -> String {
        guard let key = SigningKey(seed: profile.keySeed) else { throw SyncError.keyDamaged }
        return try await DeviceToken.signed(
            by: key,
            for: profile.fingerprint,
            at: environment.now() + profile.clockOffset
        )
    }

    func failed(_ error: any Error) -> SyncSession.Event {
        switch error {
        case let failure as TransportFailure: .failed(failure, chance: environment.chance())
        case let error as SyncError: .failed(TransportFailure(error), chance: 0)
        default:
            .failed(
                TransportFailure(
                    SyncError("local_failure", "\(error)", hint: "Check the disk of this device.")
                ),
                chance: 0
            )
        }
    }

    private func request(
        _ size: SyncSession.Size,
        after report: SyncReport
    ) async throws -> (request: SyncRequest, profile: DeviceProfile) {
        let now = environment.now()
        let size = budget?.batch(size, after: report) ?? size
        return try await store.read { transaction in
            guard let profile = try transaction.profile() else { throw SyncError.notEnrolled }
            var request = SyncRequest()
            request.epoch = profile.epoch
            request.grant = profile.grant.number
            request.deviceTime = now
            request.software = ClientEnvironment.software
            // > [F-11] It shows the token with those bookmarks alone that have moved since.
            request.bookmarkToken = profile.bookmarkToken ?? []
            request.bookmarks =
                profile.bookmarkToken == nil
                ? try transaction.bookmarks() : try transaction.bookmarksToShow()
            request.settlements = profile.settlements ?? 0
            request.pending = UInt64(try transaction.unansweredCount())
            request.hasSealingKey = profile.sealingKey != nil
            request.announcement = profile.announced ?? 0
            try Batch(transaction: transaction, profile: profile).fill(&request, size)
            // Where nothing is signed for, there is nothing to say so of.
            request.takesBareSignature = !request.payloads.isEmpty
            if let budget {
                request.budget = budget.pages(besides: request.encoded.count, after: report)
            }
            return (request, profile)
        }
    }

    /// Takes an answer in; `nil` where the server has less than it signed for: then nothing was taken.
    ///
    /// Where the session ends with it, when it ended is kept in the same transaction.
    private func apply(
        _ response: SyncResponse,
        _ clock: ClockMeasure?,
        _ course: SyncSession.Course
    ) async throws -> SyncSession.Applied? {
        let (rules, schema, now) = (rules, schema, environment.now())
        let uptime = environment.uptime()
        let taken = try await store.write {
            transaction -> (Set<RecordID>, Bool, SyncSession.Applied)? in
            let before = try transaction.bookmarks()
            guard var profile = try transaction.profile() else { throw SyncError.notEnrolled }
            guard !profile.isAhead(of: response) else { return nil }
            var applied = SyncSession.Applied(
                answered: response.outcomes.count,
                hasEntered: response.epoch != profile.epoch
            )
            try ReceiptCheck(profile: profile, transaction: transaction).check(response)
            clock?.set(&profile)
            if let key = response.sealingKey, profile.trusts(key) { profile.sealingKey = key }
            if let announcement = response.announcement { profile.take(announcement) }
            if !response.bookmarkToken.isEmpty {
                profile.bookmarkToken = response.bookmarkToken
                try transaction.noteBookmarksShown()
            }
            let days = response.leaseDays
            profile.lease = days == 0 ? nil : Lease(days: days, now: now, uptime: uptime)
            profile.refusal = nil
            let desk = Desk(
                transaction: transaction,
                profile: profile,
                rules: rules,
                now: now &+ profile.clockOffset,
                schema: schema
            )
            var intake = Intake(transaction: transaction, desk: desk, response: response)
            let touched = try intake.take(into: &profile)
            applied.offered = intake.offered.count
            let after = try transaction.bookmarks()
            applied.received = Set(after.filter { $0.position > .start }).subtracting(before).count
            applied.unanswered = try transaction.unansweredCount()
            let time = now &+ profile.clockOffset
            if let theirs = response.digest {
                var holdings = Holdings(transaction: transaction, profile: profile)
                applied.differs = try holdings.differ(from: theirs, at: time)
                profile = holdings.profile
            }
            if course.ends(after: applied) { profile.lastSync = time }
            try transaction.save(profile)
            return (touched, profile.mustScrub == true, applied)
        }
        guard let (touched, mustScrub, applied) = taken else { return nil }
        didTouch(touched)
        if mustScrub { await scrub() }
        return applied
    }

    func update(_ change: @escaping @Sendable (inout DeviceProfile) -> Void) async throws {
        try await store.write { transaction in
            guard var profile = try transaction.profile() else { return }
            change(&profile)
            try transaction.save(profile)
        }
    }

    /// Empties the database's log; where somebody is reading it, the next sync tries again.
    private func scrub() async {
        do {
            try await store.scrub()
            try await update { $0.mustScrub = nil }
        } catch {
            // The flag stays.
        }
    }

    /// Keeps why the server refused this device, for whoever asks how things stand.
    private func note(_ error: SyncError) async {
        let code = error.code.rawValue
        guard StandingRefusal.codes.contains(code) else { return }
        let now = environment.now()
        try? await update { profile in
            profile.refusal = StandingRefusal(code: code, at: now &+ profile.clockOffset)
        }
    }

    private func setClock(_ serverTime: Int64) async throws {
        try await store.setClock(to: serverTime, at: environment.now())
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
