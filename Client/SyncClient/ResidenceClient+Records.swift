public import SyncProtocol
internal import SyncTrust

/// A record that is to be captured: its id, its type and its fields.
public struct Capture: Sendable {
    /// The record's id.
    public var id: RecordID
    /// Its type.
    public var type: RecordType
    /// Its fields.
    public var fields: FieldMap

    /// A record to be captured.
    public init(id: RecordID, type: RecordType, fields: FieldMap) {
        self.id = id
        self.type = type
        self.fields = fields
    }
}

extension ResidenceClient {
    // MARK: - Capture

    /// Captures a record, under the id of its natural key where it has one.
    ///
    /// A person who is known already is the same record: what is captured again is laid over it.
    /// Throws `not_enrolled`, `identity_key_missing`, or the rule that the record breaks.
    @discardableResult
    public func capture<R: RecordMessage>(_ record: R) async throws -> RecordID {
        let fields = record.fieldMap
        let id = try await id(for: fields, of: R.recordType)
        return try await capture(Capture(id: id, type: R.recordType, fields: fields))
    }

    /// Captures a record under an id.
    @discardableResult
    public func capture(_ capture: Capture) async throws -> RecordID {
        try await writing { desk in
            let capture = try desk.following(capture)
            let known = try desk.transaction.record(capture.id)?.visible
            if known == nil { try desk.profile.mustName(capture.type) }
            let fields = known.map { capture.fields.laid(over: $0, as: capture.type) }
            try desk.put(fields ?? capture.fields, at: capture.id, type: capture.type)
            return (capture.id, [capture.id])
        }
    }

    /// Edits a record with typed fields.
    ///
    /// Throws `record_unknown` where the device does not hold it, `identity_fixed` where a document number
    /// would change, or the rule that it would break.
    public func edit<R: RecordMessage>(
        _ id: RecordID,
        as message: R.Type,
        _ change: @escaping @Sendable (inout R) -> Void
    ) async throws {
        try await write { desk in
            guard let held = try desk.transaction.record(id), let seen = held.visible else {
                throw SyncError.recordUnknown(id)
            }
            var record = try R(seen)
            change(&record)
            try desk.checkIdentity(held, record.fieldMap, R.recordType)
            try desk.put(record.fieldMap, at: id, type: R.recordType)
            return [id]
        }
    }

    /// Edits a record of any type: what the closure makes of its fields.
    public func edit(
        _ id: RecordID,
        _ change: @escaping @Sendable (FieldMap, RecordType) throws -> FieldMap
    ) async throws {
        try await write { desk in
            guard let record = try desk.transaction.record(id), let seen = record.visible,
                let type = desk.schema.type(record.type)
            else { throw SyncError.recordUnknown(id) }
            let wanted = try change(seen, type).canonical(as: type)
            try desk.checkIdentity(record, wanted, type)
            try desk.put(wanted, at: id, type: type)
            return [id]
        }
    }

    /// Deletes a record, with the reason.
    ///
    /// Throws `record_unknown` where the device does not hold it.
    public func delete(_ id: RecordID, reason: Change.Deletion) async throws {
        try await write { desk in
            guard let record = try desk.transaction.record(id), record.visible != nil,
                let type = desk.schema.type(record.type)
            else { throw SyncError.recordUnknown(id) }
            try desk.delete(record, reason, type: type)
            return [id]
        }
    }

    /// The id of a record that is about to be captured.
    ///
    /// Throws `not_enrolled` and `identity_key_missing`.
    public func id(for fields: FieldMap, of type: RecordType) async throws -> RecordID {
        guard let profile = try await profile() else { throw SyncError.notEnrolled }
        try profile.mustName(type)
        return profile.naturalID(of: fields, as: type) ?? environment.mintID()
    }

    func write(
        _ body: @escaping @Sendable (Desk) throws -> Set<RecordID>
    ) async throws {
        try await writing { desk in ((), try body(desk)) }
    }

    func writing<Result: Sendable>(
        _ body: @escaping @Sendable (Desk) throws -> (Result, Set<RecordID>)
    ) async throws -> Result {
        let (rules, schema, now) = (rules, schema, environment.now())
        let (result, touched) = try await store.write { transaction in
            guard let profile = try transaction.profile() else { throw SyncError.notEnrolled }
            return try body(
                Desk(
                    transaction: transaction,
                    profile: profile,
                    rules: rules,
                    now: now &+ profile.clockOffset,
                    schema: schema
                )
            )
        }
        tell(touched)
        return result
    }

    // MARK: - Reading

    /// A record as the device holds it; `nil` where it does not.
    ///
    /// This and what else is read here throws `lease_expired` where the server must be asked first.
    public func record(_ id: RecordID) async throws -> LocalRecord? {
        try await mustHaveLease()
        return try await store.read { try $0.record(id) }
    }

