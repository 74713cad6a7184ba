internal import Foundation
internal import SwiftProtobuf

/// What a device seals its outbox to: the server's X25519 key, under the server's own signature.
public struct SealingKey: Hashable, Codable, Sendable {
    /// X25519, 32 bytes.
    public var key: [UInt8]
    /// Ed25519, 64 bytes, by the server's key, over `signedBytes`.
    public var signature: [UInt8]

    /// A key that was signed.
    public init(key: [UInt8], signature: [UInt8] = []) {
        self.key = key
        self.signature = signature
    }

    /// What the signature covers.
    public var signedBytes: [UInt8] { Array("residence-sync sealing key".utf8) + key }

    init(_ wire: WireSealingKey) {
        self.init(key: Array(wire.key), signature: Array(wire.signature))
    }

    var wire: WireSealingKey {
        WireSealingKey.with {
            $0.key = Data(key)
            $0.signature = Data(signature)
        }
    }
}

/// The server's order to a device to erase what it holds.
public struct Revocation: Hashable, Sendable {
    /// The device.
    public var device: DeviceID
    /// What it seals to.
    public var sealingKey: SealingKey
    /// Whether what it sealed is to be delivered.
    public var deliver: Bool
    /// The server's clock, in milliseconds since 1970.
    public var time: Int64
    /// Ed25519, 64 bytes, over `signedBytes`.
    public var signature: [UInt8] = []

    /// An order that is not signed yet.
    public init(device: DeviceID, sealingKey: SealingKey, deliver: Bool, time: Int64) {
        self.device = device
        self.sealingKey = sealingKey
        self.deliver = deliver
        self.time = time
    }

    init?(_ wire: WireRevocation) {
        guard let device = DeviceID(bytes: wire.device) else { return nil }
        self.init(
            device: device,
            sealingKey: SealingKey(wire.sealingKey),
            deliver: wire.deliver,
            time: wire.time
        )
        signature = Array(wire.signature)
    }

    /// What the signature covers: the order's bytes without the signature, fields in order.
    public var signedBytes: [UInt8] {
        var unsigned = self
        unsigned.signature = []
        return encode(unsigned.wire)
    }

    var wire: WireRevocation {
        WireRevocation.with {
            $0.device = Data(device.bytes)
            $0.sealingKey = sealingKey.wire
            $0.deliver = deliver
            $0.time = time
            $0.signature = Data(signature)
        }
    }
}
