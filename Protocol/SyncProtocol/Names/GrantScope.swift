/// What of the records a department's grant covers [A-14]: whole types, and single fields of others.
///
/// It names them as the schema does. What is not named is not covered, and a name that a program does not know
/// covers nothing there.
public struct GrantScope: Hashable, Codable, Sendable {
    /// The types of which everything is covered: `Dwelling`.
    public private(set) var types: [String] = []
    /// The fields that are covered of other types, by the type's name: `name` of `Person`.
    public private(set) var fields: [String: [String]] = [:]

    /// A scope of names in Chinese or English: types as in `person`, fields as in `person.name`.
    ///
    /// Of a type with fields, those alone are covered; of a type without, everything is. Throws `scope_unknown` for
    /// a name that the schema does not know, and `scope_unfit` where fields that merge together [M-01] are parted,
    /// or nothing is named.
    public init(types named: [String], fields dotted: [String]) throws(SyncError) {
        let schema = Schema.current
        var known: [String: [RecordField]] = [:]
        for name in dotted {
            let parts = name.split(separator: ".", maxSplits: 1)
            guard parts.count == 2, let type = schema.type(named: parts[0]),
                let field = type.field(named: parts[1])
            else { throw .scopeUnknown(name) }
            known[type.name, default: []].append(field)
        }
        for name in named {
            guard let type = schema.type(named: name) else { throw .scopeUnknown(name) }
            if known[type.name] == nil, !types.contains(type.name) { types.append(type.name) }
        }
        for (name, some) in known.sorted(by: { $0.key < $1.key }) {
            let numbers = Set(some.map(\.number))
            let missing = Set(some.flatMap(\.unit)).subtracting(numbers).sorted()
            guard missing.isEmpty else {
                let type = schema.type(named: name)
                throw .scopeParted(
                    missing.compactMap { type?.field($0)?.name }.map {
                        "\(name.lowercased()).\($0)"
                    }
                )
            }
            fields[name] = numbers.sorted().compactMap { schema.type(named: name)?.field($0)?.name }
        }
        types.sort()
        guard !types.isEmpty || !fields.isEmpty else { throw .scopeParted([]) }
    }

    /// What it covers, as an operator names it: `dwelling`, `person.name`.
    public var names: [String] {
        types.map { $0.lowercased() }
            + fields.sorted { $0.key < $1.key }.flatMap { type, names in
                names.map { "\(type.lowercased()).\($0)" }
            }
    }

    /// Whether everything of a type is covered.
    public func coversWhole(_ type: RecordType) -> Bool { types.contains(type.name) }

    /// Whether anything of a type is covered.
    public func covers(_ type: RecordType) -> Bool { coversWhole(type) || fields[type.name] != nil }

    /// Whether a field is covered; one that nobody here knows is of a whole type alone.
    public func covers(_ number: UInt32, of type: RecordType) -> Bool {
        if coversWhole(type) { return true }
        guard let names = fields[type.name], let field = type.field(number) else { return false }
        return names.contains(field.name)
    }

    /// Whether ids that derive from what a record says may be made by whoever has this scope: it covers that.
    ///
    /// To others such an id says nothing [N-02].
    public var coversIdentities: Bool {
        Schema.current.types.allSatisfy { type in
            type.identityUnit.allSatisfy { covers($0, of: type) }
        }
    }

    /// What of a record's fields is covered; `nil` where nothing of the type is.
    public func masked(_ fields: FieldMap, of type: RecordType) -> FieldMap? {
        if coversWhole(type) { return fields }
        guard covers(type) else { return nil }
        return fields.keeping(fields.numbers.filter { covers($0, of: type) })
    }

    /// Whether everything that a change says or does is covered: a change that concerns the record as a whole needs
    /// the whole type.
    public func covers(_ change: Change, of type: RecordType) -> Bool {
        guard !coversWhole(type) else { return true }
        return covers(type) && !change.isOfWhole
            && change.touched.allSatisfy { covers($0, of: type) }
    }
}

extension Change {
    /// Whether it concerns the record as a whole, and not only the fields that it names.
    public var isOfWhole: Bool {
        isAct || undelete || deletion != nil || resolution != nil || isRecovered
    }
}

extension RecordState {
    /// The same record, saying something else.
    package func saying(_ fields: FieldMap) -> RecordState {
        var state = self
        state.fields = fields
        return state
    }
}

extension SyncError {
    fileprivate static func scopeUnknown(_ name: String) -> SyncError {
        SyncError(
            "scope_unknown",
            "没有这样的记录类型或字段 There is no record type or field \(name.prefix(60))",
            hint: Schema.current.types.map { $0.name.lowercased() }.joined(separator: ", ")
                + "; person.name, dwelling.area …",
            subject: String(name.prefix(60))
        )
    }

    fileprivate static func scopeParted(_ missing: [String]) -> SyncError {
        missing.isEmpty
            ? SyncError(
                "scope_unfit",
                "没有写明任何记录类型或字段 No record type and no field is named",
                hint:
                    "--types dwelling --fields person.name,person.sex；全部则写 --types all。 --types all for everything."
            )
            : SyncError(
                "scope_unfit",
                "同组字段须一并授权 Fields that merge together are granted together",
                hint: "请加上 Add: \(missing.joined(separator: ","))",
                subject: missing.joined(separator: ",")
            )
    }
}
