public import SyncProtocol
internal import SyncTrust

/// The sync service: accepts batches, serves feeds, and knows its devices.
///
/// No HTTP, no SQL.
public struct SyncService: Sendable {
    let store: any Store
    let rules: any RecordRules
    let schema: Schema
    let limits: Limits
    let identity: ServerIdentity
    let clock: @Sendable () -> Int64

    /// A service on a store.
    ///
    /// `clock` gives the server's time in milliseconds since 1970.
    public init(
        store: any Store,
        identity: ServerIdentity,
        rules: any RecordRules,
        schema: Schema = .current,
        limits: Limits = Limits(),
        clock: @escaping @Sendable () -> Int64
    ) {
        self.store = store
        self.identity = identity
        self.rules = rules
        self.schema = schema
        self.limits = limits
        self.clock = clock
    }

    /// The server's time in milliseconds since 1970.
    public var now: Int64 { clock() }

    /// The server's fingerprint: the audience of every token.
    public var fingerprint: String { identity.key.publicKey.fingerprint }

    /// One round trip of a device whose token was checked.
    ///
    /// Throws `sequence_gap`, `device_forked`, `batch_too_large` and `too_many_bookmarks`; then
    /// nothing was done.
    public func sync(_ request: SyncRequest, from id: DeviceID) async throws -> SyncResponse {
        try check(request)
        let received = clock()
        let intake = intake(at: received)
        let (device, outcomes) = try await take(request, from: id, by: intake)
        var response = SyncResponse()
        response.epoch = identity.epoch
        response.serverTime = received
        response.outcomes = outcomes
        response.highWater = device.highWater
        response.chain = device.chain
        response.grant = request.grant == device.grant.number ? nil : device.grant
        if !request.payloads.isEmpty { response.receipt = try receipt(for: device, at: received) }
        let read = try await read(for: request, of: device)
        response.pages = read.pages
        response.hasMore = read.hasMore
        response.settlements = read.settlements
        return response
    }

    func intake(at now: Int64) -> Intake {
        Intake(rules: rules, schema: schema, limits: limits, identity: identity, now: now)
    }

    // > [Q-07] The answer to a batch carries a receipt: the server's signature over device, sequence,
    // > chain head, epoch and time.
    private func receipt(for device: StoredDevice, at now: Int64) throws -> SyncReceipt {
        var receipt = SyncReceipt(
            device: device.id,
            sequence: device.highWater,
            chain: device.chain,
            epoch: identity.epoch,
            time: now
        )
        receipt.signature = try identity.key.signature(for: receipt.signedBytes)
        return receipt
    }

    // > [W-06] Limits hold on both sides alike. A batch that is too large is halved until it fits.
    private func check(_ request: SyncRequest) throws {
        guard request.payloads.count <= limits.changesPerBatch else {
            throw SyncError(
                "batch_too_large",
                "The batch holds \(request.payloads.count) changes",
                hint: "Send at most \(limits.changesPerBatch) at a time."
            )
        }
        guard request.bookmarks.count <= limits.bookmarks else {
            throw SyncError(
                "too_many_bookmarks",
                "The request holds \(request.bookmarks.count) bookmarks",
                hint: "Send at most \(limits.bookmarks).",
                subject: "bookmarks"
            )
        }
    }

    // > [Q-02] The server commits a batch's effects, outcomes and the device's high-water mark in
    // > one transaction.
    private func take(
        _ request: SyncRequest,
        from id: DeviceID,
        by intake: Intake
    ) async throws -> (StoredDevice, [Outcome]) {
        do {
            return try await store.write { transaction in
                guard var device = try transaction.device(id) else { throw SyncError.deviceUnknown }
                let outcomes = try intake.accept(request, from: &device, in: transaction)
                device.lastContact = intake.now
                if !request.software.isEmpty { device.software = request.software }
                if request.deviceTime != 0 { device.clockOffset = request.deviceTime - intake.now }
                try transaction.save(device)
                if request.epoch == intake.epoch {
                    try transaction.note(readings: request.bookmarks, of: id)
                }
                return (device, outcomes)
            }
        } catch let error as SyncError where error.code == SyncError.forked.code {
            try await noteFork(of: id, at: intake.now)
            throw error
        }
    }

    private func noteFork(of id: DeviceID, at now: Int64) async throws {
        try await store.write { transaction in
            guard var device = try transaction.device(id), device.forkedAt == nil else { return }
            device.forkedAt = now
            try transaction.save(device)
        }
    }

    private func read(
        for request: SyncRequest,
        of device: StoredDevice
    ) async throws -> (pages: [AreaPage], hasMore: Bool, settlements: [Settlement]) {
        let (epoch, limits) = (identity.epoch, limits)
        return try await store.read { transaction in
            let (pages, hasMore) = try FeedReader(
                transaction: transaction,
                epoch: epoch,
                limits: limits
            ).pages(for: request, of: device.grant.areas)
            // What was settled in another epoch is counted from the start.
            let known = request.epoch == epoch ? request.settlements : 0
            let settlements = try transaction.settlements(of: device.id, after: known)
            return (pages, hasMore, settlements)
        }
    }
}
