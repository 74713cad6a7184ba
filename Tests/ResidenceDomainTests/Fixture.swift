import Foundation
import Testing

/// A ledger of 3,000 rows with 141 known defects, in two encodings.
enum Fixture: String, CaseIterable, CustomTestStringConvertible {
    case utf8 = "ledger.csv"
    case gb18030 = "ledger.gb18030.csv"

    var path: String { Self.folder.appending(path: rawValue).path }
    var testDescription: String { rawValue }

    /// What reading either of the two must come to.
    struct Expected: Decodable {
        var rows: Int
        var acceptedRows: Int
        var people: Int
        var defects: [String: String]
    }

    static func expected() throws -> Expected {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let data = try Data(contentsOf: folder.appending(path: "ledger.expected.json"))
        return try decoder.decode(Expected.self, from: data)
    }

    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent()
        .appending(path: "Fixtures")
}
