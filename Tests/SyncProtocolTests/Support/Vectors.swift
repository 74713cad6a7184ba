import Foundation
import SyncProtocol

/// Messages written down as bytes: `Protocol/Vectors/v1/<message>-<what>.hex`.
enum Vectors {
    /// One file: lines of comment, then hexadecimal digits.
    struct File: Sendable {
        let name: String
        let bytes: [UInt8]
    }

    private static var folder: URL {
        URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Protocol/Vectors/v1")
    }

    /// The samples from which the files are written.
    static var samples: [(name: String, comment: String, bytes: [UInt8])] {
        [
            ("change-creation", "A person captured for the first time.", Sample.creation.payload),
            (
                "change-edit", "Sets, adds, removes, clears; bases of two fields.",
                Sample.edit.payload
            ),
            ("change-deletion", "A deletion with its reason.", Sample.deletion.payload),
            ("change-undeletion", "A deletion taken back.", Sample.undeletion.payload),
            ("change-unknown-type", "A type that nobody here knows.", Sample.change977.payload),
            ("request-batch", "Five changes and two bookmarks.", Sample.request.encoded),
            (
                "change-resolution", "A third value for a conflict, mending two returned changes.",
                Sample.resolution.payload
            ),
            ("change-redirect", "A record found to be another one.", Sample.redirect.payload),
            ("change-split", "A redirect taken back.", Sample.split.payload),
            ("change-erasure", "A record redacted by law.", Sample.erasure.payload),
            ("request-bare", "Of the receipt the signature will do.", Sample.bareRequest.encoded),
            ("response-bare", "Of the receipt the signature.", Sample.bareResponse.encoded),
            // Beside response-news, in which conflicts name neither type nor epoch.
            (
                "response-decisions",
                "Outcomes, a page with a redirect and an erasure, a grant, a receipt, a settlement.",
                Sample.response.encoded
            ),
        ]
    }

    /// The files, by name.
    ///
    /// With RECORD_VECTORS in the environment, samples that have no file get one first. A file that
    /// is there is never written again.
    static func files() throws -> [File] {
        if ProcessInfo.processInfo.environment["RECORD_VECTORS"] != nil { try record() }
        return try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".hex") }.sorted()
            .map { name in
                let text = try String(
                    contentsOf: folder.appendingPathComponent(name),
                    encoding: .utf8
                )
                return File(name: String(name.dropLast(4)), bytes: try bytes(of: text, name))
            }
    }

    private static func bytes(of text: String, _ name: String) throws -> [UInt8] {
        let digits = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }
            .joined(separator: "").filter { !$0.isWhitespace }
        guard let bytes = [UInt8](hexadecimal: digits) else { throw NotHexadecimal(file: name) }
        return bytes
    }

    private static func record() throws {
        for sample in samples {
            let file = folder.appendingPathComponent(sample.name + ".hex")
            guard !FileManager.default.fileExists(atPath: file.path) else { continue }
            let lines = stride(from: 0, to: sample.bytes.count, by: 32).map { start in
                sample.bytes[start..<min(start + 32, sample.bytes.count)].hexadecimal
            }
            let text = (["# \(sample.comment)"] + lines).joined(separator: "\n") + "\n"
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
    }

    /// A file whose text is not made of hexadecimal digits.
    struct NotHexadecimal: Error {
        let file: String
    }
}
