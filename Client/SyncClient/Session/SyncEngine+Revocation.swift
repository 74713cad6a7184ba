internal import Foundation
internal import SyncProtocol
internal import SyncTrust

extension SyncEngine {
    // > [A-08] A revoked device is answered with an order that the server's key signed; nothing else makes
    // > a device erase. It seals what the server does not have to the server's key, erases everything else,
    // > its keys included, and delivers what it sealed where the order says so; it keeps that until the
    // > server has signed for it.

    /// Carries out an order to erase; the server has this device's changes up to a number.
    func surrender(to order: Revocation, knownUpTo known: SequenceNumber) async -> SyncSession.Event
    {
        do {
            let (limits, now) = (limits, environment.now())
            try await store.write { transaction in
                guard var profile = try transaction.profile() else { return }
                guard profile.trusts(order) else { throw SyncError.serverUntrusted }
                // What a restored server lacks goes with the rest; what it has comes twice, and counts once.
                _ = try transaction.reopen(after: known, answeredIn: profile.epoch)
                profile.highWater = known.rawValue
                let sealer = OutboxSealer(
                    transaction: transaction,
                    profile: profile,
                    limits: limits,
                    now: now &+ profile.clockOffset
                )
                let parts = try sealer.seal(to: order.sealingKey).filter { $0.changes > 0 }
                let kept = KeptOutbox(
                    server: profile.address,
                    serverKey: profile.serverKey ?? [],
                    name: profile.name,
                    changes: parts.reduce(0) { $0 + $1.changes },
                    mayDeliver: order.deliver,
                    revokedAt: order.time
                )
                try transaction.eraseEverything(keeping: kept, parts)
            }
        } catch {
            return failed(error)
        }
        return .surrendered(await afterSurrender() ?? .notEnrolled)
    }

    /// What the holder of a revoked device is told, once everything that can be done was done; `nil` where the
    /// device was never enrolled.
    func afterSurrender() async -> SyncError? {
        // Until the log is written back, what was erased lingers in it. Where somebody reads it, next time.
        try? await store.scrub()
        guard let kept = try? await store.read({ try $0.keptOutbox() }) else { return nil }
        guard !kept.isEmpty else { return .deviceRevoked(at: kept.revokedAt) }
        guard kept.mayDeliver else { return .deviceRevoked(keeping: kept.changes, hint: .bring) }
        do {
            try await deliver(kept)
            return .deviceRevoked(delivering: kept.changes)
        } catch {
            let left = try? await store.read { try $0.keptOutbox()?.changes }
            return .deviceRevoked(keeping: left ?? kept.changes, hint: .later)
        }
    }

    // > [A-09] Each is delivered and signed for by itself: a delivery that was cut goes on where it was. All are kept
    // > until the last one is signed for, and begin again from the first where the server lacks some since.

    /// Delivers what is kept, part by part.
    private func deliver(_ kept: KeptOutbox) async throws {
        var (last, hasBegunAgain) = (0, false)
        while let part = try await store.read({ [last] in try $0.keptPart(after: last) }) {
            last = part.number
            guard !part.isDelivered else { continue }
            let signature: [UInt8]
            do {
                signature = try await transport.deliver(part.sealed, to: kept.server)
            } catch let failure as TransportFailure
                where failure.error.code == "sequence_gap" && !hasBegunAgain
            {
                try await store.write { try $0.redeliverKeptParts() }
                (last, hasBegunAgain) = (0, true)
                continue
            }
            let taken = Sealing.receiptBytes(for: part.sealed)
            guard PublicKey(bytes: kept.serverKey)?.verifies(signature, of: taken) == true
            else { throw SyncError.serverUntrusted }
            try await store.write { try $0.noteDelivery(ofKeptPart: part.number) }
        }
    }
}

extension SyncError {
    /// What it is told of which nothing waits, now or at any later sync.
    fileprivate static func deviceRevoked(at time: Int64?) -> SyncError {
        let when = time.map { Date(timeIntervalSince1970: Double($0) / 1000).ISO8601Format() }
        return SyncError(
            "device_revoked",
            "本设备已被撤销，数据已清除\(when.map { "（\($0)）" } ?? "") This device was revoked and erased\(when.map { " (\($0))" } ?? "")",
            hint:
                "没有未送出的采集。继续使用须向运维人员索取新链接：residence enroll 链接。 Nothing was waiting to be sent. To use it again, ask the operator for a new link: residence enroll LINK."
        )
    }

    /// What whoever holds a revoked device can do for the changes that it keeps.
    fileprivate enum KeptHint: String {
        case later =
            "有网络时再同步，或用 residence outbox 导出文件交给运维人员。 Sync again, or bring the operator the file of `residence outbox FILE`."
        case bring =
            "请用 residence outbox 导出文件交给运维人员。 Bring the operator the file of `residence outbox FILE`."
    }

    fileprivate static func deviceRevoked(keeping changes: Int, hint: KeptHint) -> SyncError {
        SyncError(
            "device_revoked",
            "本设备已被撤销，数据已清除，\(changes) 条未送出的采集已封存 This device was revoked and erased; \(changes) unsent changes are kept under seal",
            hint: hint.rawValue
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
