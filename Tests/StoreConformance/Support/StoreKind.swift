import Foundation
import StorePostgres
import StoreSQLite
import SyncServer
import TestSupport
import Testing

/// The implementations of `Store`; every promise is tested on each that is available.
enum StoreKind: String, CaseIterable, CustomTestStringConvertible {
    case sqlite
    case postgres

    /// Those that can run in this environment.
    static var available: [StoreKind] {
        PostgresCluster.isInstalled ? [.sqlite, .postgres] : [.sqlite]
    }

    var testDescription: String { rawValue }

    /// Opens, or makes, the store that lives in a folder.
    func open(_ folder: URL) throws -> any Store {
        switch self {
        case .sqlite: try SQLiteStore(folder: folder)
        case .postgres:
            PostgresStore(
                try PostgresSettings(
                    address: PostgresCluster.shared().schema(of: folder.lastPathComponent)
                )
            )
        }
    }

    /// Tells a story of an empty store; its folder is removed afterwards.
    func withStore<Result>(
        _ story: (any Store, URL) async throws -> Result
    ) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "store-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await story(open(folder), folder)
    }
}

/// What a closure throws that changes its mind.
struct ChangedMind: Error {}
