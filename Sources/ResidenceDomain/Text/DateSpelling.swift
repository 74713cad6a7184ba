extension CalendarDate {
    /// The day that a cell of a ledger spells, or nil when it spells none.
    ///
    /// Accepted are `2026-04-12`, `2026/4/5`, `2026.4.5`, `20260405` and `2026年4月5日`, in
    /// half-width or full-width characters, with spaces around. A time of day after the date,
    /// which spreadsheets like to add, is not read.
    public static func parse(_ text: String) -> CalendarDate? {
        if let date = plain(text.utf8) { return date }
        var spelling = DateSpelling()
        for scalar in Spelling.halfWidth(Spelling.trimmed(text)).unicodeScalars {
            guard spelling.take(scalar) else { return nil }
        }
        return spelling.date
    }

    /// The day that `2026-04-12` spells, which most cells do, without taking it to pieces.
    private static func plain(_ text: String.UTF8View) -> CalendarDate? {
        guard text.count == 10 else { return nil }
        var number: Int32 = 0
        for (place, byte) in text.enumerated() {
            if place == 4 || place == 7 {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                guard Spelling.isDigit(byte) else { return nil }
                number = number * 10 + Int32(byte - 0x30)
            }
        }
        return CalendarDate(rawValue: number)
    }
}

/// The numbers of a date and the marks that follow them, taken from left to right.
private struct DateSpelling {
    private var numbers: [Number] = []
    private var marks: [Unicode.Scalar] = []
    private var isInNumber = false
    private var isInTime = false
    private var hasTimeMark = false

    private struct Number {
        var value: Int
        var digits: Int
    }

    /// Takes the next character; false when no date can have it there.
    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        if isInTime { return take(time: scalar) }
        if let digit = digit(scalar) {
            guard isWhole, !isInNumber else { return take(digit: digit) }
            isInTime = true
            return true
        }
        isInNumber = false
        guard scalar != " " else { return true }
        if isWhole, scalar == "T" {
            isInTime = true
            return true
        }
        marks.append(scalar)
        return marks.count == numbers.count
    }

    var date: CalendarDate? {
        guard let year = numbers.first, isInTime == hasTimeMark else { return nil }
        if year.digits == 8 { return CalendarDate(rawValue: Int32(year.value)) }
        guard isWhole, year.digits == 4, numbers[1].digits <= 2, numbers[2].digits <= 2 else {
            return nil
        }
        switch marks {
        case ["-", "-"], ["/", "/"], [".", "."]: break
        case ["年", "月"], ["年", "月", "日"], ["年", "月", "号"]: break
        default: return nil
        }
        return CalendarDate(year: year.value, month: numbers[1].value, day: numbers[2].value)
    }

    /// Whether a year, a month and a day have been taken.
    private var isWhole: Bool {
        numbers.count == 3 || (marks.isEmpty && numbers.first?.digits == 8)
    }

    private mutating func take(time scalar: Unicode.Scalar) -> Bool {
        if scalar == ":" { hasTimeMark = true }
        return scalar == ":" || scalar == " " || digit(scalar) != nil
    }

    private mutating func take(digit: Int) -> Bool {
        if isInNumber, let last = numbers.indices.last {
            numbers[last].value = numbers[last].value * 10 + digit
            numbers[last].digits += 1
            return numbers[last].digits <= 8
        }
        isInNumber = true
        numbers.append(Number(value: digit, digits: 1))
        return numbers.count <= 3 && marks.count == numbers.count - 1
    }

    private func digit(_ scalar: Unicode.Scalar) -> Int? {
        ("0"..."9").contains(scalar) ? Int(scalar.value) - 0x30 : nil
    }
}
