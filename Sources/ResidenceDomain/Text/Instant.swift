/// Moments as people write them here: a day and a time in Asia/Shanghai, which is UTC+8 all year.
public enum Instant {
    private static let millisecondsPerDay: Int64 = 86_400_000
    private static let offset: Int64 = 8 * 3_600_000

    /// The moment that a text such as `2026-04-12 14:30` names, in milliseconds since 1970; a day
    /// without a time is its beginning.
    public static func parse(_ text: String) -> Int64? {
        let parts = text.split(maxSplits: 1) { $0 == " " || $0 == "T" }
        guard let day = parts.first.flatMap({ CalendarDate.parse(String($0)) }) else { return nil }
        let clock =
            parts.dropFirst().first.map { $0.split(separator: ":").map { Int64($0) } } ?? [0, 0]
        guard (2...3).contains(clock.count), let hours = clock[0], let minutes = clock[1],
            (0..<24).contains(hours), (0..<60).contains(minutes)
        else { return nil }
        return Int64(day.daysSince1970) * millisecondsPerDay + hours * 3_600_000
            + minutes * 60_000 - offset
    }

    /// A moment as text: `2026-04-12 14:30`.
    public static func text(_ milliseconds: Int64) -> String {
        let local = milliseconds + offset
        let days = local >= 0 ? local / millisecondsPerDay : -1
        guard let day = CalendarDate(daysSince1970: Int(days)) else { return String(milliseconds) }
        let minutes = local % millisecondsPerDay / 60_000
        func padded(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(day) \(padded(minutes / 60)):\(padded(minutes % 60))"
    }
}
