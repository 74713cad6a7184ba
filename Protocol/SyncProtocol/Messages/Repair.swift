internal import Foundation
internal import SwiftProtobuf

/// Part of an area: the live records whose ids end with some digits [G-03].
///
/// The last digits are as good as random, while the first are times, hence alike.
public struct Branch: Hashable, Sendable {
    /// The area.
    public var area: AreaCode
    /// Hexadecimal digits, as the id ends; none: the whole area.
    public var digits: String
    /// What stands there.
    public var digest: AreaDigest

    /// A branch.
    public init(area: AreaCode, digits: String = "", digest: AreaDigest) {
        self.area = area
        self.digits = digits
        self.digest = digest
    }

    /// The digits that one more brings, in order.
    public static func children(of digits: String) -> [String] {
        "0123456789abcdef".map { "\($0)\(digits)" }
    }
}

/// `POST /v1/repair`: a device's sums, where they are not the server's.
public struct RepairRequest: Hashable, Sendable {
    /// The epoch that the device holds.
    public var epoch: Epoch
    /// What it has there.
    public var branches: [Branch]

    /// A request.
    public init(epoch: Epoch, branches: [Branch]) {
        self.epoch = epoch
        self.branches = branches
    }

    /// Reads a request from a body after inflation.
    ///
    /// Throws `protobuf_malformed`, `json_malformed` or `branch_malformed`.
    public init(_ body: [UInt8], as format: BodyFormat) throws(SyncError) {
        let wire: WireRepairRequest
        switch format {
        case .protobuf:
            guard let message = try? WireRepairRequest(serializedBytes: body) else {
                throw .malformedProtobuf
            }
            wire = message
        case .json: wire = try decodeJSON(body)
        }
        epoch = Epoch(rawValue: wire.epoch)
        branches = wire.branches.compactMap(Branch.init)
        guard branches.count == wire.branches.count else {
            throw SyncError(
                "branch_malformed",
                "A branch names no area, or digits that are none",
                hint: "An area's code, up to 32 hexadecimal digits, and a sum of 16 bytes.",
                subject: "branches"
            )
        }
    }

    /// The request's bytes in protobuf.
    public var encoded: [UInt8] {
        encode(
            WireRepairRequest.with {
                $0.epoch = epoch.rawValue
                $0.branches = branches.map(\.wire)
            }
        )
    }
}

/// All that stands in a branch.
public struct Leaf: Hashable, Sendable {
    /// The area.
    public var area: AreaCode
    /// The digits with which the ids end.
    public var digits: String
    /// The live records that stand there.
    public var records: [RecordCopy]

    /// A leaf.
    public init(area: AreaCode, digits: String, records: [RecordCopy]) {
        self.area = area
        self.digits = digits
        self.records = records
    }
}

/// The answer to a repair: sums to compare further, or the records themselves.
public struct RepairResponse: Hashable, Sendable {
    /// The server's epoch.
    public var epoch: Epoch
    /// The server's clock, in milliseconds since 1970.
    public var serverTime: Int64
    /// The parts of branches that differ and hold many.
    public var branches: [Branch] = []
    /// What branches hold that differ and hold few.
    public var leaves: [Leaf] = []
    /// How many of the branches asked for are answered, the first ones; those that are equal bring nothing.
    public var answered = 0

    /// An answer without anything.
    public init(epoch: Epoch, serverTime: Int64) {
        self.epoch = epoch
        self.serverTime = serverTime
    }

    /// Reads an answer from a body after inflation.
    ///
    /// Throws `protobuf_malformed`.
    public init(_ body: [UInt8]) throws(SyncError) {
        guard let map = try? FieldMap(body),
            let wire = try? WireRepairResponse(serializedBytes: map.clearing([4]).bytes)
        else { throw .malformedProtobuf }
        epoch = Epoch(rawValue: wire.epoch)
        serverTime = wire.serverTime
        branches = wire.branches.compactMap(Branch.init)
        for leaf in map.messages(of: 4) { leaves.append(try Leaf(leaf)) }
        answered = Int(wire.answered)
    }

    /// The answer's bytes in protobuf.
    public var encoded: [UInt8] {
        var bytes = encode(
            WireRepairResponse.with {
                $0.epoch = epoch.rawValue
                $0.serverTime = serverTime
                $0.branches = branches.map(\.wire)
                $0.answered = UInt32(clamping: answered)
            }
        )
        for leaf in leaves { bytes.append(field: 4, bytes: leaf.encoded) }
        return bytes
    }

    /// The answer in protobuf's JSON mapping.
    public var json: [UInt8] {
        guard let wire = try? WireRepairResponse(serializedBytes: encoded),
            let json: [UInt8] = try? wire.jsonUTF8Bytes()
        else { preconditionFailure("our own bytes parse") }
        return json
    }
}

extension Leaf {
    fileprivate init(_ bytes: [UInt8]) throws(SyncError) {
        guard let map = try? FieldMap(bytes), let area = map.text(of: 1).flatMap({ AreaCode($0) })
        else { throw .malformedProtobuf }
        self.init(area: area, digits: map.text(of: 2) ?? "", records: [])
        for record in map.messages(of: 3) { try records.append(RecordCopy(record)) }
    }

    fileprivate var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(field: 1, bytes: Array(area.rawValue.utf8))
        if !digits.isEmpty { bytes.append(field: 2, bytes: Array(digits.utf8)) }
        for record in records { bytes.append(field: 3, bytes: record.encoded) }
        return bytes
    }
}

extension Branch {
    fileprivate init?(_ wire: WireBranch) {
        let isHexadecimal = wire.digits.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
        }
        guard let area = AreaCode(wire.area), isHexadecimal, wire.digits.utf8.count <= 32,
            let digest = AreaDigest(wire.digest)
        else { return nil }
        self.init(area: area, digits: wire.digits, digest: digest)
    }

    fileprivate var wire: WireBranch {
        WireBranch.with {
            $0.area = area.rawValue
            $0.digits = digits
            $0.digest = digest.wire
        }
    }
}

extension AreaDigest {
    init?(_ wire: WireDigest) {
        self.init(bytes: wire.sum, records: Int(clamping: wire.records))
    }

    var wire: WireDigest {
        WireDigest.with {
            if sum != 0 { $0.sum = Data(sum.bytes) }
            $0.records = UInt64(clamping: records)
        }
    }
}

extension RecordID {
    /// Whether its last hexadecimal digits are these.
    public func ends(with digits: String) -> Bool { bytes.hexadecimal.hasSuffix(digits) }
}
