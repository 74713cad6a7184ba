internal import SyncProtocol

extension RowCheck {
    mutating func check(areas rows: [CheckedRow]) {
        for row in rows {
            var parts: [String] = []
            if AreaCode(row.text("code") ?? "") == nil { parts.append("code") }
            let records = Int(clamping: row.int("records") ?? 0)
            if AreaDigest(bytes: row.bytes("digest"), records: records) == nil {
                parts.append("digest")
            }
            report.note(unreadable: row, parts)
            if row.unsigned("pruned") > row.unsigned("head") {
                report.note("area_behind", at: row.place)
            }
        }
    }

    // > [F-01] A record stands at its latest position only.

    mutating func check(feeds rows: [CheckedRow]) throws {
        let areas = try find(.area, "code", rows.map { $0["area"] }).keyed(by: "code")
        let records = try find(.record, "id", rows.map { $0["record"] }).keyed(by: "id")
        for row in rows {
            guard let area = areas[row["area"]] else {
                report.note("area_missing", at: row.place)
                continue
            }
            if row.unsigned("position") > area.unsigned("head") {
                report.note("area_behind", at: area.place)
            }
            guard let record = records[row["record"]] else {
                report.note("record_unknown", at: row.place)
                // Whoever reads the area stops there.
                report.unreadable.insert(.feed)
                continue
            }
            if !Self.isWhereItSays(record, row) { report.note("feed_differs", at: row.place) }
        }
    }

    /// Whether a record says that it stands at an entry of a feed, or of one that it left, that it does not.
    private static func isWhereItSays(_ record: CheckedRow, _ entry: CheckedRow) -> Bool {
        let stands = record.placements.standing.first { $0.area.rawValue == entry.text("area") }
        guard !entry.isTrue("departed") else { return stands == nil }
        return stands?.position.rawValue == entry.unsigned("position")
    }

    mutating func check(readings rows: [CheckedRow]) {
        for row in rows {
            if row.isEmpty("device") { report.note("device_missing", at: row.place) }
            if row.isEmpty("area") { report.note("area_missing", at: row.place) }
        }
    }

    /// Whether the areas in which records stand have a feed that reaches as far.
    mutating func checkPlacements(of rows: [CheckedRow]) throws {
        let named = rows.flatMap { $0.placements.standing }
            .map { ArchivedValue.text($0.area.rawValue) }
        let areas = try find(.area, "code", named).keyed(by: "code")
        for row in rows {
            let (standing, isWhole) = row.placements
            if !isWhole { report.note(unreadable: row, ["placements"]) }
            for placement in standing {
                guard let area = areas[.text(placement.area.rawValue)] else {
                    report.note("area_missing", at: row.place)
                    continue
                }
                if placement.position.rawValue > area.unsigned("head") {
                    report.note("area_behind", at: area.place)
                }
            }
        }
    }
}

extension CheckedRow {
    /// Where a record says that it stands, and whether all of it could be read.
    fileprivate var placements: (standing: [Placement], isWhole: Bool) {
        let items = (text("placements") ?? "").split(separator: ",")
        let standing = items.compactMap { item -> Placement? in
            let parts = item.split(separator: ":")
            guard parts.count == 2, let area = AreaCode(parts[0]), let position = UInt64(parts[1])
            else { return nil }
            return Placement(area: area, position: Position(rawValue: position))
        }
        return (standing, standing.count == items.count)
    }
}
