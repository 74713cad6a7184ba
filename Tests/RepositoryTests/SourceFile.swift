import Foundation

/// A file of this repository, as the tests of its order see it.
struct SourceFile: Sendable, CustomStringConvertible {
    let path: String
    let text: String

    var description: String { path }
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// The modules that the file imports, without their kind of access.
    var imports: [String] {
        lines.compactMap { line in
            let words = line.split(separator: " ")
            guard let index = words.firstIndex(of: "import"), index <= 1, words.count == index + 2
            else { return nil }
            return String(words[index + 1])
        }
    }

    /// The repository's folder.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every Swift file of our own, generated ones apart.
    static let all: [SourceFile] = ["Protocol", "Server", "Client", "Sources", "Tests"].flatMap {
        files(under: $0, ending: ".swift")
    }
    .filter { !$0.path.contains("/Generated/") }

    static func files(under folder: String, ending: String) -> [SourceFile] {
        let base = root.appendingPathComponent(folder)
        let found = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String }
        return (found ?? []).filter { $0.hasSuffix(ending) }.sorted().compactMap { name in
            let text = try? String(contentsOf: base.appendingPathComponent(name), encoding: .utf8)
            return text.map { SourceFile(path: "\(folder)/\(name)", text: $0) }
        }
    }

    static func text(of path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }
}
