internal import Foundation

/// Moments as people read them, in the machine's time zone.
public enum Moment {
    /// `2026-11-23 20:15:50`, of milliseconds since 1970; with how far it may be off, where anybody knows.
    public static func text(_ milliseconds: Int64, uncertainty: UInt32 = 0) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
        let moment = formatter.string(
            from: Date(timeIntervalSince1970: Double(milliseconds) / 1000)
        )
        // What is off by less than the second that is shown is not off.
        guard uncertainty >= 1000 else { return moment }
        return "\(moment) ±\(span(Int64(uncertainty)))"
    }

    /// A length of time in the largest unit that leaves no great remainder: `45 s`, `12 min`, `3 h`, `20 d`.
    public static func span(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        return switch abs(seconds) {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) d"
        }
    }
}
