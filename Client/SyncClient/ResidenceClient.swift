public import SyncProtocol
internal import SyncTrust
internal import Synchronization

/// A device's records: captured, corrected and read here with no network, and synced when there is one.
///
/// Everything but `enrol` and `sync` works offline and is durable when it returns. Reads never wait
/// for a sync, and a sync never takes back what somebody captured.
public final class ResidenceClient: Sendable {
    let store: any LocalStore
    let transport: any Transport
    let rules: any RecordRules
    let environment: ClientEnvironment
    let limits: Limits
    let schema: Schema
    private let listeners = Mutex<[Int: AsyncStream<Set<RecordID>>.Continuation]>([:])

    /// A client on a local store and a way to its server.
    public init(
        store: any LocalStore,
        transport: any Transport,
        rules: any RecordRules = SchemaRules(),
        environment: ClientEnvironment,
        limits: Limits = Limits(),
        schema: Schema = .current
    ) {
        self.store = store
        self.transport = transport
        self.rules = rules
        self.environment = environment
        self.limits = limits
        self.schema = schema
    }

    // MARK: - Enrolment

    /// Enrols this device with the link that the operator gave.
    ///
    /// Throws `link_malformed`, `already_enrolled`, `not_enrolled`, `unsent_work`, `server_untrusted`, and what the
    /// server answers.
    public func enrol(
        link text: String,
        _ manner: EnrolmentManner = .first
    ) async throws -> DeviceProfile {
        guard let link = EnrolmentLinkText(text) else {
            throw SyncError(
                "link_malformed",
                "这不是登记链接 This is not an enrolment link",
                hint:
                    "应形如 https://…/enroll#code=…&key=…，请整条复制。 It looks like https://host:port/enroll#code=…&key=…"
            )
        }
        let former = try await profile()
        if former == nil, manner == .rekeyed { throw SyncError.nothingToRekey }
        if former != nil, manner == .afresh { try await mustBeGivenAway() }
        if let profile = former, manner == .first {
            throw SyncError(
                "already_enrolled",
                "本设备已登记为“\(profile.name)” This device is enrolled already",
                hint:
                    "另一台设备请用另一个数据文件夹（--data）；换人使用请加 --afresh，原有数据将清除；更换密钥请加 --rekey，数据保留。 Use another data folder (--data DIR) for another device; --afresh gives this one to another person and erases what it held; --rekey goes on under a new key and keeps it."
            )
        }
        if let kept = try await store.read({ try $0.keptOutbox() }), !kept.isEmpty {
            throw SyncError(
                "outbox_kept",
                "这里还封存着“\(kept.name)”的 \(kept.changes) 条采集 \(kept.changes) changes of a revoked device are still kept here",
                hint:
                    "先同步送达，或用 residence outbox 文件 --forget 导出；新设备也可用另一个数据文件夹。 Deliver them by a sync, or export them with `residence outbox FILE --forget`; or use another data folder."
            )
        }
        var key =
            if let former { try await freshKey(besides: former) } else { try await enrolmentKey() }
        var request = EnrolmentRequest(
            code: link.code,
            publicKey: key.publicKey.bytes,
            software: ClientEnvironment.software
        )
        let answer =
            if let former, manner == .rekeyed {
                try await introduce(&request, as: &key, inPlaceOf: former, at: link.server)
            } else {
                try await introduce(request, at: link.server)
            }
        // > [A-03] The enrolment answer is signed by the server; a device whose link names another
        // > fingerprint stores nothing.
        guard let server = PublicKey(bytes: answer.serverKey),
            server.fingerprint == link.fingerprint,
            await EnrolmentCertificate.holds(answer.certificate, by: server, for: key.publicKey)
        else { throw SyncError.serverUntrusted }
        var profile = DeviceProfile(
            server: link.server.url,
            fingerprint: link.fingerprint,
            keySeed: key.seed,
            identityKey: answer.identityKey,
            name: answer.name,
            certificate: answer.certificate,
            grant: answer.grant,
            epoch: answer.epoch
        )
        profile.serverKey = answer.serverKey
        profile.tlsPin = link.server.pin
        if let key = answer.sealingKey, profile.trusts(key) { profile.sealingKey = key }
        profile.setClock(to: answer.serverTime, at: environment.now())
        if manner == .rekeyed {
            return try await goOn(as: profile, after: request.predecessors)
        }
        // Nothing is held yet, and so all of it is counted.
        profile.lastRecount = environment.now() &+ profile.clockOffset
        if former != nil {
            try await begin(afresh: profile)
        } else {
            try await store.write { [profile] in try $0.save(profile) }
        }
        return profile
    }

