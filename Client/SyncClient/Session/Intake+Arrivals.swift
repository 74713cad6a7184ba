internal import SyncProtocol
internal import SyncTrust

// Who reads an area for the first time is given thousands of records of which nothing here speaks: there is no earlier
// copy to compare them with, and nothing unsent to lay over them. They are kept in one go.

extension Intake {
    /// Keeps the records of a page of which nothing here speaks; returns their ids.
    func admit(_ page: AreaPage) throws -> Set<RecordID> {
        let arrivals = page.records.compactMap { arrival($0, in: page.area) }
        let ids = arrivals.map(\.record.id)
        // A page that names a record twice is none of ours: its copies come one after the other.
        guard !arrivals.isEmpty, Set(page.records.map(\.id)).count == page.records.count else {
            return []
        }
        let unheard = try transaction.unheard(ids)
        try transaction.admit(arrivals.filter { unheard.contains($0.record.id) }, to: page.area)
        return unheard
    }

    /// A copy as it would be kept; `nil` of one that means something for others, or for what was said before.
    private func arrival(_ copy: RecordCopy, in area: AreaCode) -> Arrival? {
        guard !copy.isErased, copy.redirect == nil, schema.type(copy.type) != nil,
            let fields = try? FieldMap(copy.message)
        else { return nil }
        var record = LocalRecord(id: copy.id, type: copy.type)
        record.acknowledged = LocalRecord.Acknowledged(
            base: Base(epoch: response.epoch, revision: copy.revision),
            fields: fields,
            isDeleted: copy.isDeleted,
            clock: copy.clock
        )
        record.visible = copy.isDeleted ? nil : fields
        record.areas = [area]
        return Arrival(record: record, mark: RecordMark.of(copy), conflicts: copy.conflicts)
    }
}
