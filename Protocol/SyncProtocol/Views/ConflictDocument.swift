internal import Foundation
internal import SwiftProtobuf

/// Where a record stands now, for whoever reads its conflicts.
public struct ConflictPlace: Sendable {
    /// The areas in which the record stands.
    public var areas: [AreaCode]
    /// The record's revision: the one to name when settling.
    public var revision: Revision

    /// A place.
    public init(areas: [AreaCode], revision: Revision) {
        self.areas = areas
        self.revision = revision
    }
}

extension ConflictEntry {
    /// The conflict as people and scripts read it: a `ConflictEntry` of `views.proto`, in JSON.
    public func json(at place: ConflictPlace) -> [UInt8] { jsonBytes(view(at: place)) }

    /// A page of conflicts in JSON.
    public static func json(
        list conflicts: [(entry: ConflictEntry, place: ConflictPlace)],
        next: String
    ) -> [UInt8] {
        jsonBytes(
            ViewConflictList.with {
                $0.conflicts = conflicts.map { $0.entry.view(at: $0.place) }
                $0.next = next
            }
        )
    }

    func view(at place: ConflictPlace) -> ViewConflictEntry {
        let type = Schema.current.type(type)
        return ViewConflictEntry.with {
            $0.id = UInt32(truncatingIfNeeded: id)
            $0.record = record.description
            $0.type = type?.name ?? ""
            $0.kind = conflict.kind.wire
            $0.state = WireConflict.State(rawValue: state.rawValue) ?? .open
            $0.policy = conflict.policy
            $0.byAuthority = conflict.byAuthority
            $0.fields = conflict.fields.map { type?.field($0)?.name ?? String($0) }
            $0.standing = view(of: conflict.standing, standingAuthor)
            $0.proposed = view(of: conflict.proposed, proposedAuthor)
            $0.proposedWon = conflict.proposedWon
            $0.revision = UInt32(truncatingIfNeeded: base.revision.rawValue)
            $0.metAt = instant(metAt)
            $0.impact = impact
            $0.areas = place.areas.map(\.rawValue)
            $0.currentRevision = UInt32(truncatingIfNeeded: place.revision.rawValue)
            if let closing { $0.closing = closing.view }
        }
    }

    private func view(of side: Conflict.Side, _ author: String) -> ViewConflictEntry.Side {
        ViewConflictEntry.Side.with {
            if let values = RecordBody(side.values, type) { $0.values = values }
            if !side.removed.isEmpty, let removed = RecordBody(side.removed, type) {
                $0.removed = removed
            }
            if let deletion = side.deletion {
                $0.deletion = WireDeletion.with {
                    $0.reason = deletion.reason
                    $0.text = deletion.text
                }
            }
            $0.device = side.device.description
            $0.author = author
            $0.observedAt = instant(side.time)
            $0.uncertaintyMs = side.uncertainty
        }
    }
}

extension ConflictEntry.Closing {
    fileprivate var view: ViewConflictEntry.Closing {
        ViewConflictEntry.Closing.with {
            $0.device = device.description
            $0.author = author
            $0.closedAt = instant(closedAt)
            $0.revision = UInt32(truncatingIfNeeded: revision.rawValue)
            if let choice {
                $0.choice = WireResolution.Choice(rawValue: choice.rawValue) ?? .unspecified
            }
            $0.reason = reason
        }
    }
}

/// A time in milliseconds since 1970 as RFC 3339, in UTC: `2026-11-23T20:15:50.123Z`.
public func instant(_ milliseconds: Int64) -> String {
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    return Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(style)
}

/// A message in protobuf's JSON mapping.
func jsonBytes(_ message: some Message) -> [UInt8] {
    guard let json: [UInt8] = try? message.jsonUTF8Bytes() else {
        preconditionFailure("a proto3 message always encodes")
    }
    return json
}
