internal import Hummingbird
internal import SyncProtocol

extension Request {
    /// A parameter of the query; `nil` where it is not there.
    ///
    /// Throws `parameter_invalid` where the parser does not understand it.
    func parameter<Value>(
        _ name: String,
        _ parser: (Substring) -> Value?
    ) throws -> Value? {
        guard let text = uri.queryParameters[name[...]] else { return nil }
        guard let value = parser(text) else { throw SyncError.parameterInvalid(name) }
        return value
    }

    /// How many rows the caller wants at most; a service gives no more than its own limit allows.
    func limit() throws -> Int {
        try parameter("limit") { UInt64($0).map { Int(clamping: $0) } } ?? 100
    }

    /// The record type that the caller names, in Chinese or English; `nil` where none is named.
    func recordType() throws -> RecordType? {
        try parameter("type") { Schema.current.type(named: $0) }
    }

    /// The area that the caller names; `nil` where none is named.
    func area() throws -> AreaCode? {
        try parameter("area") { AreaCode($0) }
    }
}

extension SyncRequestContext {
    /// The record that the path names.
    func recordID() throws -> RecordID { try id { RecordID($0) } }

    /// The number that the path names: a conflict's, or that of a returned change.
    func number() throws -> UInt64 { try id { UInt64($0) } }

    private func id<Value>(_ parser: (String) -> Value?) throws -> Value {
        guard let value = parser(try parameters.require("id")) else {
            throw SyncError.parameterInvalid("id")
        }
        return value
    }
}

extension SyncError {
    static func parameterInvalid(_ name: String) -> SyncError {
        SyncError(
            "parameter_invalid",
            "The parameter \(name) is not understood",
            hint: hints[name] ?? "Protocol/openapi.yaml says what it may be.",
            subject: name
        )
    }

    private static let hints = [
        "type": "A record type: person, dwelling, registration, employment, schooling, visit.",
        "area": "An area: 2, 4, 6, 9 or 12 digits.",
        "id": "A record's UUID, or the number of a conflict or of a returned change.",
        "after": "What the page before gave as `next`.",
        "limit": "A number of rows.",
        "field": "A field's name, in Chinese or English: 姓名, name.",
        "device": "A device: 32 hexadecimal digits.",
        "settled": "true or false.",
        "at": "A revision's number, or an instant as RFC 3339 in UTC: 2026-11-23T20:15:50Z.",
    ]
}
