internal import Foundation
internal import SwiftProtobuf

/// A change in quarantine, as people and scripts read it.
public struct QuarantineDocument: Sendable {
    fileprivate let view: ViewQuarantineEntry

    /// A returned change; what was decided about it, where anything was.
    public init(
        id: UInt64,
        device: DeviceID,
        author: String,
        outcome: Outcome,
        record: RecordID?,
        receivedAt: Int64,
        payload: [UInt8],
        settlement: Settlement?
    ) {
        let change = try? Change(payload: payload, epoch: .none)
        let type = change.flatMap { Schema.current.type($0.type) }
        view = ViewQuarantineEntry.with {
            $0.id = UInt32(truncatingIfNeeded: id)
            $0.state =
                switch settlement?.kind {
                case nil: .returned
                case .mended: .mended
                case .discarded: .discarded
                }
            $0.device = device.description
            $0.author = author
            $0.sequence = UInt32(truncatingIfNeeded: outcome.sequence.rawValue)
            $0.record = record?.description ?? ""
            $0.type = type?.name ?? ""
            $0.code = outcome.code
            $0.field = type?.field(outcome.field)?.name ?? ""
            $0.message = outcome.message
            $0.receivedAt = instant(receivedAt)
            if !payload.isEmpty, let wire = try? WireChange(serializedBytes: payload) {
                $0.change = wire
            }
            if let settlement {
                $0.settledBy = settlement.by
                $0.settledAt = instant(settlement.settledAt)
                $0.reason = settlement.reason
            }
        }
    }

    /// The entry in JSON.
    public var json: [UInt8] { jsonBytes(view) }

    /// A page of entries in JSON.
    public static func json(list entries: [QuarantineDocument], next: String) -> [UInt8] {
        jsonBytes(
            ViewQuarantineList.with {
                $0.entries = entries.map(\.view)
                $0.next = next
            }
        )
    }
}
