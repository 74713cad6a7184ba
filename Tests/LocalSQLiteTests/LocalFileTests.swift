import Foundation
import LocalSQLite
import SyncClient
import SyncProtocol
import Testing

struct LocalFileTests {
    private let scratch = Scratch()

    @Test func `only its owner can read a device's data`() throws {
        _ = try scratch.open()

        let folder = try scratch.permissions(of: scratch.folder)
        let file = try scratch.permissions(of: scratch.file)
        #expect(folder == 0o700)
        #expect(file == 0o600)
    }

    @Test(arguments: ["not a database", String(repeating: "損壞", count: 4_000)])
    func `a damaged file is refused and left as it is`(content: String) throws {
        let bytes = Data(content.utf8)
        try FileManager.default.createDirectory(
            at: scratch.folder,
            withIntermediateDirectories: true
        )
        try bytes.write(to: scratch.file)

        let error = #expect(throws: SyncError.self) { _ = try scratch.open() }

        let left = try Data(contentsOf: scratch.file)
        #expect(error?.code.rawValue == "database_unreadable")
        #expect(error?.subject == scratch.file.path)
        #expect(left == bytes)
    }

    @Test func `a commit waits until it is on the disk`() async throws {
        let level = try await scratch.open().synchronous()

        #expect(level == 2)
    }

    @Test("[G-04] after an unclean end what is held is counted from the rows")
    func uncleanEnd() async throws {
        let before = try scratch.open()
        try await before.write { try $0.save(Sample.profile) }
        // Its log was never written back: the program was killed.
        let again = try scratch.open()
        let cut = try await again.read { try $0.profile()?.mustRecount }
        try await again.write { transaction in
            var profile = Sample.profile
            profile.mustRecount = nil
            try transaction.save(profile)
        }
        try await again.scrub()

        let clean = try scratch.open()
        let left = try await clean.read { try $0.profile()?.mustRecount }

        #expect(cut == true)
        #expect(left == nil)
    }

    @Test func `a folder that cannot be made is reported with its path`() throws {
        try Data([1]).write(to: scratch.folder)

        let error = #expect(throws: SyncError.self) { _ = try scratch.open() }

        #expect(error?.code.rawValue == "database_unavailable")
        #expect(error?.subject == scratch.file.path)
    }
}
