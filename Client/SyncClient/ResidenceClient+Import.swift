public import SyncProtocol
internal import SyncTrust

/// A row of a ledger: the records that it makes.
public struct ImportRow: Sendable {
    /// The row's number, as a spreadsheet counts.
    public var number: Int
    /// The records, each after those that it refers to.
    public var captures: [Capture]

    /// A row.
    public init(number: Int, captures: [Capture]) {
        self.number = number
        self.captures = captures
    }
}

/// What became of the rows of one import.
public struct ImportResult: Sendable {
    /// Records that were made or completed.
    public var changed = 0
    /// Rows that had been imported before, to the letter.
    public var known = 0
    /// Rows that break a rule, with what they break.
    public var refused: [(row: Int, error: SyncError)] = []
}

extension ResidenceClient {
    /// Imports rows of a ledger in one transaction.
    ///
    /// A row that was imported before changes nothing, so that a correction made since is not undone
    /// by importing the old ledger again. A new row completes what is known and adds to sets; it
    /// never replaces a value, since a spreadsheet is older than what somebody saw at the door.
    public func importRows(_ rows: [ImportRow]) async throws -> ImportResult {
        guard let profile = try await profile() else { throw SyncError.notEnrolled }
        let (rules, schema) = (rules, schema)
        for type in Set(rows.flatMap(\.captures).map(\.type.number)).compactMap({ schema.type($0) })
        {
            try profile.mustName(type)
        }
        guard let key = NaturalKey(bytes: profile.identityKey) else { throw SyncError.keyDamaged }
        let now = environment.now() + profile.clockOffset
        let (result, touched) = try await store.write { transaction in
            let desk = Desk(
                transaction: transaction,
                profile: profile,
                rules: rules,
                now: now,
                schema: schema
            )
            var result = ImportResult()
            var touched: Set<RecordID> = []
            for row in rows { try desk.take(row, key, &result, &touched) }
            return (result, touched)
        }
        tell(touched)
        return result
    }
}

extension Desk {
    fileprivate func take(
        _ row: ImportRow,
        _ key: NaturalKey,
        _ result: inout ImportResult,
        _ touched: inout Set<RecordID>
    ) throws {
        let content = row.captures.flatMap { [$0.id.bytes, $0.fields.bytes] }
        let hash = key.id(of: "row", content).bytes
        guard try !transaction.wasImported(hash) else {
            result.known += 1
            return
        }
        let violation = row.captures.lazy.compactMap { capture in
            rules.violations(of: capture.fields, as: capture.type).first.map { ($0, capture.type) }
        }.first
        if let (violation, type) = violation {
            result.refused.append((row.number, SyncError(violation, type)))
            return
        }
        for captured in row.captures {
            let capture = try following(captured)
            let known = try transaction.record(capture.id)?.visible
            let wanted = known.map { capture.fields.completing($0, as: capture.type) }
            do {
                guard try put(wanted ?? capture.fields, at: capture.id, type: capture.type) else {
                    continue
                }
            } catch let error as SyncError {
                result.refused.append((row.number, error))
                return
            }
            result.changed += 1
            touched.insert(capture.id)
        }
        try transaction.noteImported(hash)
    }
}

extension FieldMap {
    /// A known record with what it lacks taken from these fields: whole units, and elements of sets.
    func completing(_ known: FieldMap, as type: RecordType) -> FieldMap {
        numbers.reduce(known) { result, number in
            if type.field(number)?.isSet == true {
                return result.settingElements(
                    known.elements(of: number) + elements(of: number),
                    of: number
                )
            }
            let isKnown = type.unit(of: number).contains { known[$0] != nil }
            return isKnown ? result : result.setting(self[number], of: number)
        }
    }
}
