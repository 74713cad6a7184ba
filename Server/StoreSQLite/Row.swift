internal import Foundation
internal import GRDB
internal import GRDBSQLite

/// A row as SQLite gave it.
///
/// GRDB's own knows the names of its columns and more, which costs as much as the reading: these are asked
/// for by number, and a push reads hundreds of them.
struct Row {
    enum Value {
        case null
        case integer(Int64)
        case real(Double)
        case text(String)
        case blob([UInt8])
    }

    let values: [Value]

    init(_ statement: SQLiteStatement) {
        values = (0..<sqlite3_column_count(statement)).map { index in
            switch sqlite3_column_type(statement, index) {
            case SQLITE_INTEGER: .integer(sqlite3_column_int64(statement, index))
            case SQLITE_FLOAT: .real(sqlite3_column_double(statement, index))
            case SQLITE_TEXT:
                .text(String(decoding: Self.bytes(statement, index), as: UTF8.self))
            case SQLITE_BLOB: .blob(Array(Self.bytes(statement, index)))
            default: .null
            }
        }
    }

    private static func bytes(
        _ statement: SQLiteStatement,
        _ index: Int32
    ) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(statement, index)
        return UnsafeRawBufferPointer(
            start: start,
            count: start == nil ? 0 : Int(sqlite3_column_bytes(statement, index))
        )
    }

    /// A column that may be empty.
    subscript<Content: ColumnContent>(index: Int) -> Content? { Content(values[index]) }

    /// A column of which the schema says that it is never empty.
    subscript<Content: ColumnContent>(index: Int) -> Content {
        guard let content = Content(values[index]) else {
            preconditionFailure("column \(index) is not what the schema says")
        }
        return content
    }

    /// A column's bytes; none where it is empty.
    func bytes(_ index: Int) -> [UInt8] {
        if case .blob(let bytes) = values[index] { bytes } else { [] }
    }

    /// A column's number; 0 where it is empty.
    func unsigned(_ index: Int) -> UInt64 {
        if case .integer(let number) = values[index] { UInt64(bitPattern: number) } else { 0 }
    }
}

/// What can stand in a column.
protocol ColumnContent {
    /// The content of a column; `nil` where it is another.
    init?(_ value: Row.Value)
    /// Hands itself to a statement, which keeps a copy.
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32
}

/// What a statement's question marks stand for.
struct StatementArguments: ExpressibleByArrayLiteral {
    let values: [(any ColumnContent)?]

    init(arrayLiteral elements: (any ColumnContent)?...) { values = elements }

    func bind(to statement: SQLiteStatement) -> Int32 {
        for (index, value) in values.enumerated() {
            let place = Int32(index + 1)
            let code =
                value?.bind(to: statement, at: place) ?? sqlite3_bind_null(statement, place)
            guard code == SQLITE_OK else { return code }
        }
        return SQLITE_OK
    }
}

/// SQLite's word for bytes that it has to copy.
private var transient: sqlite3_destructor_type {
    unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}

extension ColumnContent where Self: FixedWidthInteger {
    init?(_ value: Row.Value) {
        guard case .integer(let number) = value else { return nil }
        self.init(exactly: number)
    }

    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, Int64(self))
    }
}

extension Int: ColumnContent {}
extension Int64: ColumnContent {}
extension UInt32: ColumnContent {}

extension Bool: ColumnContent {
    init?(_ value: Row.Value) {
        guard case .integer(let number) = value else { return nil }
        self = number != 0
    }

    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, self ? 1 : 0)
    }
}

extension String: ColumnContent {
    init?(_ value: Row.Value) {
        guard case .text(let text) = value else { return nil }
        self = text
    }

    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        var text = self
        return text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                // No text at all has no address, and would be NULL.
                guard let start = characters.baseAddress else {
                    return sqlite3_bind_text(statement, index, "", 0, transient)
                }
                return sqlite3_bind_text(
                    statement,
                    index,
                    start,
                    Int32(characters.count),
                    transient
                )
            }
        }
    }
}

extension Array: ColumnContent where Element == UInt8 {
    init?(_ value: Row.Value) {
        guard case .blob(let bytes) = value else { return nil }
        self = bytes
    }

    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        guard !isEmpty else { return sqlite3_bind_zeroblob(statement, index, 0) }
        return withUnsafeBytes {
            sqlite3_bind_blob(statement, index, $0.baseAddress, Int32($0.count), transient)
        }
    }
}

extension Data: ColumnContent {
    init?(_ value: Row.Value) {
        guard case .blob(let bytes) = value else { return nil }
        self.init(bytes)
    }

    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        guard !isEmpty else { return sqlite3_bind_zeroblob(statement, index, 0) }
        return withUnsafeBytes {
            sqlite3_bind_blob(statement, index, $0.baseAddress, Int32($0.count), transient)
        }
    }
}

extension UInt64 {
    /// SQLite has signed integers only; epochs, revisions and positions stay far below the sign.
    var signed: Int64 { Int64(bitPattern: self) }
}
