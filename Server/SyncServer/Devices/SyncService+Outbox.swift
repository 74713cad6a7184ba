internal import Foundation
public import SyncProtocol
internal import SyncTrust

/// What taking a sealed outbox in came to.
public struct OutboxReport: Encodable, Hashable, Sendable {
    /// The device that sealed it.
    public var device: DeviceID
    /// What the operator calls it.
    public var name: String
    /// Changes that were new here, by what became of them.
    public var outcomes: [String: Int]
    /// Changes that were known already.
    public var known: Int
    /// The server's signature over what it has taken, Ed25519 in base64.
    public var signature: String
}

extension SyncService {
    // > [A-09] A sealed outbox is opened by the server's key alone and names its device by that device's
    // > signature. It is taken like batches of the device: each change once, in order.

    /// Takes what a device sealed; the operator brings it, or the device itself where its revocation lets it.
    ///
    /// Throws `outbox_sealed_elsewhere`, `outbox_malformed`, `signature_invalid`, `device_unknown`,
    /// `outbox_unexpected` of a device that may not deliver, `sequence_gap` and `device_forked`.
    public func take(_ sealed: SealedOutbox, isFromOperator: Bool) async throws -> OutboxReport {
        let outbox = try Sealing.open(sealed, by: identity.key)
        guard let device = try await store.read({ try $0.device(outbox.device) }),
            let key = PublicKey(bytes: device.publicKey)
        else { throw SyncError.deviceUnknown }
        guard key.verifies(outbox.signature, of: outbox.signedBytes) else {
            throw SyncError(
                "signature_invalid",
                "The outbox is not signed by its device",
                hint: "Nothing was taken."
            )
        }
        guard isFromOperator || device.revoked?.takesOutbox == true else {
            throw SyncError(
                "outbox_unexpected",
                "This device may not deliver a sealed outbox",
                hint: "The operator takes it with `residence-syncd import FILE`."
            )
        }
        let (outcomes, known) = try await take(outbox)
        let taken = Sealing.receiptBytes(for: sealed.encoded)
        return OutboxReport(
            device: device.id,
            name: device.name,
            outcomes: outcomes,
            known: known,
            signature: Data(try identity.key.signature(for: taken)).base64EncodedString()
        )
    }

    /// Takes the file of `residence outbox`, one sealed outbox after the other.
    ///
    /// What was taken before is known. Throws `outbox_malformed` where its parts are not all of one device, then nothing
    /// was taken; and what taking one throws, then those before it were.
    public func take(file: [UInt8]) async throws -> OutboxReport {
        let parts = try SealedOutbox.parts(ofFile: file)
        let devices = try Set(parts.map { try Sealing.open($0, by: identity.key).device })
        guard devices.count == 1 else { throw SyncError.outboxMalformed }
        var report = try await take(parts[0], isFromOperator: true)
        for part in parts.dropFirst() {
            let next = try await take(part, isFromOperator: true)
            report.outcomes.merge(next.outcomes) { $0 + $1 }
            report.known += next.known
        }
        let taken = Sealing.receiptBytes(for: file)
        report.signature = Data(try identity.key.signature(for: taken)).base64EncodedString()
        return report
    }

    private func take(_ outbox: Outbox) async throws -> (new: [String: Int], known: Int) {
        var (new, known): ([String: Int], Int) = ([:], 0)
        let now = clock()
        for request in outbox.requests {
            try check(request)
            let read = ReadChange.all(of: request, schema, rules, limits)
            let (before, outcomes, device) = try await store.write { transaction in
                guard var device = try transaction.device(outbox.device) else {
                    throw SyncError.deviceUnknown
                }
                let before = device.highWater
                let outcomes = try intake(at: now, in: transaction)
                    .accept(request, read, from: &device, in: transaction, isSealed: true)
                try transaction.save(device)
                return (before, outcomes, device)
            }
            for outcome in outcomes {
                // What another of the same origin had brought before is known, too.
                if outcome.sequence <= before
                    || device.holder(of: outcome.sequence) != device.id
                {
                    known += 1
                } else {
                    new["\(outcome.kind)", default: 0] += 1
                }
            }
        }
        return (new, known)
    }
}
