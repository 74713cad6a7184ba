internal import Foundation
internal import SwiftProtobuf

/// Changes of a device that nobody has any more: a backup had them, the device forgot them, and an older
/// backup was restored.
public struct Hole: Hashable, Codable, Sendable {
    /// The first number that is missing.
    public var first: SequenceNumber
    /// The last one.
    public var last: SequenceNumber
    /// The head of the chain after the last one, 32 bytes.
    public var chain: [UInt8]

    /// A hole.
    public init(first: SequenceNumber, last: SequenceNumber, chain: [UInt8]) {
        self.first = first
        self.last = last
        self.chain = chain
    }

    init(_ wire: WireHole) {
        self.init(
            first: SequenceNumber(rawValue: wire.first),
            last: SequenceNumber(rawValue: wire.last),
            chain: Array(wire.chain)
        )
    }

    var wire: WireHole {
        WireHole.with {
            $0.first = first.rawValue
            $0.last = last.rawValue
            $0.chain = Data(chain)
        }
    }
}
