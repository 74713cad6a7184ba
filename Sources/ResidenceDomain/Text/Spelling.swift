/// What counts as mere spelling: full-width characters, spaces around a value, kinds of dashes.
///
/// Stations type the same value in many ways. Whatever this type evens out is never a defect,
/// and two ledgers that differ in it alone hold the same records.
enum Spelling {
    /// The text without white space at either end.
    static func trimmed(_ text: String) -> String {
        guard let first = text.utf8.first, let last = text.utf8.last else { return text }
        // Nearly every cell begins and ends with a visible character. The bytes that may begin
        // or end a space beyond ASCII are these; everything else is left as it is.
        if !mayBeSpace(first), !mayBeSpace(last) { return text }
        let scalars = text.unicodeScalars
        guard let start = scalars.firstIndex(where: { !isSpace($0) }),
            let end = scalars.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(scalars[start...end])
    }

    /// The text in half-width ASCII where it has any: `Ｈ０１` is `H01`, and every dash is `-`.
    static func halfWidth(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
        return mapped(text) { ascii(of: $0) }
    }

    /// Half-width text without any space or dash, in upper case.
    static func compact(_ text: String) -> String {
        if text.utf8.allSatisfy({ isDigit($0) || isUpper($0) }) { return text }
        return mapped(text) { scalar in
            let plain = ascii(of: scalar)
            if plain == "-" || isSpace(plain) { return nil }
            guard isLower(plain) else { return plain }
            return Unicode.Scalar(UInt8(plain.value) - 0x20)
        }
    }

    /// A line of free text: trimmed, letters and digits half-width, punctuation left alone.
    static func line(_ text: String) -> String {
        let text = trimmed(text)
        // All full-width forms begin with this byte, and hardly any other character does.
        guard text.utf8.contains(0xEF) else { return text }
        return mapped(text) { isWideLetterOrDigit($0) ? ascii(of: $0) : $0 }
    }

    /// A person's name: one middle dot, no padding between Han characters, single spaces else.
    ///
    /// Ledgers pad two-character names to the width of three (张　三); names of several parts
    /// are joined by whichever dot the keyboard offered.
    static func personName(_ text: String) -> String {
        let text = line(text)
        guard text.utf8.contains(where: mayBeginSpaceOrDot) else { return text }
        var result = String.UnicodeScalarView()
        var pendingSpace = false
        for scalar in text.unicodeScalars {
            if isSpace(scalar) {
                pendingSpace = true
                continue
            }
            if pendingSpace, let last = result.last, isLatin(last), isLatin(scalar) {
                result.append(" ")
            }
            pendingSpace = false
            // The dot of `J. Smith` is an abbreviation, not a divider.
            let divides =
                dots.contains(scalar) && !(scalar == "." && result.last.map(isLatin) == true)
            result.append(divides ? "·" : scalar)
        }
        return String(result)
    }

    /// Whether the text holds ASCII digits and nothing else.
    static func isDigits(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isDigit)
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    static func isUpper(_ byte: UInt8) -> Bool { byte &- 0x41 < 26 }

    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x20, 0xA0, 0x1680, 0x2000...0x200D, 0x202F, 0x2060, 0x3000, 0xFEFF: true
        default: false
        }
    }

    private static let dots: Set<Unicode.Scalar> = ["•", "‧", "・", "･", "●", "∙", "⋅", "．", "."]

    private static func mayBeSpace(_ byte: UInt8) -> Bool {
        byte <= 0x20 || (byte >= 0x80 && byte <= 0x8D) || byte == 0xA0 || byte == 0xAF
            || byte == 0xBF || byte == 0xC2 || byte == 0xE1 || byte == 0xE2 || byte == 0xE3
            || byte == 0xEF
    }

    private static func mayBeginSpaceOrDot(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, UInt8(ascii: "."), 0xC2, 0xE1, 0xE2, 0xE3, 0xEF: true
        default: false
        }
    }

    private static func isLower(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value &- 0x61 < 26
    }

    private static func isLatin(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x250
    }

    private static func isWideLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0xFF10...0xFF19, 0xFF21...0xFF3A, 0xFF41...0xFF5A: true
        default: false
        }
    }

    private static func ascii(of scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0xFF01...0xFF5E: Unicode.Scalar(UInt8(scalar.value - 0xFEE0))
        case 0x2010...0x2015, 0x2212, 0xFE63: "-"
        case 0x80... where isSpace(scalar): " "
        default: scalar
        }
    }

    private static func mapped(
        _ text: String,
        _ transform: (Unicode.Scalar) -> Unicode.Scalar?
    ) -> String {
        var result = String.UnicodeScalarView()
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            if let scalar = transform(scalar) { result.append(scalar) }
        }
        return String(result)
    }
}
