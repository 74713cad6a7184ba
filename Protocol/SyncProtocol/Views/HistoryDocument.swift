internal import Foundation
internal import SwiftProtobuf

/// One step in the history of a record.
///
/// > [H-01] Every accepted change of a record is in its history: who, which device, when observed and when
/// > received, and each field that it changed, before and after.
public struct HistoryStep: Sendable {
    /// What the change did to the record as a whole.
    public enum Act: String, Sendable {
        case capture, edit, deletion, undeletion, resolution, reidentification, split, erasure

        /// What a change does to a record that was there before, or was not.
        public init(of change: Change, wasThere: Bool) {
            self =
                if change.erasure != nil {
                    .erasure
                } else if change.redirect != nil {
                    .reidentification
                } else if change.split {
                    .split
                } else if change.resolution != nil {
                    .resolution
                } else if change.deletion != nil {
                    .deletion
                } else if change.undelete {
                    .undeletion
                } else {
                    wasThere ? .edit : .capture
                }
        }
    }

    /// The record's revision after it.
    public var revision: Revision
    /// What it did.
    public var act: Act
    /// What became of it.
    public var outcome: Outcome.Kind
    /// The device that sent it.
    public var device: DeviceID
    /// Who held the device, or asked for it.
    public var author: String
    /// The device's own number of it.
    public var sequence: SequenceNumber
    /// When it was observed, in milliseconds since 1970.
    public var observedAt: Int64
    /// By how much that may be wrong, in milliseconds.
    public var uncertainty: UInt32
    /// When the server had it, in milliseconds since 1970.
    public var receivedAt: Int64
    /// Why, where it says so.
    public var reason: String
    /// The fields that it changed, ascending.
    public var fields: [UInt32]
    /// What the record said before and after; nothing of it once it was redacted.
    public var before: FieldMap
    /// What it said after.
    public var after: FieldMap
    /// The record on which the change was made, where that was another one.
    public var via: RecordID?
    /// What it said and the record did not say after it: something else stood against it.
    public var proposed = FieldMap()

    /// A step.
    public init(
        revision: Revision,
        act: Act,
        outcome: Outcome.Kind,
        device: DeviceID,
        author: String,
        sequence: SequenceNumber,
        observedAt: Int64,
        uncertainty: UInt32,
        receivedAt: Int64,
        reason: String,
        fields: [UInt32],
        before: FieldMap,
        after: FieldMap,
        via: RecordID?
    ) {
        self.revision = revision
        self.act = act
        self.outcome = outcome
        self.device = device
        self.author = author
        self.sequence = sequence
        self.observedAt = observedAt
        self.uncertainty = uncertainty
        self.receivedAt = receivedAt
        self.reason = reason
        self.fields = fields
        self.before = before
        self.after = after
        self.via = via
    }
}

/// The history of a record, the oldest step first, and the record as it was at some moment.
public struct RecordHistory: Sendable {
    /// The record.
    public var record: RecordID
    /// Its type.
    public var type: RecordType
    /// What happened to it.
    public var steps: [HistoryStep]
    /// The record as it was at the moment that was asked for; `nil` where none was, where it was not
    /// there, and where nobody knows any more.
    public var then: RecordState?

    /// A history.
    public init(record: RecordID, type: RecordType, steps: [HistoryStep], then: RecordState?) {
        self.record = record
        self.type = type
        self.steps = steps
        self.then = then
    }

    /// What of it somebody may see whose grant covers some types and fields only.
    ///
    /// Of other changes it tells that they were, and what people wrote about them is left out.
    public func seen(within scope: GrantScope?) -> RecordHistory {
        guard let scope, !scope.coversWhole(type) else { return self }
        func masked(_ fields: FieldMap) -> FieldMap { scope.masked(fields, of: type) ?? FieldMap() }
        var seen = self
        seen.then = then.map { $0.saying(masked($0.fields)) }
        seen.steps = steps.map { step in
            var step = step
            step.fields = step.fields.filter { scope.covers($0, of: type) }
            step.before = masked(step.before)
            step.after = masked(step.after)
            step.proposed = masked(step.proposed)
            step.reason = ""
            return step
        }
        return seen
    }

    /// The history as people and scripts read it: a `History` of `views.proto`, in JSON.
    public var json: [UInt8] { jsonBytes(view) }

    /// Reads a history from its JSON.
    ///
    /// Throws `json_malformed`, and `type_unknown` where this program does not know the type.
    public init(json: [UInt8]) throws(SyncError) {
        let view: ViewHistory = try decodeJSON(json)
        guard let id = RecordID(view.record), let type = Schema.current.type(named: view.type)
        else { throw SyncError.typeUnknown }
        self.init(
            record: id,
            type: type,
            steps: view.entries.compactMap { HistoryStep($0, type) },
            then: view.hasRecordThen
                ? RecordState(id: id, type: type, view.recordThen) : nil
        )
    }

