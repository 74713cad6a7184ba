internal import Foundation

/// The one place where this program looks at the wall clock.
enum SystemClock {
    /// Milliseconds since 1970.
    static func milliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    /// The day, as a title.
    static var day: String { Date().formatted(.iso8601.year().month().day()) }
}
