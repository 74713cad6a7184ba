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
    let accessLog = AccessLog()
    let checkedTokens = CheckedTokens()
    let commits: GroupCommit
    /// For how many days devices may show what they hold without an answer; 0 for ever.
    public var leaseDays: UInt32 = 0
    /// What devices pin of the key that this process serves; `nil` where they pin none, or it serves nobody.
    public var servedPin: String?

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
        commits = GroupCommit(store: store, limits: limits, clock: clock)
    }

    /// The server's time in milliseconds since 1970.
    public var now: Int64 { clock() }

    /// The server's fingerprint: the audience of every token.
    public var fingerprint: String { identity.key.publicKey.fingerprint }

    /// One round trip of a device whose token was checked.
    ///
    /// Throws `sequence_gap`, `device_forked`, `batch_too_large`, `too_many_bookmarks`,
    /// `bookmark_token_unknown` and `server_busy`;
    /// then nothing was done.
    public func sync(_ request: SyncRequest, from id: DeviceID) async throws -> SyncResponse {
        try check(request)
        let received = clock()
        let ahead = await readAhead(for: request, from: id)
        let taken: Taken
        do {
            taken = try await take(request, from: id, at: received, ahead, isNoted: true)
        } catch let error as SyncError where mayBeOfLog(error, ahead) {
            // It may be the log alone that cannot be written: that keeps nobody from their records [L-04].
            taken = try await take(request, from: id, at: received, nil, isNoted: false)
        }
        var response = SyncResponse()
        response.epoch = taken.epoch
        response.serverTime = received
        // > [A-08] A revoked device is answered with an order that the server's key signed.
        if let order = try revocation(of: taken.device, at: received) {
            response.revocation = order
            response.highWater = taken.device.highWater
            return response
        }
        response.leaseDays = leaseDays
        if !request.hasSealingKey { response.sealingKey = try Sealing.key(of: identity.key) }
        response.outcomes = taken.outcomes
        response.highWater = taken.device.highWater
        response.chain = taken.device.chain
        // Whoever has read in an epoch can show that there was one.
        if !request.payloads.isEmpty || taken.isOfOtherEpoch || taken.isFirstOfEpoch {
            response.receipt = try receipt(for: taken.device, in: taken.epoch, at: received)
            if request.takesBareSignature { response.bareReceipt() }
        }
        guard !taken.isOfOtherEpoch else {
            response.hasMore = true
            return response
        }
        response.backedUp = taken.device.backedUp
        let grant = taken.device.grantTold
        // After a restore, a number may have been given to other areas.
        let isKnown = request.grant == grant.number && !taken.isFirstOfEpoch
        response.grant = isKnown ? nil : grant
        if let vector = taken.device.vector {
            let token = BookmarkVector(stored: vector).token
            if token != request.bookmarkToken { response.bookmarkToken = token }
        }
        var request = request
        request.bookmarks = taken.bookmarks
        let reading =
            if let told = taken.told { told } else { try await read(for: request, of: taken) }
        reading.tell(in: &response, to: request, whoPins: servedPin)
        return response
    }

    /// Whether it may have been for the log of who read what that a request could not be taken in.
    private func mayBeOfLog(_ error: SyncError, _ ahead: ReadAhead?) -> Bool {
        guard error.isOfStore else { return false }
        // Of the one writer's turn, the log needs no more than what else there was to write.
        return store.hasManyWriters ? ahead?.access != nil : error.code != "database_busy"
    }

    /// What taking a request in gave.
    struct Taken: Sendable {
        var device: StoredDevice
        var outcomes: [Outcome] = []
        /// How far it has read.
        var bookmarks: [Bookmark] = []
        var epoch: Epoch
        var isOfOtherEpoch = false
        /// Whether it is the device's first that was taken in this epoch.
        var isFirstOfEpoch = false
        /// What was read for it ahead, or along with it, and is noted as read; `nil` where it is still to be read.
        var told: Reading?
    }

    func intake(at now: Int64, in transaction: some StoreReader) throws -> Intake {
        Intake(
            rules: rules,
            schema: schema,
            limits: limits,
            identity: identity,
            epoch: try transaction.epoch(),
            now: now
        )
    }

    // > [Q-07] The answer to a batch carries a receipt: the server's signature over device, sequence,
    // > chain head, epoch and time.
    private func receipt(
        for device: StoredDevice,
        in epoch: Epoch,
        at now: Int64
    ) throws -> SyncReceipt {
        var receipt = SyncReceipt(
            device: device.id,
            sequence: device.highWater,
            chain: device.chain,
            epoch: epoch,
            time: now
        )
        receipt.signature = try identity.key.signature(for: receipt.signedBytes)
        return receipt
    }

    // > [W-06] Limits hold on both sides alike. A batch that is too large is halved until it fits.
    func check(_ request: SyncRequest) throws {
        guard request.payloads.count <= limits.changesPerBatch else {
            throw SyncError(
                "batch_too_large",
                "The batch holds \(request.payloads.count) changes",
                hint: "Send at most \(limits.changesPerBatch) at a time."
            )
        }
        try check(bookmarks: request.bookmarks.count)
    }

    func check(bookmarks count: Int) throws {
        guard count <= limits.bookmarks else {
            throw SyncError(
                "too_many_bookmarks",
                "The request holds \(count) bookmarks",
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
        at now: Int64,
        _ ahead: ReadAhead?,
        isNoted: Bool
    ) async throws -> Taken {
        do {
            // All that needs no transaction is done before it: the writer does nothing but write.
            let read = ReadChange.all(of: request, schema, rules, limits)
            let weight = request.payloads.count + 1
            let bytes = request.payloads.reduce(ahead?.bytes ?? 0) { $0 + $1.count }
            return try await commits.run(for: id, weight: weight, bytes: bytes) { transaction in
                guard var device = try transaction.device(id) else { throw SyncError.deviceUnknown }
                let known = device
                guard device.revoked == nil else {
                    device.revoked?.heardAt = now
                    device.lastContact = now
                    try transaction.save(device)
                    return Taken(device: device, epoch: try transaction.epoch())
                }
                try device.mustBeInUse()
                var intake = try intake(at: now, in: transaction)
                // > [X-07] A device that the server does not know waits until the operator confirms it.
                //
                // So does one whose grant it does not know any more: what that took away must not be given
                // again. Where nothing was ever restored, a number that was never given says nothing.
                let isGrantKnown =
                    try request.grant <= device.grant.number || transaction.epochs().count == 1
                guard isGrantKnown else { throw SyncError.awaitsConfirmation(device.id) }
                if let receipt = request.receipt, intake.isOurs(receipt, for: device) {
                    try intake.learn(from: receipt, of: device, in: transaction)
                }
                device.lastContact = now
                if !request.software.isEmpty { device.software = request.software }
                device.pending = request.pending
                if request.deviceTime != 0 { device.clockOffset = request.deviceTime - now }
                device.announced = request.announcement
                var taken = Taken(device: device, epoch: intake.epoch)
                // > [X-02] A request of another epoch is answered with the epoch and the high-water mark
                // > alone; nothing of it is taken.
                if request.epoch != .none, request.epoch != intake.epoch {
                    taken.isOfOtherEpoch = true
                } else {
                    taken.bookmarks = try bookmarks(shownBy: request, &taken.device)
                    taken.outcomes = try intake.accept(
                        request,
                        read,
                        from: &taken.device,
                        in: transaction
                    )
                    taken.isFirstOfEpoch = taken.device.lastEpoch != intake.epoch
                    taken.device.lastEpoch = intake.epoch
                    try transaction.note(readings: request.bookmarks, of: id)
                    // What waits for room in the log goes first [L-04].
                    if isNoted, accessLog.backlog.waiting == 0 {
                        taken.told =
                            try ahead?.noted(for: known, in: intake.epoch, transaction)
                            ?? readAlong(for: request, of: taken, in: transaction)
                    }
                }
                try transaction.save(taken.device)
                return taken
            }
        } catch let error as SyncError where error.code == SyncError.forked.code {
            try await noteFork(of: id, at: now)
            throw error
        } catch let error as SyncError where error.code == SyncError.awaitsConfirmation(id).code {
            try await noteUnknownGrant(request.grant, of: id)
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
}
