internal import Foundation
internal import SwiftProtobuf

/// By which keys, and where, the server is met from now on.
///
/// > [A-15] Which keys devices pin from now on, the server announces in the answer to a sync, under its own signature
/// > and a number that rises.
public struct Announcement: Hashable, Sendable {
    /// Rising.
    public var number: UInt64
    /// What devices pin, the present key first; none where authorities vouch for the server.
    public var pins: [String]
    /// An https address, where devices that were enrolled over plain HTTP follow; empty where there is none.
    public var address: String
    /// Ed25519, 64 bytes, over `signedBytes`.
    public var signature: [UInt8] = []

    /// An announcement that is not signed yet.
    public init(number: UInt64, pins: [String], address: String) {
        self.number = number
        self.pins = pins
        self.address = address
    }

    /// Reads an announcement from its bytes; `nil` where they are none.
    public init?(_ bytes: [UInt8]) {
        guard let wire = try? WireAnnouncement(serializedBytes: bytes) else { return nil }
        self.init(wire)
    }

    init(_ wire: WireAnnouncement) {
        self.init(number: wire.number, pins: wire.pins, address: wire.address)
        signature = Array(wire.signature)
    }

    /// The announcement's bytes.
    public var encoded: [UInt8] { encode(wire) }

    /// What the signature covers.
    public var signedBytes: [UInt8] {
        var unsigned = self
        unsigned.signature = []
        return Array("residence-sync announcement".utf8) + unsigned.encoded
    }

    var wire: WireAnnouncement {
        WireAnnouncement.with {
            $0.number = number
            $0.pins = pins
            $0.address = address
            $0.signature = Data(signature)
        }
    }
}
