internal import SyncProtocol
internal import SyncTrust

/// Checks what the server signs for.
///
/// > [Q-07] A device refuses an answer whose receipt does not verify or contradicts it.
struct ReceiptCheck {
    let profile: DeviceProfile
    let transaction: any LocalReader

    /// Throws `receipt_invalid`; then nothing of the answer may be applied.
    func check(_ response: SyncResponse) throws {
        guard let bytes = profile.serverKey else { return }
        guard let receipt = response.receipt else {
            guard response.outcomes.isEmpty else { throw SyncError.receiptInvalid }
            return
        }
        guard let server = PublicKey(bytes: bytes),
            server.verifies(receipt.signature, of: receipt.signedBytes),
            receipt.device == profile.device, receipt.epoch == response.epoch,
            receipt.sequence == response.highWater, receipt.chain == response.chain,
            response.outcomes.allSatisfy({ $0.sequence <= receipt.sequence }),
            try fitsOurs(receipt, response)
        else { throw SyncError.receiptInvalid }
    }

    /// Whether the chain's head is the one that this device has at the same number.
    private func fitsOurs(_ receipt: SyncReceipt, _ response: SyncResponse) throws -> Bool {
        let sent = try transaction.unanswered(limit: response.outcomes.count)
        guard let own = sent.first(where: { $0.sequence == receipt.sequence }) else { return true }
        return own.chain == receipt.chain
    }
}

extension SyncError {
    fileprivate static let receiptInvalid = SyncError(
        "receipt_invalid",
        "服务器的回执不对 The server's receipt does not verify",
        hint: "未采用任何内容，数据都在本机；请告诉运维人员。 Nothing was taken; tell the operator."
    )
}