    /// A record with typed fields; `nil` where the device does not hold it or it is deleted.
    public func read<R: RecordMessage>(_ id: RecordID, as message: R.Type) async throws -> R? {
        try await record(id)?.visible.map { try R($0) }
    }

    /// The one record whose id begins with these digits.
    ///
    /// Throws `record_unknown` and `id_ambiguous`.
    public func record(withPrefix digits: String) async throws -> LocalRecord {
        try await mustHaveLease()
        return try await named(digits)
    }

    /// The id of the one record whose id begins with these digits; that may always be told.
    ///
    /// Throws `record_unknown` and `id_ambiguous`.
    public func id(withPrefix digits: String) async throws -> RecordID {
        try await named(digits).id
    }

    private func named(_ digits: String) async throws -> LocalRecord {
        let plain = digits.lowercased().filter { $0 != "-" }
        let isPrefix = plain.count >= 4 && plain.allSatisfy(\.isHexDigit)
        let found = isPrefix ? try await store.read { try $0.records(withPrefix: plain) } : []
        guard let first = found.first else {
            throw SyncError(
                "record_unknown",
                "没有编号为 \(digits.prefix(40)) 的记录 No record has this id",
                hint:
                    "用 residence list 或 search 查编号，前四位即可。 residence list or search shows ids; four digits suffice."
            )
        }
        guard found.count == 1 else {
            throw SyncError(
                "id_ambiguous",
                "有多条记录的编号以 \(digits) 开头 Several ids begin with this",
                hint: "请多输几位。 Type more of its digits."
            )
        }
        return first
    }

    /// Records of a type by title, optionally of one area.
    public func records(
        of type: RecordType,
        in area: AreaCode? = nil,
        offset: Int = 0,
        limit: Int = 100
    ) async throws -> [LocalRecord] {
        try await mustHaveLease()
        return try await store.read {
            try $0.records(ofType: type.number, in: area, offset: offset, limit: limit)
        }
    }

    /// Records in which every word of a text occurs: in a name, number, phone or address.
    public func search(_ text: String, limit: Int = 50) async throws -> [LocalRecord] {
        let words = text.split(whereSeparator: \.isWhitespace).map { SearchText.folded(String($0)) }
        guard !words.isEmpty else { return [] }
        try await mustHaveLease()
        return try await store.read { try $0.search(words, limit: limit) }
    }

    /// How many records of a type the device holds.
    public func count(of type: RecordType) async throws -> Int {
        try await store.read { try $0.counts()[type.number] ?? 0 }
    }

    /// The open conflicts of a record, each the bytes of a `Conflict` message.
    public func conflicts(of id: RecordID) async throws -> [[UInt8]] {
        try await mustHaveLease()
        return try await store.read { try $0.conflicts(of: id) }
    }

    /// How things stand on this device.
    public func status() async throws -> ClientStatus {
        let lease = try await lease()
        return try await store.read { transaction in
            ClientStatus(
                profile: try transaction.profile(),
                counts: try transaction.counts(),
                unanswered: try transaction.unansweredCount(),
                returned: try transaction.returned(),
                conflicts: try transaction.conflictCount(),
                ended: try transaction.keptOutbox(),
                lease: lease
            )
        }
    }
}

/// How things stand on a device.
public struct ClientStatus: Sendable {
    /// Who the device is; `nil` before it was enrolled.
    public var profile: DeviceProfile?
    /// Visible records by type's number.
    public var counts: [UInt32: Int]
    /// Changes that wait for an answer.
    public var unanswered: Int
    /// Changes that the server returned.
    public var returned: [OutboxEntry]
    /// Open conflicts among what the device holds.
    public var conflicts: Int
    /// What is left of a device that was revoked, if only that it was; `nil` where none was.
    public var ended: KeptOutbox?
    /// For how long what is held may be shown; `nil` for ever.
    public var lease: Lease?

    /// What a device that was revoked has still to deliver; `nil` where nothing is, or none was.
    public var kept: KeptOutbox? { ended.flatMap { $0.isEmpty ? nil : $0 } }
}

extension FieldMap {
    /// These fields laid over a known record: whole fields replace, elements of sets are added.
    func laid(over known: FieldMap, as type: RecordType) -> FieldMap {
        let sets = type.fields.filter(\.isSet).map(\.number)
        return sets.reduce(known.merging(clearing(sets))) { result, number in
            result.settingElements(
                known.elements(of: number) + elements(of: number),
                of: number
            )
        }
    }
}

extension SyncError {
    static func recordUnknown(_ id: RecordID) -> SyncError {
        SyncError(
            "record_unknown",
            "本设备没有这条记录 This device holds no such record: \(id)",
            hint: "用 residence list 或 search 查看。 residence list or search shows what it holds."
        )
    }
}
