internal import GRDBSQLite

/// A row as SQLite gave it.
///
/// GRDB's own knows the names of its columns and more, which costs as much as the reading: these are asked
/// for by number, and a push reads hundreds of them.
public struct Row: Sendable {
    /// What stands in a column.
    public enum Value: Hashable, Sendable {
        /// Nothing.
        case null
        /// A whole number.
        case integer(Int64)
        /// A number that need not be whole.
        case real(Double)
        /// Text, UTF-8.
        case text(String)
        /// Bytes.
        case blob([UInt8])
    }

    /// The columns, in the order of the statement.
    public let values: [Value]

    /// The row on which a statement stands.
    init(_ statement: OpaquePointer) {
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
        _ statement: OpaquePointer,
        _ index: Int32
    ) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(statement, index)
        return UnsafeRawBufferPointer(
            start: start,
            count: start == nil ? 0 : Int(sqlite3_column_bytes(statement, index))
        )
    }

    /// A column that may be empty.
    public subscript<Content: ColumnContent>(index: Int) -> Content? { Content(values[index]) }

    /// A column of which the schema says that it is never empty.
    public subscript<Content: ColumnContent>(index: Int) -> Content {
        guard let content = Content(values[index]) else {
            preconditionFailure("column \(index) is not what the schema says")
        }
        return content
    }

    /// A column's bytes; none where it is empty.
    public func bytes(_ index: Int) -> [UInt8] {
        if case .blob(let bytes) = values[index] { bytes } else { [] }
    }

    /// A column's number; 0 where it is empty.
    public func unsigned(_ index: Int) -> UInt64 {
        if case .integer(let number) = values[index] { UInt64(bitPattern: number) } else { 0 }
    }
}
