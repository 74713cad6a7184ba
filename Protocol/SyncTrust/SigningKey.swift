internal import Crypto
internal import Foundation
public import SyncProtocol

/// An Ed25519 key pair: what a device, or the server, signs with.
///
/// Whoever holds it is the device.
public struct SigningKey: Sendable {
    let key: Curve25519.Signing.PrivateKey

    /// A new key pair from the system's random source.
    public init() { key = Curve25519.Signing.PrivateKey() }

    /// The key pair of a 32-byte seed; `nil` for any other number of bytes.
    public init?(seed: [UInt8]) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else {
            return nil
        }
        self.key = key
    }

    /// The 32 bytes that have to stay secret.
    public var seed: [UInt8] { Array(key.rawRepresentation) }

    /// What others check signatures with.
    public var publicKey: PublicKey { PublicKey(key: key.publicKey) }

    /// The key's signature over some bytes, 64 bytes.
    public func signature(for bytes: [UInt8]) throws -> [UInt8] {
        Array(try key.signature(for: bytes))
    }
}

/// An Ed25519 public key.
public struct PublicKey: Sendable {
    let key: Curve25519.Signing.PublicKey

    init(key: Curve25519.Signing.PublicKey) { self.key = key }

    /// A key of 32 bytes; `nil` for any other number of them.
    public init?(bytes: [UInt8]) {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
            return nil
        }
        self.key = key
    }

    /// The key's 32 bytes.
    public var bytes: [UInt8] { Array(key.rawRepresentation) }

    /// Whether a signature is this key's over some bytes.
    public func verifies(_ signature: [UInt8], of bytes: [UInt8]) -> Bool {
        key.isValidSignature(signature, for: bytes)
    }

    // > [N-03] A device's id is the first 16 bytes of the SHA-256 of its public key.

    /// The id of the device that holds the private half.
    public var deviceID: DeviceID {
        guard let id = DeviceID(bytes: SHA256.hash(data: key.rawRepresentation).prefix(16)) else {
            preconditionFailure("a SHA-256 has at least 16 bytes")
        }
        return id
    }

    /// The key's SHA-256 as 64 hexadecimal digits: what a link names, and what tokens are meant for.
    public var fingerprint: String { Array(SHA256.hash(data: key.rawRepresentation)).hexadecimal }
}