    private var view: ViewHistory {
        ViewHistory.with {
            $0.record = record.description
            $0.type = type.name
            $0.entries = steps.map { $0.view(type) }
            if let then { $0.recordThen = RecordView(of: then, type: type, areas: []).wire }
        }
    }
}

extension HistoryStep {
    fileprivate func view(_ type: RecordType) -> ViewHistoryEntry {
        ViewHistoryEntry.with {
            $0.revision = UInt32(truncatingIfNeeded: revision.rawValue)
            $0.act = act.rawValue
            $0.outcome = WireOutcome.Kind(rawValue: outcome.rawValue) ?? .unspecified
            $0.device = device.description
            $0.author = author
            $0.sequence = UInt32(truncatingIfNeeded: sequence.rawValue)
            $0.observedAt = instant(observedAt)
            $0.uncertaintyMs = uncertainty
            $0.receivedAt = instant(receivedAt)
            $0.reason = reason
            $0.via = via?.description ?? ""
            if !proposed.isEmpty, let body = RecordBody(proposed, type.number) {
                $0.proposed = body
            }
            $0.fields = fields.map { number in
                ViewFieldChange.with {
                    $0.field = type.field(number)?.name ?? String(number)
                    if let body = RecordBody(before.keeping([number]), type.number) {
                        $0.before = body
                    }
                    if let body = RecordBody(after.keeping([number]), type.number) {
                        $0.after = body
                    }
                }
            }
        }
    }

    fileprivate init?(_ view: ViewHistoryEntry, _ type: RecordType) {
        guard let act = Act(rawValue: view.act), let device = DeviceID(view.device),
            let outcome = Outcome.Kind(rawValue: view.outcome.rawValue)
        else { return nil }
        func merged(_ bodies: [RecordBody]) -> FieldMap {
            bodies.compactMap { try? FieldMap.body(encode($0)).fields }
                .reduce(FieldMap()) { $0.merging($1) }
        }
        self.init(
            revision: Revision(rawValue: UInt64(view.revision)),
            act: act,
            outcome: outcome,
            device: device,
            author: view.author,
            sequence: SequenceNumber(rawValue: UInt64(view.sequence)),
            observedAt: milliseconds(view.observedAt) ?? 0,
            uncertainty: view.uncertaintyMs,
            receivedAt: milliseconds(view.receivedAt) ?? 0,
            reason: view.reason,
            fields: view.fields.compactMap { type.field(named: $0.field)?.number },
            before: merged(view.fields.map(\.before)),
            after: merged(view.fields.map(\.after)),
            via: RecordID(view.via)
        )
        proposed = (try? FieldMap.body(encode(view.proposed)))?.fields ?? FieldMap()
    }
}

extension RecordState {
    fileprivate init?(id: RecordID, type: RecordType, _ view: WireRecordView) {
        let body = try? FieldMap.body(encode(view.body))
        guard let nobody = DeviceID(bytes: [UInt8](repeating: 0, count: 16)) else { return nil }
        self.init(
            id: id,
            type: type.number,
            revision: Revision(rawValue: UInt64(view.revision)),
            isDeleted: view.deleted,
            fields: body?.fields ?? FieldMap(),
            stamps: Stamps(first: Stamp(device: nobody, base: .none, time: 0)),
            redirect: RecordID(view.redirect),
            isErased: view.erased
        )
    }
}

extension SyncError {
    /// The record is of a type that a newer program wrote.
    public static let typeUnknown = SyncError(
        "type_unknown",
        "本程序不认识这种记录 This program does not know the type of this record",
        hint: "请升级程序。 Upgrade this program."
    )

    /// Nothing can be told of a record at the moment that was asked for.
    public static let recordNotThereThen = SyncError(
        "record_not_there_then",
        "当时还没有这条记录，或其内容未留存 The record was not there yet, or what it said then was not kept",
        hint: "不带 at 可查看全部历史。 Without `at` the whole history is shown.",
        subject: "at"
    )
}

/// A time as RFC 3339 in milliseconds since 1970; `nil` where it is none.
public func milliseconds(_ text: some StringProtocol) -> Int64? {
    let styles = [true, false].map { Date.ISO8601FormatStyle(includingFractionalSeconds: $0) }
    let date = styles.lazy.compactMap { try? $0.parse(String(text)) }.first
    return date.map { Int64(($0.timeIntervalSince1970 * 1000).rounded()) }
}
