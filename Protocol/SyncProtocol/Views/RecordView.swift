internal import Foundation
internal import SwiftProtobuf

/// A record as people and scripts read it: a `RecordView` of `sync.proto`, in JSON.
public struct RecordView: Sendable {
    let wire: WireRecordView

    /// A view of a record that stands in some areas.
    public init(
        of state: RecordState,
        type: RecordType,
        areas: [AreaCode],
        conflicts: [ConflictEntry] = []
    ) {
        wire = WireRecordView.with { view in
            view.id = state.id.description
            view.type = type.name
            view.revision = UInt32(truncatingIfNeeded: state.revision.rawValue)
            view.areas = areas.map(\.rawValue)
            view.deleted = state.isDeleted
            view.erased = state.isErased
            view.redirect = state.redirect?.description ?? ""
            var body: [UInt8] = []
            body.append(field: state.type, bytes: state.fields.bytes)
            if let body = try? RecordBody(serializedBytes: body) { view.body = body }
            for field in type.placing where field.format == .reference {
                view.references[field.jsonName] =
                    state.fields.reference(field.number)?.description
            }
            view.conflicts = conflicts.map(\.wire)
        }
    }

    /// The record in protobuf's JSON mapping.
    public var json: [UInt8] { jsonBytes(wire) }

    /// A page of records in protobuf's JSON mapping.
    public static func json(list records: [RecordView], next: RecordID?) -> [UInt8] {
        jsonBytes(
            WireRecordList.with {
                $0.records = records.map(\.wire)
                $0.next = next?.description ?? ""
            }
        )
    }
}
