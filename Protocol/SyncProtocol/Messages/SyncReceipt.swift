internal import Foundation
internal import SwiftProtobuf

/// The server's word that it has a device's changes up to a number.
///
/// > [Q-07] The answer to a batch carries a receipt: the server's signature over device, sequence, chain
/// > head, epoch and time.
public struct SyncReceipt: Hashable, Sendable {
    /// The device.
    public var device: DeviceID
    /// The number of the last change that the server has.
    public var sequence: SequenceNumber
    /// The head of the device's chain there.
    public var chain: [UInt8]
    /// The server's epoch.
    public var epoch: Epoch
    /// The server's clock, in milliseconds since 1970.
    public var time: Int64
    /// Ed25519, 64 bytes, over `signedBytes`.
    public var signature: [UInt8] = []

    /// A receipt that is not signed yet.
    public init(
        device: DeviceID,
        sequence: SequenceNumber,
        chain: [UInt8],
        epoch: Epoch,
        time: Int64
    ) {
        self.device = device
        self.sequence = sequence
        self.chain = chain
        self.epoch = epoch
        self.time = time
    }

    /// A receipt from its bytes; `nil` where they are none.
    public init?(_ bytes: [UInt8]) {
        guard let wire = try? WireReceipt(serializedBytes: bytes) else { return nil }
        self.init(wire)
    }

    init?(_ wire: WireReceipt) {
        guard let device = DeviceID(bytes: wire.device) else { return nil }
        self.init(
            device: device,
            sequence: SequenceNumber(rawValue: wire.sequence),
            chain: Array(wire.chain),
            epoch: Epoch(rawValue: wire.epoch),
            time: wire.time
        )
        signature = Array(wire.signature)
    }

    /// The receipt's bytes.
    public var encoded: [UInt8] { encode(wire) }

    /// What the signature covers: the receipt's bytes without the signature, fields in order.
    public var signedBytes: [UInt8] {
        var unsigned = self
        unsigned.signature = []
        return unsigned.encoded
    }

    var wire: WireReceipt {
        WireReceipt.with {
            $0.device = Data(device.bytes)
            $0.sequence = sequence.rawValue
            $0.chain = Data(chain)
            $0.epoch = epoch.rawValue
            $0.time = time
            $0.signature = Data(signature)
        }
    }
}
