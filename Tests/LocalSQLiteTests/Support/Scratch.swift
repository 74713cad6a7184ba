import Foundation
import LocalSQLite

/// A folder for one device's data, which goes when nobody needs it any more.
final class Scratch: Sendable {
    let folder = FileManager.default.temporaryDirectory
        .appending(path: "local-\(UUID().uuidString)")

    deinit { try? FileManager.default.removeItem(at: folder) }

    var file: URL { folder.appending(path: "device.sqlite") }

    /// Opens the store of the folder; a second time, as after a restart.
    func open() throws -> LocalSQLiteStore { try LocalSQLiteStore(folder: folder) }

    func permissions(of url: URL) throws -> Int? {
        let attributes = try FileManager.default.attributesOfItem(atPath: url.path)
        return attributes[.posixPermissions].flatMap { Int("\($0)") }
    }
}
