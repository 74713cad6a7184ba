internal import SwiftProtobuf

/// A returned change of somebody else's as whoever mends it in their place reads it [O-02].
public struct HandedReturn: Sendable {
    /// Its number at the server, by which it is mended.
    public var id: UInt64
    /// The device that captured it.
    public var device: DeviceID
    /// Who captured it.
    public var author: String
    /// What was captured; `nil` where its bytes do not parse or were redacted.
    public var change: Change?
    /// The name of its record's type.
    public var type: String
    /// Its record's id, as text.
    public var record: String
    /// Why it came back: a code.
    public var code: String
    /// The field's name.
    public var field: String
    /// Why it came back, in words.
    public var message: String

    /// A page of them, as the server lists returned changes in JSON, and behind which the next page begins.
    ///
    /// Throws `json_malformed`.
    public static func page(
        json: [UInt8]
    ) throws(SyncError) -> (entries: [HandedReturn], next: String) {
        let list: ViewQuarantineList = try decodeJSON(json)
        let entries = list.entries.compactMap { entry -> HandedReturn? in
            guard let device = DeviceID(entry.device) else { return nil }
            let change =
                entry.hasChange ? try? Change(payload: encode(entry.change), epoch: .none) : nil
            return HandedReturn(
                id: UInt64(entry.id),
                device: device,
                author: entry.author,
                change: change,
                type: entry.type,
                record: entry.record,
                code: entry.code,
                field: entry.field,
                message: entry.message
            )
        }
        return (entries, list.next)
    }
}

extension MendRequest {
    /// The request in JSON.
    public var json: [UInt8] {
        jsonBytes(
            ViewMendRequest.with {
                if !fields.isEmpty, let body = RecordBody(fields, type) { $0.body = body }
                $0.clears = clears
            }
        )
    }
}

extension ActResult {
    /// The record that an answer in JSON names.
    ///
    /// Throws `json_malformed`.
    public static func record(json: [UInt8]) throws(SyncError) -> RecordID? {
        let wire: ViewActResult = try decodeJSON(json)
        return RecordID(wire.record)
    }
}
