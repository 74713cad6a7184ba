internal import Foundation

/// How many worlds a property is tried in.
public enum Seeds {
    /// The first seeds, as many as said; RESIDENCE_SEEDS in the environment asks for more.
    public static func first(_ count: UInt64) -> Range<UInt64> {
        let wanted = ProcessInfo.processInfo.environment["RESIDENCE_SEEDS"].flatMap { UInt64($0) }
        return 0..<max(count, wanted ?? 0)
    }
}
