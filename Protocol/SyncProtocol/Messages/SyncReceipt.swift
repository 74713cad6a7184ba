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

/// What people decided about a change in quarantine.
///
/// > [V-06] A returned change is kept whole until it is mended, or discarded by a reviewer with a reason.
/// > Its device hears of either at its next sync.
public struct Settlement: Hashable, Sendable {
    /// What was decided.
    public enum Kind: Int, Hashable, Sendable {
        /// Another change took its place.
        case mended = 1
        /// It was thrown away.
        case discarded = 2
    }

    /// The order in which things were settled.
    public var number: UInt64
    /// The device's own number of the change.
    public var sequence: SequenceNumber
    /// What was decided.
    public var kind: Kind
    /// Who decided.
    public var by: String
    /// Why.
    public var reason: String
    /// When, in milliseconds since 1970 by the server's clock.
    public var settledAt: Int64

    /// A settlement.
    public init(
        number: UInt64,
        sequence: SequenceNumber,
        kind: Kind,
        by: String,
        reason: String,
        settledAt: Int64
    ) {
        self.number = number
        self.sequence = sequence
        self.kind = kind
        self.by = by
        self.reason = reason
        self.settledAt = settledAt
    }

    init?(_ wire: WireSettlement) {
        guard let kind = Kind(rawValue: wire.kind.rawValue) else { return nil }
        self.init(
            number: wire.number,
            sequence: SequenceNumber(rawValue: wire.sequence),
            kind: kind,
            by: wire.by,
            reason: wire.reason,
            settledAt: wire.settledAt
        )
    }

    var wire: WireSettlement {
        WireSettlement.with {
            $0.number = number
            $0.sequence = sequence.rawValue
            $0.kind = WireSettlement.Kind(rawValue: kind.rawValue) ?? .unspecified
            $0.by = by
            $0.reason = reason
            $0.settledAt = settledAt
        }
    }
}
