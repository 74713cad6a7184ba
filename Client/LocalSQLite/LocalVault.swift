internal import Foundation
internal import GRDB
internal import SQLiteRows
internal import SyncClient
internal import Synchronization
internal import SyncProtocol
public import SyncTrust

/// How a database whose personal fields are sealed is opened.
public struct Unlocking: Sendable {
    /// What opens it.
    public var secret: DeviceSecret
    /// The device's time in milliseconds since 1970, by which attempts are spaced.
    public var now: Int64

    /// An attempt to open a database.
    public init(_ secret: DeviceSecret, now: Int64) { (self.secret, self.now) = (secret, now) }
}

/// The key of an open database; none where nothing is sealed.
final class LocalVault: Sendable {
    private let kept = Mutex<DataKey?>(nil)

    var key: DataKey? { kept.withLock { $0 } }

    func set(_ key: DataKey?) { kept.withLock { $0 = key } }

    private let lastProfile = Mutex<(json: String, profile: DeviceProfile)?>(nil)

    /// What a profile's JSON says: every transaction asks, and it seldom says anything new.
    func profile(_ json: String) throws -> DeviceProfile {
        if let known = lastProfile.withLock(\.self), known.json == json { return known.profile }
        let profile = try JSONDecoder().decode(DeviceProfile.self, from: Data(json.utf8))
        note(profile, json)
        return profile
    }

    /// What a profile was written as: the next transaction reads it.
    func note(_ profile: DeviceProfile, _ json: String) {
        lastProfile.withLock { $0 = (json, profile) }
    }
}

/// Which columns are sealed, and by what their rows are told apart.
struct SealedTable {
    let name: String
    let key: String
    var blobs: [String] = []
    var texts: [String] = []

    // > [D-05] What says something of a person, or opens anything, is sealed. Ids, types, areas, times, counts,
    // > outcomes and marks are not: lists, sums and syncs need them.
    static let all = [
        SealedTable(name: "profile", key: "one", texts: ["json"]),
        SealedTable(name: "enrolment", key: "one", blobs: ["seed"]),
        SealedTable(name: "record", key: "id", blobs: ["acknowledged", "visible"]),
        SealedTable(name: "outbox", key: "sequence", blobs: ["payload"], texts: ["message"]),
        SealedTable(name: "conflict", key: "record", blobs: ["body"]),
        SealedTable(name: "salvage", key: "record", blobs: ["body"]),
        SealedTable(name: "settlement", key: "number", texts: ["author", "reason"]),
    ]
}

extension LocalSQLiteTransaction {
    /// Bytes as they are kept at a place: sealed, where there is a key.
    ///
    /// What is empty says nothing, and stays so.
    func kept(_ bytes: [UInt8], _ place: @autoclosure () -> String) throws -> [UInt8] {
        guard let key, !bytes.isEmpty else { return bytes }
        return try key.seal(bytes, at: place())
    }

    /// Bytes that were kept at a place.
    func told(_ bytes: [UInt8], _ place: @autoclosure () -> String) throws -> [UInt8] {
        guard let key, !bytes.isEmpty else { return bytes }
        return try key.open(bytes, at: place())
    }

    func kept(_ text: String, _ place: @autoclosure () -> String) throws -> String {
        guard key != nil, !text.isEmpty else { return text }
        return Data(try kept(Array(text.utf8), place())).base64EncodedString()
    }

    func told(_ text: String, _ place: @autoclosure () -> String) throws -> String {
        guard key != nil, !text.isEmpty else { return text }
        let bytes = Array(Data(base64Encoded: text) ?? Data([0]))
        return String(decoding: try told(bytes, place()), as: UTF8.self)
    }

    /// Seals everything that is there.
    func sealEverything() throws {
        for table in SealedTable.all {
            for column in table.blobs + table.texts { try seal(column, of: table) }
        }
        try run("UPDATE record SET title = '', searchable = ''")
        for row in try rows("SELECT hash FROM imported") {
            try run(
                "UPDATE imported SET hash = ? WHERE hash = ?",
                [importName(row.bytes(0)), row.values[0]]
            )
        }
    }

    private func seal(_ column: String, of table: SealedTable) throws {
        let found = try rows(
            "SELECT \(table.key), \(column) FROM \(table.name) WHERE \(column) IS NOT NULL"
        )
        for row in found {
            let place = "\(table.name).\(column)/\(Self.place(row, 0))"
            let sealed: any ColumnContent =
                table.texts.contains(column)
                ? try kept(row[1] as String, place) : try kept(row.bytes(1), place)
            try run(
                "UPDATE \(table.name) SET \(column) = ? WHERE \(table.key) = ? AND \(column) = ?",
                [sealed, row.values[0], row.values[1]]
            )
        }
    }

    /// What tells a row apart, as it stands in the name of a place.
    private static func place(_ row: Row, _ index: Int) -> String {
        switch row.values[index] {
        case .blob(let bytes): bytes.hexadecimal
        case .integer(let number): String(number)
        default: ""
        }
    }

    /// What a ledger's row is remembered by: where there is a key, nothing that can be guessed without it.
    func importName(_ hash: [UInt8]) -> [UInt8] { key?.name(of: hash) ?? hash }
}
