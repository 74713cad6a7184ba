/// A day of the Gregorian calendar, without a time and without a time zone.
///
/// It is stored as the number that ISO 8601's basic form spells, so 12 April 2026 is
/// `20260412`: small, in order, and readable in a database. Only real days from 1900 to 2100
/// exist.
public struct CalendarDate: RawRepresentable, Hashable, Comparable, Sendable {
    /// The date in ISO basic form, as a number: `20260412`.
    public let rawValue: Int32

    /// The first day that can be represented, 1 January 1900.
    public static let earliest = CalendarDate(unchecked: 1900_01_01)
    /// The last day that can be represented, 31 December 2100.
    public static let latest = CalendarDate(unchecked: 2100_12_31)

    /// Creates the day of a year, month and day, if there is such a day.
    public init?(year: Int, month: Int, day: Int) {
        guard (1900...2100).contains(year), (1...12).contains(month), day >= 1,
            day <= Self.days(inMonth: month, of: year)
        else { return nil }
        self.init(unchecked: Int32(year * 10_000 + month * 100 + day))
    }

    /// Creates the day that a number spells in ISO basic form, if there is such a day.
    public init?(rawValue: Int32) {
        guard rawValue > 0 else { return nil }
        let number = Int(rawValue)
        self.init(year: number / 10_000, month: number / 100 % 100, day: number % 100)
    }

    /// Creates the day that lies a number of days after 1 January 1970, if it is in range.
    public init?(daysSince1970 days: Int) {
        guard (Self.earliest.daysSince1970...Self.latest.daysSince1970).contains(days) else {
            return nil
        }
        // The proleptic Gregorian calendar in eras of 400 years that begin on 1 March.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        self.init(
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
            month: month,
            day: dayOfYear - (153 * marchMonth + 2) / 5 + 1
        )
    }

    private init(unchecked rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// The year, from 1900 to 2100.
    public var year: Int { Int(rawValue) / 10_000 }
    /// The month, from 1 to 12.
    public var month: Int { Int(rawValue) / 100 % 100 }
    /// The day of the month, from 1 to 31.
    public var day: Int { Int(rawValue) % 100 }

    /// How many days after 1 January 1970 the day lies; negative before.
    public var daysSince1970: Int {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    /// How many days after this one another day lies; negative when it lies before.
    public func days(until other: CalendarDate) -> Int {
        other.daysSince1970 - daysSince1970
    }

    /// The day a number of days after this one, or before it when the number is negative.
    ///
    /// A sum beyond the calendar's range is the range's last or first day.
    public func adding(days: Int) -> CalendarDate {
        let (sum, overflow) = daysSince1970.addingReportingOverflow(days)
        if !overflow, let date = CalendarDate(daysSince1970: sum) { return date }
        return days < 0 ? .earliest : .latest
    }

    /// Whether the first day is earlier than the second.
    public static func < (first: CalendarDate, second: CalendarDate) -> Bool {
        first.rawValue < second.rawValue
    }

    private static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension CalendarDate: CustomStringConvertible {
    /// The date in ISO extended form, `2026-04-12`.
    public var description: String {
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(padded(month))-\(padded(day))"
    }
}
