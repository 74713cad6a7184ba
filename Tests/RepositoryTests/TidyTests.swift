import Foundation
import Testing

@Suite struct TidyTests {
    @Test func `no file is longer than 400 lines`() {
        let long = SourceFile.all.filter { $0.lines.count > 400 }

        #expect(long.map(\.path).isEmpty)
    }

    @Test func `README, ARCHITECTURE and the tests' own rules stay short`() throws {
        let architecture = try SourceFile.text(of: "ARCHITECTURE.md").split(
            separator: "\n",
            omittingEmptySubsequences: false
        )

        #expect(architecture.count <= 150)
        #expect(try SourceFile.text(of: "ARCHITECTURE.md").contains("## Guarantees"))
    }

    /// A phrase that our code does without, and where it may stand all the same.
    struct Banned: Sendable, CustomTestStringConvertible {
        let phrase: String
        var allowed: [String] = []

        var testDescription: String { phrase }

        static let all = [
            Banned(phrase: "try" + "!"), Banned(phrase: "as" + "! "),
            Banned(phrase: "fatal" + "Error("), Banned(phrase: " print" + "("),
            Banned(phrase: "Date" + "()", allowed: ["SystemClock.swift"]),
            Banned(phrase: "Task" + ".detached"),
            Banned(phrase: "Task" + ".sleep", allowed: ["ClientEnvironment.swift"]),
            Banned(phrase: "nonisolated" + "(unsafe)"), Banned(phrase: "@unchecked" + " Sendable"),
            Banned(phrase: "TO" + "DO"), Banned(phrase: "FIX" + "ME"),
            Banned(phrase: "@test" + "able"),
        ]
    }

    @Test(arguments: Banned.all)
    func `a banned phrase stands nowhere`(banned: Banned) {
        let offenders = SourceFile.all.filter { file in
            file.text.contains(banned.phrase)
                && !banned.allowed.contains { file.path.hasSuffix($0) }
        }

        #expect(offenders.map(\.path).isEmpty)
    }

    @Test func `the folder of fixtures holds fixtures alone`() throws {
        let folder = SourceFile.root.appendingPathComponent("Tests/ResidenceDomainTests/Fixtures")

        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)

        #expect(Set(files) == ["ledger.csv", "ledger.gb18030.csv", "ledger.expected.json"])
    }

    @Test func `what only builds make stays out of the repository`() throws {
        let ignored = try SourceFile.text(of: ".gitignore")

        #expect(ignored.contains(".build*/"))
        #expect(ignored.contains("Package.resolved"))
    }
}
