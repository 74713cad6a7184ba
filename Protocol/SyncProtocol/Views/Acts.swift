internal import SwiftProtobuf

/// `POST /v1/conflicts/{id}/resolution`: what a person chose.
public struct ResolveRequest: Sendable {
    /// The record's revision that the person saw.
    public var revision: Revision
    /// Which side.
    public var choice: Change.Resolution.Choice
    /// The third value; with `other` only.
    public var value: FieldMap
    /// The number of the type that the value names; 0 where it names none.
    public var type: UInt32 = 0
    /// Why, in words.
    public var reason: String

    /// A choice.
    public init(
        revision: Revision,
        choice: Change.Resolution.Choice,
        value: FieldMap = FieldMap(),
        reason: String = ""
    ) {
        self.revision = revision
        self.choice = choice
        self.value = value
        self.reason = reason
    }

    /// Reads a request from JSON.
    ///
    /// Throws `json_malformed`, and `choice_missing` where it names none.
    public init(json: [UInt8]) throws(SyncError) {
        let wire: ViewResolveRequest = try decodeJSON(json)
        guard let choice = Change.Resolution.Choice(rawValue: wire.choice.rawValue) else {
            throw SyncError(
                "choice_missing",
                "The request names no choice",
                hint: "choice: STANDING, PROPOSED, or OTHER with a value.",
                subject: "choice"
            )
        }
        let value = try? FieldMap.body(encode(wire.value))
        self.init(
            revision: Revision(rawValue: UInt64(wire.revision)),
            choice: choice,
            value: value?.fields ?? FieldMap(),
            reason: wire.reason
        )
        type = value?.type ?? 0
    }
}

/// `POST /v1/quarantine/{id}/mend`: fields laid over what a returned change said.
public struct MendRequest: Sendable {
    /// The fields.
    public var fields: FieldMap
    /// The number of the type that they are of; 0 where there are none.
    public var type: UInt32
    /// The names of fields that lose their value.
    public var clears: [String]

    /// What to lay over a change of some type.
    public init(fields: FieldMap, of type: UInt32, clears: [String] = []) {
        self.fields = fields
        self.type = type
        self.clears = clears
    }

    /// Reads a request from JSON.
    ///
    /// Throws `json_malformed`.
    public init(json: [UInt8]) throws(SyncError) {
        let wire: ViewMendRequest = try decodeJSON(json)
        let body = try? FieldMap.body(encode(wire.body))
        self.init(
            fields: body?.fields ?? FieldMap(),
            of: body?.type ?? 0,
            clears: wire.clears
        )
    }
}

/// `POST /v1/quarantine/{id}/discard`: why a returned change is thrown away.
public struct DiscardRequest: Sendable {
    /// Why.
    public var reason: String

    /// Reads a request from JSON.
    ///
    /// Throws `json_malformed`.
    public init(json: [UInt8]) throws(SyncError) {
        let wire: ViewDiscardRequest = try decodeJSON(json)
        reason = wire.reason
    }
}

/// `POST /v1/records/{id}/erasure`: on which request or ruling a record is redacted.
public struct EraseRequest: Sendable {
    /// The reason, which stays.
    public var reason: String

    /// Reads a request from JSON.
    ///
    /// Throws `json_malformed`.
    public init(json: [UInt8]) throws(SyncError) {
        let wire: ViewEraseRequest = try decodeJSON(json)
        reason = wire.reason
    }

    /// The answer in JSON: the records that were redacted.
    public static func json(erased records: [RecordID]) -> [UInt8] {
        jsonBytes(ViewEraseResult.with { $0.records = records.map(\.description) })
    }
}

/// `POST /v1/records/{id}/reidentification`: which record this one is.
public struct ReidentifyRequest: Sendable {
    /// The record's revision that the person saw.
    public var revision: Revision
    /// The record that it is.
    public var target: RecordID

    /// Reads a request from JSON.
    ///
    /// Throws `json_malformed`, and `target_malformed` where it names no record.
    public init(json: [UInt8]) throws(SyncError) {
        let wire: ViewReidentifyRequest = try decodeJSON(json)
        guard let target = RecordID(wire.target) else {
            throw SyncError(
                "target_malformed",
                "The target is not a record's id",
                hint: "A UUID, as /v1/records gives it.",
                subject: "target"
            )
        }
        revision = Revision(rawValue: UInt64(wire.revision))
        self.target = target
    }
}

/// `POST /v1/records/{id}/split`, `/deletion` and `/undeletion`.
public struct ActRequest: Sendable {
    /// The record's revision that the person saw.
    public var revision: Revision
    /// Of a deletion: why.
    public var deletion: Change.Deletion

    /// Reads a request from JSON.
    ///
    /// Throws `json_malformed`.
    public init(json: [UInt8]) throws(SyncError) {
        let wire: ViewActRequest = try decodeJSON(json)
        revision = Revision(rawValue: UInt64(wire.revision))
        deletion = Change.Deletion(reason: wire.reason, text: wire.text)
    }
}

/// The answer to whatever changes a record over HTTP.
public struct ActResult: Hashable, Sendable {
    /// The record.
    public var record: RecordID
    /// Its revision afterwards.
    public var revision: Revision
    /// What became of the change.
    public var outcome: Outcome.Kind

    /// An answer.
    public init(record: RecordID, revision: Revision, outcome: Outcome.Kind) {
        self.record = record
        self.revision = revision
        self.outcome = outcome
    }

    /// The answer in JSON.
    public var json: [UInt8] {
        jsonBytes(
            ViewActResult.with {
                $0.record = record.description
                $0.revision = UInt32(truncatingIfNeeded: revision.rawValue)
                $0.outcome = WireOutcome.Kind(rawValue: outcome.rawValue) ?? .unspecified
            }
        )
    }
}
