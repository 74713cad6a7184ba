/// What went wrong, for a program (a stable code), for a person (a sentence), and what to do (a hint).
///
/// Neither sentence nor hint ever contains an identity number, a phone or a name of a person.
public struct SyncError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A stable name for one kind of error: `snake_case`, never translated.
    public struct Code: RawRepresentable, Hashable, Codable, Sendable, ExpressibleByStringLiteral {
        /// The name.
        public let rawValue: String
        /// A code by its name.
        public init(rawValue: String) { self.rawValue = rawValue }
        /// A code by its name.
        public init(stringLiteral name: String) { rawValue = name }
    }

    /// Which kind of error.
    public var code: Code
    /// What happened, as a sentence.
    public var message: String
    /// What to do about it.
    public var hint: String
    /// The field, row, parameter or file concerned.
    public var subject: String?

    /// An error.
    public init(_ code: Code, _ message: String, hint: String, subject: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.subject = subject
    }

    /// Code, sentence and hint on one line.
    public var description: String { "\(code.rawValue): \(message). \(hint)" }
}
