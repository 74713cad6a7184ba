internal import Foundation
internal import SyncClient
internal import SyncProtocol

/// The device's status as scripts read it.
struct StatusDocument: Encodable {
    struct Returned: Encodable {
        var sequence: UInt64
        var record: String
        var code: String
        var field: UInt32
        var message: String
    }

    /// What the server signed for: up to which change it has everything.
    struct Receipt: Encodable {
        var sequence: UInt64
        var epoch: UInt64
        var chain: String
        var signature: String
        /// In milliseconds since 1970, by the server's clock.
        var time: Int64

        init(_ receipt: SyncReceipt) {
            sequence = receipt.sequence.rawValue
            epoch = receipt.epoch.rawValue
            chain = Data(receipt.chain).base64EncodedString()
            signature = Data(receipt.signature).base64EncodedString()
            time = receipt.time
        }
    }

    var enrolled: Bool
    var name: String?
    var server: String?
    var areas: [String]
    var records: [String: Int]
    var pending: Int
    var returned: [Returned]
    var conflicts: Int
    var lastSync: String?
    var receipt: Receipt?
    var lastRepair: DeviceProfile.Repair?
    /// Of a revoked device: how many changes are kept under seal.
    var sealed: Int?
    /// When a revoked device heard of it.
    var revoked: String?
    /// Whether the device goes on as it is: `active`, or what keeps it from that.
    var state: String
    /// Whether what is personal is sealed on this device [D-05].
    var encrypted: Bool
    /// For how many days what is held may be shown without a sync, and how many are left.
    var leaseDays: UInt32?
    var leaseDaysLeft: Int64?

    enum CodingKeys: String, CodingKey {
        case enrolled, name, server, areas, records, pending, returned, conflicts, receipt, sealed,
            revoked
        case state, encrypted
        case leaseDays = "lease_days"
        case leaseDaysLeft = "lease_days_left"
        case lastSync = "last_sync"
        case lastRepair = "last_repair"
    }

    init(_ status: ClientStatus, _ receipt: SyncReceipt? = nil, isEncrypted: Bool) {
        state = DeviceStanding(status).rawValue
        encrypted = isEncrypted
        leaseDays = status.lease?.days
        leaseDaysLeft = status.lease?.daysLeft
        self.receipt = receipt.map(Receipt.init)
        enrolled = status.profile != nil
        name = status.profile?.name ?? status.ended?.name
        server = status.profile?.server
        areas = status.profile?.grant.areas.map(\.rawValue) ?? []
        let pairs = Schema.current.types.map { ($0.name, status.counts[$0.number] ?? 0) }
        records = Dictionary(uniqueKeysWithValues: pairs)
        pending = status.unanswered
        returned = status.returned.map { entry in
            Returned(
                sequence: entry.sequence.rawValue,
                record: entry.record.description,
                code: entry.outcome?.code ?? "",
                field: entry.outcome?.field ?? 0,
                message: entry.outcome?.message ?? ""
            )
        }
        conflicts = status.conflicts
        lastRepair = status.profile?.lastRepair
        sealed = status.kept?.changes
        let ended = status.profile == nil ? status.ended?.revokedAt : nil
        revoked = ended.map(Self.text)
        lastSync = Self.lastSync(status)
    }

    /// When the last sync ended, in ISO 8601.
    static func lastSync(_ status: ClientStatus) -> String? {
        status.profile?.lastSync.map(text)
    }

    private static func text(_ time: Int64) -> String {
        Date(timeIntervalSince1970: Double(time) / 1000).ISO8601Format()
    }
}