    func introduce(
        _ request: EnrolmentRequest,
        at server: ServerAddress
    ) async throws -> EnrolmentResponse {
        try await translating { try await transport.enrol(request, at: server) }
    }

    /// The key of this enrolment, kept before it is sent: if the answer is lost, the same link works
    /// again for the same key.
    private func enrolmentKey() async throws -> SigningKey {
        let new = environment.mintKey()
        let seed = try await store.write { transaction in
            if let begun = try transaction.enrolmentSeed() { return begun }
            try transaction.save(enrolmentSeed: new)
            return new
        }
        guard let key = SigningKey(seed: seed) else { throw SyncError.keyDamaged }
        return key
    }

    /// Who this device is; `nil` before it was enrolled.
    public func profile() async throws -> DeviceProfile? {
        try await store.read { try $0.profile() }
    }

    /// A fresh token, for calling the server by other means than this client.
    public func token() async throws -> String {
        guard let profile = try await profile() else { throw SyncError.notEnrolled }
        return try await engine.token(for: profile)
    }

    // MARK: - Sync

    /// Gives away what waits and takes what is new, retrying as the network allows.
    ///
    /// With a `budget` in bytes, heads included, it ends within that, and what is left comes with the next [F-10].
    /// Throws what kept it from ending; whatever was answered until then stays answered.
    public func sync(
        budget: Int? = nil,
        progress: @escaping @Sendable (SyncProgress) -> Void = { _ in }
    ) async throws -> SyncReport {
        var engine = engine
        engine.budget = budget.map(SyncBudget.init(bytes:))
        return try await engine.run(progress)
    }

    private var engine: SyncEngine {
        SyncEngine(
            store: store,
            transport: transport,
            rules: rules,
            environment: environment,
            limits: limits,
            schema: schema,
            didTouch: { [weak self] in self?.tell($0) }
        )
    }

    /// Syncs now and then until the task is cancelled; a failed sync is reported and tried again.
    public func keepSyncing(
        every interval: Duration,
        report: @escaping @Sendable (Result<SyncReport, any Error>) -> Void = { _ in }
    ) async throws {
        while !Task.isCancelled {
            do {
                report(.success(try await sync()))
            } catch let error as SyncError {
                report(.failure(error))
            }
            try await environment.sleep(interval)
        }
    }

    // MARK: - News

    /// The ids of records as they change, here or by a sync.
    public func changes() -> AsyncStream<Set<RecordID>> {
        AsyncStream { continuation in
            let number = listeners.withLock { all in
                let number = (all.keys.max() ?? 0) + 1
                all[number] = continuation
                return number
            }
            continuation.onTermination = { [weak self] _ in
                self?.listeners.withLock { all in all[number] = nil }
            }
        }
    }

    func tell(_ ids: Set<RecordID>) {
        guard !ids.isEmpty else { return }
        for listener in listeners.withLock({ Array($0.values) }) { listener.yield(ids) }
    }

    func translating<R>(_ body: () async throws -> R) async throws -> R {
        do {
            return try await body()
        } catch let failure as TransportFailure {
            throw failure.error
        }
    }
}

/// What a link is used for.
public enum EnrolmentManner: Hashable, Sendable {
    /// The device is enrolled for the first time.
    case first
    /// A device that is enrolled becomes somebody else's: what it held is erased [O-03].
    case afresh
    /// A device that is enrolled goes on under a new key, with everything that it holds [A-12].
    case rekeyed
}

/// The parts of an enrolment link: `https://host:port/enroll#code=…&key=…&tls=…`.
struct EnrolmentLinkText {
    let server: ServerAddress
    let code: String
    let fingerprint: String

    init?(_ text: String) {
        let text = text.filter { !$0.isWhitespace }
        let halves = text.split(separator: "#", maxSplits: 1)
        guard halves.count == 2, halves[0].hasPrefix("http"), halves[0].hasSuffix("/enroll") else {
            return nil
        }
        let pairs = halves[1].split(separator: "&").map {
            $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        }
        let values = Dictionary(
            pairs.filter { $0.count == 2 }.map { (String($0[0]), String($0[1])) },
            uniquingKeysWith: { first, _ in first }
        )
        guard let code = values["code"], let key = values["key"], !code.isEmpty, !key.isEmpty
        else { return nil }
        // > [A-10] A device connects to nobody but the holder of the key that its link pinned.
        if let pin = values["tls"] {
            guard halves[0].hasPrefix("https://"), pin.count == 64, pin.allSatisfy(\.isHexDigit)
            else {
                return nil
            }
        }
        server = ServerAddress(
            url: String(halves[0].dropLast("/enroll".count)),
            pin: values["tls"]?.lowercased()
        )
        self.code = code
        fingerprint = key.lowercased()
    }
}
