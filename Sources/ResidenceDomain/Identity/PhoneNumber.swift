/// Telephone numbers 联系电话, in the one spelling in which equal numbers are equal texts.
public enum PhoneNumber {
    /// The normalized number, or nil when the text is not a telephone number.
    ///
    /// A mobile number becomes its eleven digits, `13800138000`; a landline its area code and
    /// number, `0580-2036789`, with its extension if it has one, `0580-2036789-801`. The
    /// country code of China is left out, that of another country is kept: `+85291234567`.
    public static func normalized(_ text: String) -> String? {
        if isMobile(text.utf8) { return text }
        var text = Substring(Spelling.halfWidth(Spelling.trimmed(text)))
        text.removeAll { $0 == " " || $0 == "(" || $0 == ")" }
        let isInternational = text.hasPrefix("+") || text.hasPrefix("00")
        if isInternational {
            text = text.dropFirst(text.hasPrefix("+") ? 1 : 2)
            guard text.hasPrefix("86") else { return foreign(text) }
        }
        if isInternational || (text.hasPrefix("86") && text.utf8.count > 12) {
            text = text.dropFirst(2)
            while text.first == "-" { text.removeFirst() }
        }
        return mobile(text) ?? landline(text, hasLostZero: isInternational)
    }

    /// The normalized numbers of a cell that holds one, several or none.
    ///
    /// Numbers are divided by 、 / , ; or spaces; a number may have spaces inside, too. Each
    /// comes once, in the cell's order.
    ///
    /// - Returns: Nil when some part of the cell is not a telephone number.
    public static func list(_ text: String) -> [String]? {
        if isMobile(text.utf8) { return [text] }
        let text = Spelling.halfWidth(text)
        var numbers: [String] = []
        for part in text.split(whereSeparator: { dividers.contains($0) || $0.isNewline }) {
            let words = part.split(whereSeparator: \.isWhitespace)
            guard let found = numbersDividedBySpaces(words) else { return nil }
            for number in found where !numbers.contains(number) { numbers.append(number) }
        }
        return numbers
    }

    private static let dividers: Set<Character> = ["、", "/", ",", ";", "，", "；", "|", "\\", "。"]

    private static func numbersDividedBySpaces(_ words: [Substring]) -> [String]? {
        if words.isEmpty { return [] }
        if let number = normalized(words.joined()) { return [number] }
        // Each number takes as few words as make one: `138 0013 8000 0580 2036789` is two.
        var numbers: [String] = []
        var pending = ""
        for word in words {
            pending += word
            guard let number = normalized(pending) else { continue }
            numbers.append(number)
            pending = ""
        }
        return pending.isEmpty ? numbers : nil
    }

    private static func mobile(_ text: Substring) -> String? {
        let digits = text.filter { $0 != "-" }
        return isMobile(digits.utf8) ? digits : nil
    }

    private static func isMobile(_ digits: String.UTF8View) -> Bool {
        guard digits.count == 11, digits.first == UInt8(ascii: "1"),
            digits.allSatisfy(Spelling.isDigit), let second = digits.dropFirst().first
        else { return false }
        return second >= UInt8(ascii: "3")
    }

    private static func landline(_ text: Substring, hasLostZero: Bool) -> String? {
        var groups = text.split(whereSeparator: { "-转#xX".contains($0) }).map(String.init)
        guard let first = groups.first, groups.allSatisfy(Spelling.isDigits) else { return nil }
        if hasLostZero, !first.hasPrefix("0") { groups[0] = "0" + first }
        // The extension is tried first: seven digits and an extension of one would otherwise
        // pass for a number of eight.
        if let number = landline(groups.dropLast().joined()), let line = groups.last {
            return line.utf8.count <= 6 ? "\(number)-\(line)" : nil
        }
        return landline(groups.joined())
    }

    /// 010 and 02X are followed by eight digits, the other area codes have four digits of their
    /// own and are followed by seven or eight.
    private static func landline(_ digits: String) -> String? {
        guard digits.hasPrefix("0") else { return nil }
        let isShort = digits.hasPrefix("010") || digits.hasPrefix("02")
        let number = digits.dropFirst(isShort ? 3 : 4)
        guard number.utf8.count == 8 || (!isShort && number.utf8.count == 7),
            let first = number.utf8.first, first >= UInt8(ascii: "2"),
            !digits.hasPrefix("00")
        else { return nil }
        return "\(digits.dropLast(number.count))-\(number)"
    }

    private static func foreign(_ text: Substring) -> String? {
        let digits = text.filter { $0 != "-" }
        guard (7...15).contains(digits.utf8.count), Spelling.isDigits(digits),
            !digits.hasPrefix("0")
        else { return nil }
        return "+\(digits)"
    }
}
