import Foundation
import LocalSQLite
import SyncTrust
import Testing

/// A folder for one device's data, which goes when nobody needs it any more.
final class Scratch: Sendable {
    /// Whether stores are sealed, in the tests that run both ways.
    @TaskLocal static var isSealed = false
    static let secret = DeviceSecret.key([UInt8](repeating: 5, count: 32))

    let folder = FileManager.default.temporaryDirectory
        .appending(path: "local-\(UUID().uuidString)")
    private let isSealed = Scratch.isSealed

    deinit { try? FileManager.default.removeItem(at: folder) }

    var file: URL { folder.appending(path: "device.sqlite") }

    /// Opens the store of the folder; a second time, as after a restart.
    func open() throws -> LocalSQLiteStore {
        guard isSealed else { return try LocalSQLiteStore(folder: folder) }
        let store = try LocalSQLiteStore(folder: folder, unlockedBy: Unlocking(Self.secret, now: 0))
        if !store.isSealed { try store.sealAtOnce(under: Self.secret) }
        return store
    }

    func permissions(of url: URL) throws -> Int? {
        let attributes = try FileManager.default.attributesOfItem(atPath: url.path)
        return attributes[.posixPermissions].flatMap { Int("\($0)") }
    }
}

/// Runs each test of a suite twice: on a store as it is, and on one that is sealed.
struct BothWays: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        try await function()
        try await Scratch.$isSealed.withValue(true) { try await function() }
    }
}

extension Trait where Self == BothWays {
    /// As it is, and sealed: [D-05] changes nothing of what a store promises.
    static var plainAndSealed: Self { BothWays() }
}
