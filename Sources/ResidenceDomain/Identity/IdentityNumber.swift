/// A resident identity number 居民身份证号, as GB 11643 defines it.
///
/// Its eighteen characters are the county of first registration (six digits), the birth date
/// (eight), a serial number (three, odd for men and even for women) and a check character.
/// A value of this type has passed all that the number itself can prove. The county is not
/// looked up: counties are abolished, and the numbers that carry them stay valid for life.
public struct IdentityNumber: Hashable, Sendable {
    /// What is wrong with a text that is not an identity number.
    ///
    /// The raw values are the defect codes of a ledger.
    public enum Flaw: String, Error, CaseIterable, Sendable {
        /// The text does not have eighteen characters.
        case length = "id_length"
        /// The text is one of the fifteen-digit numbers that ended with the year 2012.
        case obsolete15Digits = "id_obsolete_15_digits"
        /// The eight digits of the birth date name no day.
        case birthDate = "id_birth_date"
        /// The check character does not fit the other seventeen, or one of these is no digit.
        case checksum = "id_checksum"
    }

    /// The eighteen characters, in half-width digits and a capital X.
    public let text: String
    /// The day of birth that the number carries.
    public let birthDate: CalendarDate

    /// Reads an identity number, whatever its spelling.
    ///
    /// Full-width digits, spaces, hyphens, a lower-case x and the Roman numeral Ⅹ are spelling.
    /// Where several things are wrong, the birth date is named before the check character: a
    /// slip in the date spoils both, and the date tells where to look.
    public init(_ text: String) throws(Flaw) {
        let text = Self.normalized(text)
        let bytes = Array(text.utf8)
        if bytes.count == 15, bytes.allSatisfy(Spelling.isDigit) { throw .obsolete15Digits }
        guard text.unicodeScalars.count == 18 else { throw .length }
        guard bytes.count == 18, bytes.dropLast().allSatisfy(Spelling.isDigit) else {
            throw .checksum
        }
        let date = bytes[6..<14].reduce(Int32(0)) { $0 * 10 + Int32($1 - 0x30) }
        guard let birthDate = CalendarDate(rawValue: date) else { throw .birthDate }
        guard Self.checkByte(bytes) == bytes[17] else { throw .checksum }
        self.text = text
        self.birthDate = birthDate
    }

    /// The sex that the seventeenth digit tells.
    public var sex: Sex {
        let digit = text.utf8.dropLast().last ?? 0
        return digit % 2 == 1 ? .male : .female
    }

    /// The six-digit code of the county where the number was given, abolished or not.
    public var countyCode: String { String(text.prefix(6)) }

    /// The check character that completes the first seventeen digits of a number.
    ///
    /// - Returns: A digit or `X`, or nil when the text does not begin with seventeen digits.
    public static func checkCharacter(of digits: String) -> Character? {
        let bytes = Array(digits.utf8.prefix(17))
        guard bytes.count == 17, bytes.allSatisfy(Spelling.isDigit) else { return nil }
        return Character(Unicode.Scalar(checkByte(bytes)))
    }

    /// The spelling in which two texts of the same number are equal.
    static func normalized(_ text: String) -> String {
        let compact = Spelling.compact(text)
        guard let last = compact.unicodeScalars.last, lookalikesOfX.contains(last) else {
            return compact
        }
        return compact.dropLast() + "X"
    }

    // > GB 11643: S = Σ a(i) × W(i), the check character stands for (12 − S mod 11) mod 11.
    private static let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    private static let checkBytes = Array("10X98765432".utf8)
    private static let lookalikesOfX: Set<Unicode.Scalar> = ["Ⅹ", "ⅹ", "×", "Х", "х"]

    private static func checkByte(_ bytes: [UInt8]) -> UInt8 {
        let sum = zip(bytes, weights).reduce(0) { $0 + Int($1.0 - 0x30) * $1.1 }
        return checkBytes[sum % 11]
    }
}

extension IdentityNumber: CustomStringConvertible {
    /// A placeholder: identity numbers never appear in logs or error texts.
    public var description: String { "(identity number)" }
}
