internal import Foundation
public import SyncProtocol
internal import SyncTrust

/// One reading of personal data (查阅): who read what, when, and why they might.
///
/// > [L-01] Before the server tells personal data to anybody, it notes who reads what, when, and under which grant
/// > or role: one entry for a page of a sync, one for each record that a person opens. An entry names records by id
/// > and holds nothing of what they say.
///
/// Writes are not noted here: the history has each of them, chained, with its author and grant.
public struct Access: Codable, Hashable, Sendable {
    /// What was done.
    public enum Act: String, Codable, CaseIterable, Sendable {
        /// A page of a sync (同步下发).
        case sync
        /// Records sent to mend a device's copy (修复下发).
        case repair
        /// A page of a listing (列表).
        case list
        /// A record (查看记录).
        case record
        /// A record's history (查看历史).
        case history
        /// Conflicts (查看冲突).
        case conflicts
        /// Returned changes (查看退回).
        case returned
        /// Likely duplicates (疑似重复).
        case duplicates
        /// What a restore left to decide (恢复报告).
        case recovery
        /// Records of an area were listed for an operator, or areas were renamed, merged or split (撤并).
        case areas
        /// Work was given to another device (工作交接).
        case handover
        /// A device was given a new key (更换密钥).
        case rekey
        /// Entries of this log were written to a file (导出日志).
        case export
        /// Entries of this log were removed (清理日志).
        case prune
    }

    /// When, in milliseconds since 1970, by the server's clock.
    public var at: Int64
    /// What was done.
    public var act: Act
    /// The name of whoever did it.
    public var by: String
    /// By which device; `nil` at the server itself.
    public var device: DeviceID?
    /// As what.
    public var role: Role
    /// Under which of the device's grants; `nil` at the server itself, where the role alone allows it.
    public var grant: UInt64?
    /// The areas asked for; absent where they are those of the grant.
    public var areas: [AreaCode]?
    /// How many records, conflicts or changes it concerns.
    public var count: Int
    /// Why it was done, where somebody had to say.
    public var reason: String?
    /// Of a removal: the number of the last entry removed, and the chain's head there, in hexadecimal.
    public var removed: Removed?
    /// Which records, in no order; kept beside the rest, 16 bytes each.
    public var records: [RecordID] = []

    /// What a removal leaves of what it removed.
    public struct Removed: Codable, Hashable, Sendable {
        /// The number of the last entry removed.
        public var last: UInt64
        /// The chain's head there, in hexadecimal.
        public var chain: String
    }

    enum CodingKeys: String, CodingKey {
        case at, act, by, device, role, grant, areas, count, reason, removed
    }

    /// What somebody did.
    init(
        _ act: Act,
        _ records: some Sequence<RecordID> = [],
        count: Int? = nil,
        in areas: [AreaCode]? = nil,
        by principal: Principal,
        at time: Int64
    ) {
        self.records = Array(Set(records))
        at = time
        self.act = act
        by = principal.name
        device = principal.device
        role = principal.role
        grant = principal.grant
        self.areas = areas
        self.count = count ?? self.records.count
    }
}

/// An entry as a store keeps it.
///
/// > [L-02] The chain's head after an entry is SHA-256 over the head before it and the SHA-256 of the entry's bytes;
/// > before the first one it is 32 zero bytes.
public struct StoredAccess: Hashable, Sendable {
    /// Its number, one above that of the entry before it.
    public var number: UInt64
    /// When, in milliseconds since 1970.
    public var at: Int64
    /// The entry apart from its records, in JSON.
    public var content: [UInt8]
    /// The ids of its records, 16 bytes each.
    public var records: [UInt8]
    /// The chain's head after it, 32 bytes.
    public var chain: [UInt8]

    /// An entry of its parts.
    public init(number: UInt64, at: Int64, content: [UInt8], records: [UInt8], chain: [UInt8]) {
        (self.number, self.at, self.content) = (number, at, content)
        (self.records, self.chain) = (records, chain)
    }

    /// An entry that follows another one.
    init(_ access: Access, after last: StoredAccess?) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        number = (last?.number ?? 0) + 1
        at = access.at
        content = Array(try encoder.encode(access))
        records = access.records.map(\.bytes).sorted { $0.lexicographicallyPrecedes($1) }.flatMap {
            $0
        }
        chain = []
        chain = head(after: last?.chain ?? Chain.start)
    }

    /// What the chain's head after it has to be.
    func head(after head: [UInt8]) -> [UInt8] {
        Chain.head(after: head, hash: Chain.hash(of: content + [0] + records))
    }

    /// The entry; `nil` where its bytes are none.
    public var access: Access? {
        guard var access = try? JSONDecoder().decode(Access.self, from: Data(content)) else {
            return nil
        }
        access.records = stride(from: 0, to: records.count, by: 16).compactMap {
            RecordID(bytes: Array(records[$0..<min($0 + 16, records.count)]))
        }
        return access
    }

    /// Whether it names a record.
    public func names(_ id: RecordID) -> Bool {
        stride(from: 0, to: records.count, by: 16).contains {
            records[$0..<min($0 + 16, records.count)].elementsEqual(id.bytes)
        }
    }
}
