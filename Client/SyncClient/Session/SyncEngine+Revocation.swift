internal import SyncProtocol

extension SyncEngine {
    // > [A-08] A revoked device is answered with an order that the server's key signed; nothing else makes
    // > a device erase. It seals what was not answered yet to the server's key, erases everything else,
    // > its keys included, and delivers what it sealed where the order says so.

    /// Carries out an order to erase.
    func surrender(to order: Revocation) async -> SyncSession.Event {
        do {
            let (limits, now) = (limits, environment.now())
            let wasHeld = try await store.write { transaction -> Bool in
                guard let profile = try transaction.profile() else { return false }
                guard profile.trusts(order) else { throw SyncError.serverUntrusted }
                let sealer = OutboxSealer(
                    transaction: transaction,
                    profile: profile,
                    limits: limits,
                    now: now &+ profile.clockOffset
                )
                let (sealed, changes) = try sealer.seal(to: order.sealingKey)
                let kept = KeptOutbox(
                    server: profile.address,
                    name: profile.name,
                    sealed: sealed.encoded,
                    changes: changes,
                    mayDeliver: order.deliver
                )
                try transaction.eraseEverything(keeping: changes > 0 ? kept : nil)
                return true
            }
            // Until the log is written back, what was erased lingers in it.
            if wasHeld { try await store.scrub() }
            return .surrendered(try await deliverKept() ?? .deviceRevoked)
        } catch {
            return failed(error)
        }
    }

    /// Delivers what a revoked device keeps, where it may; returns what its holder is told.
    func deliverKept() async throws -> SyncError? {
        guard let kept = try await store.read({ try $0.keptOutbox() }) else { return nil }
        guard kept.mayDeliver else { return .deviceRevoked(keeping: kept.changes) }
        do {
            try await transport.deliver(kept.sealed, to: kept.server)
        } catch let failure as TransportFailure {
            if failure.isUnreachable { return .deviceRevoked(keeping: kept.changes) }
            throw failure
        }
        try await store.write { try $0.forgetKeptOutbox() }
        return .deviceRevoked(delivering: kept.changes)
    }
}

extension SyncError {
    static let deviceRevoked = SyncError(
        "device_revoked",
        "本设备已被撤销，数据已清除 This device was revoked; what it held is erased",
        hint: "没有未送出的采集。 Nothing was waiting to be sent."
    )

    fileprivate static func deviceRevoked(keeping changes: Int) -> SyncError {
        SyncError(
            "device_revoked",
            "本设备已被撤销，数据已清除，\(changes) 条未送出的采集已封存 This device was revoked and erased; \(changes) unsent changes are kept under seal",
            hint:
                "有网络时再同步，或用 residence outbox 文件 导出后交给运维人员。 Sync again, or bring the operator the file of `residence outbox FILE`."
        )
    }

    fileprivate static func deviceRevoked(delivering changes: Int) -> SyncError {
        SyncError(
            "device_revoked",
            "本设备已被撤销，数据已清除，\(changes) 条未送出的采集已送达 This device was revoked and erased; its \(changes) unsent changes were delivered",
            hint: "没有采集丢失。 Nothing is lost."
        )
    }
}
