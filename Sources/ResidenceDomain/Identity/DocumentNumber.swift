/// The shapes of document numbers 证件号码, one for each kind of document.
///
/// A person's identity is the kind of document and its normalized number: two stations that
/// register the same person must come to the same text, however either of them typed it.
public enum DocumentNumber {
    /// What is wrong with a text that is not a number of its kind.
    public enum Flaw: Error, Hashable, Sendable {
        /// The text is not a resident identity number, for this reason.
        case residentID(IdentityNumber.Flaw)
        /// The text does not have the shape of the other kind's numbers.
        case invalid

        /// The defect code of a ledger: `document_invalid`, or the identity number's own.
        public var code: String {
            switch self {
            case .residentID(let flaw): flaw.rawValue
            case .invalid: "document_invalid"
            }
        }
    }

    /// The one spelling of a document's number, in half-width capitals without spaces.
    ///
    /// Both travel permits carry a number for life, which old booklets print followed by a count
    /// of renewals and the issuing office; only the number for life is kept, since it is the
    /// person's.
    public static func normalized(
        _ text: String,
        kind: DocumentKind
    ) throws(Flaw) -> String {
        let compact = Spelling.compact(text)
        switch kind {
        case .residentID: return try residentID(text)
        case .passport: return try passport(compact)
        case .hongKongMacauPermit: return try hongKongMacauPermit(compact)
        case .taiwanPermit: return try taiwanPermit(compact)
        case .foreignPermanentResident: return try foreignPermanentResident(compact)
        case .other: return try other(compact)
        }
    }

    private static func residentID(_ text: String) throws(Flaw) -> String {
        do { return try IdentityNumber(text).text } catch { throw .residentID(error) }
    }

    /// Nine characters in machine-readable zones, up to fifteen in the older booklets of some
    /// countries; always with a digit.
    private static func passport(_ text: String) throws(Flaw) -> String {
        guard (5...15).contains(text.utf8.count), isLettersAndDigits(text),
            text.utf8.contains(where: Spelling.isDigit)
        else { throw .invalid }
        return text
    }

    /// H for Hong Kong or M for Macau, and eight digits for life; old booklets add two.
    private static func hongKongMacauPermit(_ text: String) throws(Flaw) -> String {
        let digits = text.dropFirst()
        guard text.first == "H" || text.first == "M", Spelling.isDigits(digits),
            digits.utf8.count == 8 || digits.utf8.count == 10
        else { throw .invalid }
        return String(text.prefix(9))
    }

    /// Eight digits for life; old booklets add two, and the issuing office in brackets.
    private static func taiwanPermit(_ text: String) throws(Flaw) -> String {
        if Spelling.isDigits(text), text.utf8.count == 8 { return text }
        let digits = text.prefix(while: { $0.isASCII && $0.isNumber })
        let office = text.dropFirst(10).filter { $0 != "(" && $0 != ")" }
        guard digits.utf8.count >= 10, office.utf8.count <= 1, isLettersAndDigits(office) else {
            throw .invalid
        }
        return String(text.prefix(8))
    }

    /// Three letters and twelve digits, or since December 2023 eighteen characters that begin
    /// with 9 and are otherwise built like a resident identity number.
    private static func foreignPermanentResident(_ text: String) throws(Flaw) -> String {
        if text.first == "9", let number = try? IdentityNumber(text) { return number.text }
        let letters = text.utf8.prefix(3)
        guard text.utf8.count == 15, letters.allSatisfy(Spelling.isUpper),
            Spelling.isDigits(text.dropFirst(3))
        else { throw .invalid }
        return text
    }

    private static func other(_ text: String) throws(Flaw) -> String {
        guard (4...40).contains(text.utf8.count), text.utf8.contains(where: Spelling.isDigit)
        else { throw .invalid }
        return text
    }

    private static func isLettersAndDigits(_ text: String) -> Bool {
        text.utf8.allSatisfy { Spelling.isDigit($0) || Spelling.isUpper($0) }
    }
}
