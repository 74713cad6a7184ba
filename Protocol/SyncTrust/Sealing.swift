internal import Crypto
internal import Foundation
public import SyncProtocol

// > [A-09] A sealed outbox is opened by the server's key alone.

/// Seals and opens outboxes: HPKE (RFC 9180), base mode, X25519, HKDF-SHA-256, ChaCha20-Poly1305.
///
/// Base mode authenticates nobody: who sealed it, the signature inside tells.
public enum Sealing {
    private static let suite = HPKE.Ciphersuite.Curve25519_SHA256_ChachaPoly
    private static let info = Data("residence-sync outbox".utf8)

    /// An outbox under a device's signature, for nobody but the holder of a key.
    ///
    /// Throws `sealing_key_malformed`.
    public static func seal(
        _ outbox: Outbox,
        by device: SigningKey,
        to server: SealingKey
    ) throws -> SealedOutbox {
        guard let key = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: server.key) else {
            throw SyncError(
                "sealing_key_malformed",
                "The server's sealing key is not an X25519 key",
                hint: "Tell the operator."
            )
        }
        var signed = outbox
        signed.signature = try device.signature(for: outbox.signedBytes)
        var sender = try HPKE.Sender(recipientKey: key, ciphersuite: suite, info: info)
        let ciphertext = try sender.seal(Data(Zlib.pack(signed.encoded, as: .deflate)))
        return SealedOutbox(
            encapsulatedKey: Array(sender.encapsulatedKey),
            ciphertext: Array(ciphertext)
        )
    }

    /// The outbox that was sealed to a server's key.
    ///
    /// Inflating stops at the limit: anybody can seal. Throws `outbox_sealed_elsewhere` where it was sealed to another key, or changed since, and
    /// `outbox_malformed`.
    public static func open(
        _ sealed: SealedOutbox,
        by server: SigningKey,
        limit: Int = Limits().outboxBytes
    ) throws -> Outbox {
        let opened: Data
        do {
            var recipient = try HPKE.Recipient(
                privateKey: privateKey(of: server),
                ciphersuite: suite,
                info: info,
                encapsulatedKey: Data(sealed.encapsulatedKey)
            )
            opened = try recipient.open(Data(sealed.ciphertext))
        } catch {
            throw SyncError(
                "outbox_sealed_elsewhere",
                "不是封给本服务器的，或已被改动 It was sealed to another server, or changed since",
                hint: "请核对文件和数据文件夹。 Check the file, and the data folder that --data names."
            )
        }
        return try Outbox(Zlib.unpack(Array(opened), as: .deflate, limit: limit))
    }

    /// What a server signs to say that it has taken a sealed outbox.
    public static func receiptBytes(for sealed: [UInt8]) -> [UInt8] {
        Array("residence-sync outbox taken".utf8) + Chain.hash(of: sealed)
    }

    /// A server's sealing key, under its own signature.
    public static func key(of server: SigningKey) throws -> SealingKey {
        var key = SealingKey(key: Array(try privateKey(of: server).publicKey.rawRepresentation))
        key.signature = try server.signature(for: key.signedBytes)
        return key
    }

    /// The key follows from the server's own, so that a backup of one is a backup of both.
    private static func privateKey(
        of server: SigningKey
    ) throws -> Curve25519.KeyAgreement.PrivateKey {
        let derived = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: server.seed),
            info: Data("residence-sync sealing key".utf8),
            outputByteCount: 32
        )
        return try derived.withUnsafeBytes {
            try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: Data($0))
        }
    }
}
