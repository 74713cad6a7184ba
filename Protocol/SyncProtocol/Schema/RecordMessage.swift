public import Foundation
public import SwiftProtobuf

/// A message that is a record: what an application captures and reads with typed fields.
public protocol RecordMessage: SwiftProtobuf.Message {
    /// The record type.
    static var recordType: RecordType { get }
}

extension RecordMessage {
    /// The type whose name is the message's.
    public static var recordType: RecordType {
        guard let type = Schema.current.type(named: String(describing: Self.self)) else {
            preconditionFailure("\(Self.self) is not in RecordBody of records.proto")
        }
        return type
    }

    /// The message's fields, in canonical form.
    public var fieldMap: FieldMap {
        guard let map = try? FieldMap(encode(self)).canonical(as: Self.recordType) else {
            preconditionFailure("a message of our own parses")
        }
        return map
    }

    /// A message whose fields the closure sets: `Person { $0.name = "张三" }`.
    public init(_ set: (inout Self) -> Void) {
        self.init()
        set(&self)
    }

    /// The message with these fields; those that it does not know stay with it.
    ///
    /// Throws where a known field is not of its type.
    public init(_ fields: FieldMap) throws(WireError) {
        guard let message = try? Self(serializedBytes: fields.bytes) else { throw .malformed }
        self = message
    }
}

extension Person: RecordMessage {}
extension Dwelling: RecordMessage {}
extension Registration: RecordMessage {}
extension Employment: RecordMessage {}
extension Schooling: RecordMessage {}
extension Visit: RecordMessage {}

extension RecordID {
    /// The id as the value of a reference field.
    public var reference: Data { Data(bytes) }
}
