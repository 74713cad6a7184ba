internal import Foundation
internal import SwiftProtobuf

/// What a device had not had answered, for a server that it cannot or may not sync with.
public struct Outbox: Hashable, Sendable {
    /// The device.
    public var device: DeviceID
    /// Consecutive batches, in the order of their numbers.
    public var requests: [SyncRequest]
    /// The device's clock, in milliseconds since 1970.
    public var sealedAt: Int64
    /// Ed25519, 64 bytes, by the device's key, over `signedBytes`.
    public var signature: [UInt8] = []

    /// An outbox that is not signed yet.
    public init(device: DeviceID, requests: [SyncRequest], sealedAt: Int64) {
        self.device = device
        self.requests = requests
        self.sealedAt = sealedAt
    }

    /// Reads an outbox from its bytes.
    ///
    /// Throws `outbox_malformed`.
    public init(_ bytes: [UInt8]) throws(SyncError) {
        guard let wire = try? WireOutbox(serializedBytes: bytes),
            let device = DeviceID(bytes: wire.device)
        else { throw .outboxMalformed }
        var requests: [SyncRequest] = []
        for bytes in wire.requests {
            try requests.append(SyncRequest(Array(bytes), as: .protobuf))
        }
        self.init(device: device, requests: requests, sealedAt: wire.sealedAt)
        signature = Array(wire.signature)
    }

    /// How many changes it holds.
    public var count: Int { requests.reduce(0) { $0 + $1.payloads.count } }

    /// The outbox's bytes.
    public var encoded: [UInt8] {
        encode(
            WireOutbox.with {
                $0.device = Data(device.bytes)
                $0.requests = requests.map { Data($0.encoded) }
                $0.sealedAt = sealedAt
                $0.signature = Data(signature)
            }
        )
    }

    /// What the signature covers: the outbox's bytes without the signature, fields in order.
    public var signedBytes: [UInt8] {
        var unsigned = self
        unsigned.signature = []
        return unsigned.encoded
    }
}

/// An outbox that only the server's key opens.
public struct SealedOutbox: Hashable, Sendable {
    /// HPKE's encapsulated key, 32 bytes.
    public var encapsulatedKey: [UInt8]
    /// The outbox's bytes, encrypted and authenticated.
    public var ciphertext: [UInt8]

    /// A sealed outbox of its parts.
    public init(encapsulatedKey: [UInt8], ciphertext: [UInt8]) {
        self.encapsulatedKey = encapsulatedKey
        self.ciphertext = ciphertext
    }

    /// Reads a sealed outbox from its bytes.
    ///
    /// Throws `outbox_malformed`.
    public init(_ bytes: [UInt8]) throws(SyncError) {
        guard let wire = try? WireSealedOutbox(serializedBytes: bytes), !wire.ciphertext.isEmpty
        else { throw .outboxMalformed }
        self.init(
            encapsulatedKey: Array(wire.encapsulatedKey),
            ciphertext: Array(wire.ciphertext)
        )
    }

    /// A file of the bytes of sealed outboxes, in the order of their changes.
    public static func file(of parts: [[UInt8]]) -> [UInt8] {
        if let only = parts.first, parts.count == 1 { return only }
        var file: [UInt8] = []
        for part in parts { file.append(field: 3, bytes: part) }
        return file
    }

    /// The sealed outboxes of a file, in the order of their changes.
    ///
    /// Throws `outbox_malformed`.
    public static func parts(ofFile file: [UInt8]) throws(SyncError) -> [SealedOutbox] {
        guard let wire = try? WireSealedOutbox(serializedBytes: file) else {
            throw .outboxMalformed
        }
        guard !wire.parts.isEmpty else { return [try SealedOutbox(file)] }
        var parts: [SealedOutbox] = []
        for part in wire.parts { try parts.append(SealedOutbox(encode(part))) }
        return parts
    }

    /// The sealed outbox's bytes: what travels.
    public var encoded: [UInt8] {
        encode(
            WireSealedOutbox.with {
                $0.encapsulatedKey = Data(encapsulatedKey)
                $0.ciphertext = Data(ciphertext)
            }
        )
    }
}

extension SyncError {
    /// Bytes that are no outbox.
    public static let outboxMalformed = SyncError(
        "outbox_malformed",
        "这不是封存的采集 This is not a sealed outbox",
        hint: "请核对文件；应由 residence outbox 导出。 Check the file; `residence outbox FILE` writes one."
    )
}
