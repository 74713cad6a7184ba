internal import SyncProtocol

extension RowCheck {
    mutating func check(records rows: [CheckedRow]) throws {
        let ids = rows.map { $0["id"] }
        let made = try find(.change, "record", ids).grouped(by: "record")
        let reached = try find(.effect, "record", ids).grouped(by: "record")
        let conflicts = try find(.conflict, "record", ids).grouped(by: "record")
        for row in rows {
            let id = row["id"]
            let open = conflicts[id]?.count { $0.isTrue("open") } ?? 0
            if row.unsigned("open_conflicts") != UInt64(open) {
                report.note("conflicts_miscounted", at: row.place)
            }
            check(stateOf: row)
            let story = RecordStory(made[id] ?? [], reached[id] ?? [], keptSince: report.firstKept)
            for code in story.flaws(of: row) { report.note(code, at: row.place) }
            if try !pointsWhereItSaid(row, story) {
                report.note("redirect_differs", at: row.place)
            }
        }
        try checkPlacements(of: rows)
        try checkReferences(of: rows)
    }

    /// Whether the parts of a record can be read, and say the same of it.
    private mutating func check(stateOf row: CheckedRow) {
        var parts: [String] = []
        let type = UInt32(exactly: row.int("type") ?? -1) ?? 0
        if (try? FieldMap(row.bytes("body"))) == nil { parts.append("body") }
        let stamps = try? Stamps(encoded: row.bytes("stamps"))
        if stamps == nil { parts.append("stamps") }
        if !row.isEmpty("own"), let id = row.record("id"),
            (try? RecordState(encoded: row.bytes("own"), id: id, type: type)) == nil
        {
            parts.append("own")
        }
        report.note(unreadable: row, parts)
        guard let stamps else { return }
        // The stamp of the deletion stands while the record is deleted, and the clock is that of the latest one.
        let isSame =
            stamps.clock == row.int("clock") && (stamps.deletion != nil) == row.isTrue("deleted")
        if !isSame { report.note("stamps_differ", at: row.place) }
    }

    /// Whether a record points where its history says.
    private func pointsWhereItSaid(_ row: CheckedRow, _ story: RecordStory) throws -> Bool {
        guard let target = row.record("redirect") else { return story.mayPointNowhere }
        guard let named = story.named, target != row.record("id"),
            try !find(.record, "id", [row["redirect"]]).isEmpty
        else { return false }
        // One that pointed on at that time led to another one than was named.
        return try named == target
            || RecordStory(find(.change, "record", [.bytes(named.bytes)]), []).hasPointed
    }

    // MARK: - References

    private func references(of row: CheckedRow) -> Set<Reference> {
        guard let id = row.record("id"), let number = UInt32(exactly: row.int("type") ?? -1),
            let type = schema.type(number), let fields = try? FieldMap(row.bytes("body"))
        else { return [] }
        return Set(
            type.placing.filter { $0.format == .reference }.compactMap { field in
                fields.reference(field.number).map {
                    Reference(target: $0, source: id, field: field.number)
                }
            }
        )
    }

    private func checkedReferences(_ rows: [CheckedRow]) -> [(CheckedRow, Reference?)] {
        rows.map { row in
            guard let target = row.record("target"), let source = row.record("source"),
                let field = UInt32(exactly: row.int("field") ?? -1)
            else { return (row, nil) }
            return (row, Reference(target: target, source: source, field: field))
        }
    }

    private mutating func checkReferences(of rows: [CheckedRow]) throws {
        let wanted = rows.map { ($0, references(of: $0)) }
        let targets = wanted.flatMap(\.1).map { ArchivedValue.bytes($0.target.bytes) }
        let kept = try Set(checkedReferences(find(.reference, "target", targets)).compactMap(\.1))
        for (row, references) in wanted where !references.isSubset(of: kept) {
            report.note("reference_missing", at: row.place)
        }
    }

    mutating func check(references rows: [CheckedRow]) throws {
        let sources = try find(.record, "id", rows.map { $0["source"] })
        let said = sources.reduce(into: Set()) { $0.formUnion(references(of: $1)) }
        for (row, reference) in checkedReferences(rows)
        where reference.map(said.contains) != true {
            report.note("reference_unsaid", at: row.place)
        }
    }

    mutating func check(followers rows: [CheckedRow]) throws {
        try checkRecords(named: ["former", "source"], in: rows)
    }
}
