internal import SyncProtocol

/// Lays changes over what the server last said.
///
/// > [D-01] Pending changes stay laid over what arrives; a device sees its own writes at once.
enum Overlay {
    /// What a person sees of a record; `nil` where it is deleted or was never there.
    static func visible(
        over acknowledged: LocalRecord.Acknowledged?,
        _ changes: [Change],
        type: RecordType
    ) -> FieldMap? {
        let start = acknowledged.flatMap { $0.isDeleted ? nil : $0.fields }
        return changes.reduce(start) { visible, change in
            guard change.deletion == nil else { return nil }
            // An edit of a record that was deleted meanwhile shows nothing by itself.
            guard visible != nil || change.undelete || change.isCreation else { return nil }
            return lay(change, over: visible ?? FieldMap(), type)
        }
    }

    private static func lay(
        _ change: Change,
        over fields: FieldMap,
        _ type: RecordType
    ) -> FieldMap {
        let sets = change.touched.filter { type.field($0)?.isSet == true }
        var result =
            fields
            .merging(change.fields.clearing(sets))
            .clearing(change.clears)
        for number in sets {
            let removed = Set(change.removed.elements(of: number))
            let kept = fields.elements(of: number).filter { !removed.contains($0) }
            result = result.settingElements(
                kept + change.fields.elements(of: number),
                of: number
            )
        }
        return (try? result.canonical(as: type)) ?? result
    }
}
