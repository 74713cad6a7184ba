internal import Foundation
internal import SwiftProtobuf

extension EnrolmentRequest {
    /// A key in whose place another one came, and how far it had been answered by then.
    public struct Predecessor: Hashable, Codable, Sendable {
        /// The Ed25519 key, 32 bytes.
        public var publicKey: [UInt8]
        /// The number of the last change that the server had answered.
        public var sequence: SequenceNumber
        /// The head of the chain there.
        public var chain: [UInt8]
        /// Ed25519, 64 bytes, by this key over `signedBytes` for the one that came in its place.
        public var signature: [UInt8] = []

        /// A key that did not sign yet.
        public init(publicKey: [UInt8], sequence: SequenceNumber, chain: [UInt8]) {
            (self.publicKey, self.sequence, self.chain) = (publicKey, sequence, chain)
        }

        init(_ wire: WirePredecessor) {
            self.init(
                publicKey: Array(wire.publicKey),
                sequence: SequenceNumber(rawValue: wire.sequence),
                chain: Array(wire.chain)
            )
            signature = Array(wire.signature)
        }

        /// What the key signs in favour of the one that comes in its place.
        public func signedBytes(for successor: [UInt8]) -> [UInt8] {
            Array("residence-sync re-key".utf8) + successor
                + withUnsafeBytes(of: sequence.rawValue.bigEndian) { Array($0) } + chain
        }

        var wire: WirePredecessor {
            WirePredecessor.with {
                $0.publicKey = Data(publicKey)
                $0.sequence = sequence.rawValue
                $0.chain = Data(chain)
                $0.signature = Data(signature)
            }
        }
    }
}
