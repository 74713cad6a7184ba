public import Foundation
internal import GRDBSQLite

/// What can stand in a column.
public protocol ColumnContent {
    /// The content of a column; `nil` where it is another.
    init?(_ value: Row.Value)
    /// Hands itself to a statement, which keeps a copy.
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32
}

/// What a statement's question marks stand for.
public struct StatementArguments: ExpressibleByArrayLiteral {
    let values: [(any ColumnContent)?]

    /// What stands for each question mark; `nil` for NULL.
    public init(arrayLiteral elements: (any ColumnContent)?...) { values = elements }

    /// The same, of a list that is not written out.
    public init(_ values: [any ColumnContent]) { self.values = values }

    private init(all values: [(any ColumnContent)?]) { self.values = values }

    /// Some arguments, and more.
    public static func + (first: Self, second: Self) -> Self {
        Self(all: first.values + second.values)
    }

    func bind(to statement: OpaquePointer) -> Int32 {
        // A statement's bindings have been cleared: what is not bound is NULL.
        for index in values.indices {
            guard let code = values[index]?.bind(to: statement, at: Int32(index + 1)) else {
                continue
            }
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
    /// The content of a column; `nil` where it is another.
    public init?(_ value: Row.Value) {
        guard case .integer(let number) = value else { return nil }
        self.init(exactly: number)
    }

    /// Hands itself to a statement, which keeps a copy.
    public func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, Int64(self))
    }
}

extension Int: ColumnContent {}
extension Int64: ColumnContent {}
extension UInt32: ColumnContent {}

extension Bool: ColumnContent {
    /// The content of a column; `nil` where it is another.
    public init?(_ value: Row.Value) {
        guard case .integer(let number) = value else { return nil }
        self = number != 0
    }

    /// Hands itself to a statement, which keeps a copy.
    public func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, self ? 1 : 0)
    }
}

extension String: ColumnContent {
    /// The content of a column; `nil` where it is another.
    public init?(_ value: Row.Value) {
        guard case .text(let text) = value else { return nil }
        self = text
    }

    /// Hands itself to a statement, which keeps a copy.
    public func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
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
    /// The content of a column; `nil` where it is another.
    public init?(_ value: Row.Value) {
        guard case .blob(let bytes) = value else { return nil }
        self = bytes
    }

    /// Hands itself to a statement, which keeps a copy.
    public func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        guard !isEmpty else { return sqlite3_bind_zeroblob(statement, index, 0) }
        return withUnsafeBytes {
            sqlite3_bind_blob(statement, index, $0.baseAddress, Int32($0.count), transient)
        }
    }
}

extension Row.Value: ColumnContent {
    /// The same.
    public init?(_ value: Row.Value) { self = value }

    /// Hands itself to a statement, which keeps a copy.
    public func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        switch self {
        case .null: sqlite3_bind_null(statement, index)
        case .integer(let number): sqlite3_bind_int64(statement, index, number)
        case .real(let number): sqlite3_bind_double(statement, index, number)
        case .text(let text): text.bind(to: statement, at: index)
        case .blob(let bytes): bytes.bind(to: statement, at: index)
        }
    }
}

extension Data: ColumnContent {
    /// The content of a column; `nil` where it is another.
    public init?(_ value: Row.Value) {
        guard case .blob(let bytes) = value else { return nil }
        self.init(bytes)
    }

    /// Hands itself to a statement, which keeps a copy.
    public func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        guard !isEmpty else { return sqlite3_bind_zeroblob(statement, index, 0) }
        return withUnsafeBytes {
            sqlite3_bind_blob(statement, index, $0.baseAddress, Int32($0.count), transient)
        }
    }
}
