internal import Crypto
internal import CryptoExtras
internal import Foundation
internal import SyncProtocol

/// The key under which a device keeps what is personal: ChaCha20-Poly1305 (RFC 8439), 32 bytes.
///
/// > [D-05] What says something of a person is sealed under a key of the device's own, bound to the place where it
/// > stands; that key is kept under a passphrase or a key that the caller brings, and nowhere else.
public struct DataKey: Sendable {
    private let key: SymmetricKey

    /// A new one.
    public init() { key = SymmetricKey(size: .bits256) }

    fileprivate init(_ key: SymmetricKey) { self.key = key }

    /// Bytes that nobody can read without the key, nor move to another place unseen: 28 more than there were.
    public func seal(_ bytes: [UInt8], at place: String) throws -> [UInt8] {
        let box = try ChaChaPoly.seal(bytes, using: key, authenticating: Array(place.utf8))
        return Array(box.combined)
    }

    /// What was sealed at a place.
    ///
    /// Throws `sealed_bytes_altered` where it was altered, moved, or sealed under another key.
    public func open(_ sealed: [UInt8], at place: String) throws -> [UInt8] {
        guard let box = try? ChaChaPoly.SealedBox(combined: sealed),
            let bytes = try? ChaChaPoly.open(box, using: key, authenticating: Array(place.utf8))
        else { throw SyncError.sealedBytesAltered }
        return Array(bytes)
    }

    /// A name for bytes that nobody can guess them by without the key: HMAC-SHA-256.
    public func name(of bytes: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key))
    }
}

/// What opens a device's data key.
public enum DeviceSecret: Hashable, Sendable {
    /// What somebody types.
    case passphrase(String)
    /// 32 bytes of the caller's, as a system's keystore gives them.
    case key([UInt8])
}

/// A data key as it is kept: under a secret.
public struct WrappedKey: Codable, Hashable, Sendable {
    /// What makes guessing a passphrase slow: scrypt (RFC 7914), 32 MiB of memory for each guess.
    struct Scrypt: Codable, Hashable {
        var salt: [UInt8]
        var rounds = 1 << 15
        var blockSize = 8
        var parallelism = 1
    }

    private var scrypt: Scrypt?
    private var sealed: [UInt8]

    private static let place = "data key"

    /// A data key under a secret.
    ///
    /// Throws `secret_unfit` where the secret is too short to keep anything.
    public init(_ dataKey: DataKey, under secret: DeviceSecret) throws {
        switch secret {
        case .passphrase(let text) where text.count >= 6:
            let salt = SymmetricKey(size: .bits128).withUnsafeBytes { Array($0) }
            scrypt = Scrypt(salt: salt)
        case .key(let bytes) where bytes.count == 32: scrypt = nil
        default: throw SyncError.secretUnfit
        }
        let wrapping = try Self.wrapping(secret, scrypt)
        let bytes = dataKey.bytes
        sealed = try DataKey(wrapping).seal(bytes, at: Self.place)
    }

    /// The data key.
    ///
    /// Throws `secret_wrong`.
    public func open(with secret: DeviceSecret) throws -> DataKey {
        guard let wrapping = try? Self.wrapping(secret, scrypt),
            let bytes = try? DataKey(wrapping).open(sealed, at: Self.place)
        else { throw SyncError.secretWrong }
        return DataKey(SymmetricKey(data: bytes))
    }

    private static func wrapping(
        _ secret: DeviceSecret,
        _ scrypt: Scrypt?
    ) throws -> SymmetricKey {
        switch (secret, scrypt) {
        case (.passphrase(let text), let scrypt?):
            // The same characters can be typed in two ways: composed and decomposed.
            let typed = Array(text.precomposedStringWithCanonicalMapping.utf8)
            return try KDF.Scrypt.deriveKey(
                from: typed,
                salt: scrypt.salt,
                outputByteCount: 32,
                rounds: scrypt.rounds,
                blockSize: scrypt.blockSize,
                parallelism: scrypt.parallelism
            )
        case (.key(let bytes), nil): return SymmetricKey(data: bytes)
        default: throw SyncError.secretWrong
        }
    }
}

extension DataKey {
    fileprivate var bytes: [UInt8] { key.withUnsafeBytes { Array($0) } }
}

extension SyncError {
    fileprivate static let sealedBytesAltered = SyncError(
        "sealed_bytes_altered",
        "加密数据已损坏或被改动 Sealed data is damaged, or was altered",
        hint: "请勿改动文件夹，把设备交给运维人员。 Keep the folder as it is and bring the device to the operator."
    )

    fileprivate static let secretUnfit = SyncError(
        "secret_unfit",
        "口令太短 The passphrase is too short",
        hint: "至少六个字符；自带密钥为 32 字节。 Six characters at least; a key of one's own has 32 bytes."
    )

    fileprivate static let secretWrong = SyncError(
        "secret_wrong",
        "口令不对 The passphrase is wrong",
        hint: "数据都在，未作任何改动；请核对后重试。 Nothing was changed; check it and try again."
    )
}
