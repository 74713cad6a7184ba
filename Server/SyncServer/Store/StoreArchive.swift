/// A value of a row as it goes from one store to another.
public enum ArchivedValue: Hashable, Codable, Sendable {
    /// Nothing.
    case null
    /// A whole number, or a truth: 0 or 1.
    case int(Int64)
    /// A text.
    case text(String)
    /// Bytes, or an id by its 16.
    case bytes([UInt8])
}

/// A kind of row that a store keeps, with the columns in the order in which they are copied.
///
/// Rows name devices, records and areas by their ids and codes: numbers that a store gives for itself stay there,
/// apart from those that others know (of changes, conflicts and settlements).
public enum ArchiveTable: String, CaseIterable, Codable, Sendable {
    case device, enrolment, record, reference, follower, area, feed, change, effect, conflict
    case settlement, reading, access
    /// The last one: a copy that was cut off has no epoch, and nobody can serve it.
    case setting

    /// The columns of its rows.
    public var columns: [Column] {
        switch self {
        case .setting: [.text("key"), .bytes("value")]
        case .device:
            [
                .int("number"), .id("id"), .bytes("public_key"), .text("name"), .text("department"),
                .text("grants"), .int("high_water"), .bytes("chain"), .int("enrolled_at"),
                .int("last_contact"), .int("clock_offset"), .text("software"), .int("forked_at"),
                .int("last_grant"), .int("backed_up"), .text("holes"), .text("claimed"),
                .int("last_epoch"), .int("pending"), .int("suspended_at"), .text("revoked"),
                .text("succession"), .bytes("vector"), .int("announced"),
            ]
        case .enrolment:
            [
                .bytes("code_hash"), .text("name"), .text("areas"), .text("department"),
                .text("role"), .int("expires_at"), .id("used_by"), .text("scope"),
            ]
        case .record:
            [
                .id("id"), .int("type"), .int("revision"), .int("clock"), .int("open_conflicts"),
                .truth("deleted"), .truth("erased"), .id("redirect"), .text("placements"),
                .bytes("body"), .bytes("stamps"), .bytes("own"),
            ]
        case .reference: [.id("target"), .id("source"), .int("field")]
        case .follower: [.id("former"), .id("source"), .int("field")]
        case .area:
            [.text("code"), .int("head"), .int("pruned"), .bytes("digest"), .int("records")]
        case .feed:
            [
                .text("area"), .int("position"), .id("record"), .truth("departed"), .int("gone_at"),
            ]
        case .change:
            [
                .int("number"), .id("device"), .int("sequence"), .id("record"), .int("kind"),
                .int("revision"), .text("code"), .int("field"), .text("message"),
                .int("received_at"), .int("epoch"), .truth("redacted"), .bytes("hash"),
                .bytes("undo"), .bytes("payload"),
            ]
        case .effect:
            [.id("record"), .int("revision"), .int("change"), .bytes("undo"), .id("via")]
        case .conflict:
            [
                .int("number"), .id("record"), .id("device"), .truth("open"), .int("impact"),
                .id("via"), .bytes("body"),
            ]
        case .settlement:
            [
                .int("number"), .int("change"), .id("device"), .int("sequence"), .int("kind"),
                .text("author"), .text("reason"), .int("settled_at"),
            ]
        case .access:
            [.int("number"), .int("at"), .bytes("content"), .bytes("records"), .bytes("chain")]
        case .reading: [.text("area"), .id("device"), .int("position")]
        }
    }

    /// A column, and what stands in it.
    public enum Column: Hashable, Sendable {
        /// A whole number.
        case int(String)
        /// A truth.
        case truth(String)
        /// A text.
        case text(String)
        /// Bytes.
        case bytes(String)
        /// An id of 16 bytes.
        case id(String)

        /// What it is called.
        public var name: String {
            switch self {
            case .int(let name), .truth(let name), .text(let name), .bytes(let name), .id(let name):
                name
            }
        }
    }
}

/// Some rows of a table, in the order of its key.
public struct ArchivePage: Sendable {
    /// The table.
    public var table: ArchiveTable
    /// The rows, each with its columns in order.
    public var rows: [[ArchivedValue]]
    /// The key of the last one, where there are more to ask for.
    public var next: [ArchivedValue]?

    /// A page.
    public init(table: ArchiveTable, rows: [[ArchivedValue]], next: [ArchivedValue]?) {
        (self.table, self.rows, self.next) = (table, rows, next)
    }
}
