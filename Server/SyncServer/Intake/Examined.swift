internal import SyncProtocol
internal import SyncTrust

/// What can be said of a change by itself, before any record is looked at: nothing of it needs the
/// transaction.
struct Examined: Sendable {
    /// The change in canonical form.
    var change: Change
    /// The rules that its own fields break.
    let violations: [Violation]

    /// Throws where a field is not of its type.
    init(_ change: Change, _ type: RecordType, _ rules: any RecordRules) throws(WireError) {
        self.change = try change.canonical(as: type)
        violations = rules.violations(of: self.change.fields, as: type)
    }

    /// The rules that fields break: known already, unless something was done to them since.
    func violations(
        of fields: FieldMap,
        as type: RecordType,
        by rules: any RecordRules
    ) -> [Violation] {
        fields == change.fields ? violations : rules.violations(of: fields, as: type)
    }
}

/// One change of a batch, read and examined before the batch waits for the writer.
struct ReadChange: Sendable {
    let payload: [UInt8]
    let hash: [UInt8]
    /// What the payload says; `nil` where it does not parse.
    var change: Change?
    /// `nil` where its type is unknown, a field not of its type, or all of it too large.
    var examined: Examined?

    init(
        _ payload: [UInt8],
        of request: SyncRequest,
        _ schema: Schema,
        _ rules: any RecordRules,
        _ limits: Limits
    ) {
        self.payload = payload
        hash = Chain.hash(of: payload)
        change = try? Change(payload: payload, epoch: request.epoch)
        examined = change.flatMap { change in
            guard payload.count <= limits.changeBytes, let type = schema.type(change.type) else {
                return nil
            }
            return try? Examined(change, type, rules)
        }
    }

    /// Every change of a request.
    static func all(
        of request: SyncRequest,
        _ schema: Schema,
        _ rules: any RecordRules,
        _ limits: Limits
    ) -> [ReadChange] {
        request.payloads.map { ReadChange($0, of: request, schema, rules, limits) }
    }
}
