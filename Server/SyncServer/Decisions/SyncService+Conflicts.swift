public import SyncProtocol

/// A conflict, and where its record stands now.
public struct PlacedConflict: Sendable {
    /// The conflict.
    public var entry: ConflictEntry
    /// Where its record stands.
    public var place: ConflictPlace
}

/// One page of open conflicts.
public struct ConflictPage: Sendable {
    /// The conflicts, those that would change most first.
    public var conflicts: [PlacedConflict] = []
    /// Behind which the next page begins; `nil` on the last one.
    public var next: ConflictRank?

    /// A page without conflicts.
    public init() {}

    /// The page as people and scripts read it: a `ConflictList` of `views.proto`, in JSON.
    public var json: [UInt8] {
        ConflictEntry.json(
            list: conflicts.map { ($0.entry, $0.place) },
            next: next?.description ?? ""
        )
    }
}

extension SyncService {
    // > [C-05] Open conflicts are listed by what they would change, then by age.

    /// Open conflicts of records that somebody may see, a page at a time.
    public func openConflicts(
        _ filter: ConflictFilter = ConflictFilter(),
        for principal: Principal,
        after rank: ConflictRank? = nil,
        limit: Int = 100
    ) async throws -> ConflictPage {
        let limit = max(1, min(limit, limits.rowsPerPage))
        let page = try await store.read { transaction in
            var page = ConflictPage()
            var cursor = rank
            while page.conflicts.count <= limit {
                let rows = try transaction.openConflicts(after: cursor, limit: limit + 1)
                for entry in rows where filter.admits(entry) {
                    guard let placed = try Self.placed(entry, for: principal, in: transaction),
                        filter.admits(placed.place)
                    else { continue }
                    page.conflicts.append(placed)
                }
                guard rows.count > limit, let last = rows.last else { break }
                cursor = ConflictRank(impact: last.impact, id: last.id)
            }
            if page.conflicts.count > limit {
                page.conflicts.removeSubrange(limit...)
                page.next = page.conflicts.last.map {
                    ConflictRank(impact: $0.entry.impact, id: $0.entry.id)
                }
            }
            return page
        }
        let records = page.conflicts.map(\.entry.record)
        if !records.isEmpty {
            await note(.conflicts, records, count: records.count, by: principal)
        }
        return page
    }

    /// A conflict, open or not, of a record that somebody may see.
    ///
    /// Throws `conflict_not_found`.
    public func conflict(_ id: UInt64, for principal: Principal) async throws -> PlacedConflict {
        let found = try await store.read { transaction in
            try transaction.conflict(id).flatMap {
                try Self.placed($0, for: principal, in: transaction)
            }
        }
        guard let found else { throw SyncError.conflictNotFound }
        await note(.conflicts, [found.entry.record], by: principal)
        return found
    }

    private static func placed(
        _ entry: ConflictEntry,
        for principal: Principal,
        in transaction: some StoreReader
    ) throws -> PlacedConflict? {
        guard let record = try transaction.records([entry.record])[entry.record],
            let told = principal.seen(entry), let seen = principal.seen(record)
        else { return nil }
        return PlacedConflict(
            entry: told,
            place: ConflictPlace(
                areas: seen.placements.map(\.area),
                revision: record.state.revision
            )
        )
    }

    // > [C-03] A resolution is a change. It takes the standing value, the proposed one or a third, and
    // > names the conflict and the revision of the record that its author saw.

    /// Settles a conflict.
    ///
    /// Throws `conflict_not_found`, `conflict_closed`, `conflict_outdated`, `role_forbidden`, or the rule
    /// that the third value breaks; then nothing was changed.
    public func resolve(
        _ id: UInt64,
        _ request: ResolveRequest,
        for principal: Principal
    ) async throws -> ActResult {
        let now = clock()
        return try await act(for: principal) { transaction in
            guard let entry = try transaction.conflict(id) else {
                throw SyncError.conflictNotFound
            }
            var change: Change
            do {
                change = try Self.change(
                    of: entry.record,
                    at: request.revision,
                    for: principal,
                    now: now,
                    in: transaction
                )
            } catch let error as SyncError where error.code == SyncError.recordNotFound.code {
                throw SyncError.conflictNotFound
            }
            change.resolution = Change.Resolution(
                conflict: id,
                choice: request.choice,
                reason: request.reason
            )
            if request.choice == .other {
                guard request.type == change.type else { throw SyncError.bodyOfOtherType }
                let standing = try transaction.records([entry.record])[entry.record]
                try change.say(request.value, over: standing?.state.fields, about: entry)
            }
            return change
        }
    }
}

extension Change {
    /// Says a third value of what a conflict is about; of a group, what it leaves out stays as it stands.
    fileprivate mutating func say(
        _ value: FieldMap,
        over standing: FieldMap?,
        about entry: ConflictEntry
    ) throws {
        let type = Schema.current.type(type)
        let unit = Set(entry.conflict.fields.flatMap { type?.unit(of: $0) ?? [$0] }).sorted()
        guard !value.isEmpty, value == value.keeping(unit) else {
            throw SyncError(
                "value_unfit",
                "第三个值应只含冲突所涉字段 The value must be of the conflict's fields and of nothing else",
                hint: unit.compactMap { type?.field($0)?.name }.joined(separator: ", "),
                subject: "value"
            )
        }
        fields = (standing ?? FieldMap()).keeping(unit).merging(value)
        clears = unit.filter { fields[$0] == nil }
    }
}

extension SyncError {
    static let bodyOfOtherType = SyncError(
        "value_unfit",
        "内容与记录类型不符 The value is not of the record's type",
        hint: "例如 for example: {\"person\": {\"name\": \"王小明\"}}",
        subject: "value"
    )

    static let conflictNotFound = SyncError(
        "conflict_not_found",
        "没有这个冲突 There is no such conflict in these areas",
        hint: "用 GET /v1/conflicts 查看待裁决的冲突。 GET /v1/conflicts lists those that are open.",
        subject: "id"
    )
}
