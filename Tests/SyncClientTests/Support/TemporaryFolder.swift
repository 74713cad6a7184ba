import Foundation

/// A folder that goes when nobody needs it any more.
final class TemporaryFolder: Sendable {
    let url = FileManager.default.temporaryDirectory.appending(path: "sync-\(UUID().uuidString)")

    deinit { try? FileManager.default.removeItem(at: url) }
}
