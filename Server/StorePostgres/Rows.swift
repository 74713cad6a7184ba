internal import CPQ
internal import SyncProtocol

/// What a statement gave: rows of binary values, owned until nobody needs them.
final class Rows {
    private let result: OpaquePointer
    let count: Int

    init(_ result: OpaquePointer) {
        self.result = result
        count = Int(PQntuples(result))
    }

    deinit { PQclear(result) }

    var status: ExecStatusType { PQresultStatus(result) }

    /// How many rows a statement that gives none has changed.
    var changed: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    /// The error that it stands for, without values: those may be personal.
    var failure: PostgresFailure {
        PostgresFailure(
            state: field(Self.sqlstate),
            message: field(Int32(UInt8(ascii: "M")))
        )
    }

    /// Under what libpq gives an error's code.
    static let sqlstate = Int32(UInt8(ascii: "C"))

    private func field(_ code: Int32) -> String {
        PQresultErrorField(result, code).map { String(cString: $0) } ?? ""
    }

    subscript(index: Int) -> Row { Row(rows: self, index: Int32(index)) }

    var first: Row? { count > 0 ? self[0] : nil }

    func map<R>(_ body: (Row) throws -> R) rethrows -> [R] {
        try (0..<count).map { try body(self[$0]) }
    }

    func compactMap<R>(_ body: (Row) throws -> R?) rethrows -> [R] {
        try (0..<count).compactMap { try body(self[$0]) }
    }

    fileprivate func value(_ row: Int32, _ column: Int32) -> UnsafeRawBufferPointer? {
        guard PQgetisnull(result, row, column) == 0 else { return nil }
        return UnsafeRawBufferPointer(
            start: PQgetvalue(result, row, column),
            count: Int(PQgetlength(result, row, column))
        )
    }
}

/// One of the rows.
struct Row {
    fileprivate let rows: Rows
    fileprivate let index: Int32

    private func value(_ column: Int) -> UnsafeRawBufferPointer? {
        rows.value(index, Int32(column))
    }

    /// A whole number of any width.
    func int(_ column: Int) -> Int64? {
        guard let bytes = value(column) else { return nil }
        let isNegative = (bytes.first ?? 0) & 0x80 != 0
        return bytes.reduce(isNegative ? -1 : 0) { $0 << 8 | Int64($1) }
    }

    func unsigned(_ column: Int) -> UInt64 { UInt64(bitPattern: int(column) ?? 0) }
    func bool(_ column: Int) -> Bool { value(column)?.first == 1 }
    func optionalBytes(_ column: Int) -> [UInt8]? { value(column).map { Array($0) } }
    func bytes(_ column: Int) -> [UInt8] { optionalBytes(column) ?? [] }
    func optionalText(_ column: Int) -> String? {
        value(column).map { String(decoding: $0, as: UTF8.self) }
    }
    func text(_ column: Int) -> String { optionalText(column) ?? "" }
    func record(_ column: Int) -> RecordID? { value(column).flatMap { RecordID(bytes: $0) } }
    func device(_ column: Int) -> DeviceID? { value(column).flatMap { DeviceID(bytes: $0) } }
}
