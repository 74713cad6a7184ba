internal import Foundation
internal import SyncClient

/// The one place where this program looks at the clocks.
enum SystemClock {
    /// Milliseconds since 1970.
    static func milliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    /// How long the machine has been running, by a clock that nobody sets, sleep included.
    static func uptime() -> DeviceUptime? {
        let kernel = "/proc/sys/kernel/random/boot_id"
        guard let boot = try? String(contentsOfFile: kernel, encoding: .utf8),
            let running = try? String(contentsOfFile: "/proc/uptime", encoding: .utf8),
            let seconds = running.split(separator: " ").first.flatMap({ Double($0) })
        else { return nil }
        return DeviceUptime(
            boot: boot.trimmingCharacters(in: .whitespacesAndNewlines),
            milliseconds: Int64(seconds * 1000)
        )
    }
}
