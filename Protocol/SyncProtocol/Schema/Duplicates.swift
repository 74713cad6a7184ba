/// Two records that may be one and the same: proposed to a person, never merged by themselves.
public struct DuplicatePair: Hashable, Sendable {
    /// Why the two may be the same.
    public enum Reason: String, Hashable, Codable, CaseIterable, Sendable {
        /// The document numbers are equal or one character apart, or two of their characters are
        /// exchanged.
        case documentNumber = "document_number"
        /// The same name and the same birth date.
        case nameAndBirthDate = "name_and_birth_date"
        /// The same phone.
        case phone
    }

    /// The record with the smaller id.
    public var first: RecordID
    /// The other one.
    public var second: RecordID
    /// Why.
    public var reasons: Set<Reason>

    /// A pair, in either order.
    public init(_ one: RecordID, _ other: RecordID, reasons: Set<Reason>) {
        first = min(one, other)
        second = max(one, other)
        self.reasons = reasons
    }

    /// How likely the two are the same: the larger, the likelier.
    public var score: Int {
        reasons.reduce(0) { sum, reason in
            switch reason {
            case .documentNumber: sum + 4
            case .nameAndBirthDate: sum + 2
            case .phone: sum + 1
            }
        }
    }
}

/// Collects records one by one and then names the pairs that may be the same.
public protocol DuplicateFinder {
    /// Takes a record in.
    mutating func add(_ id: RecordID, _ fields: FieldMap)

    /// The pairs, the likeliest first, then by ids; at most `limit` of them.
    func pairs(limit: Int) -> [DuplicatePair]
}
