internal import Foundation

/// The limit: the same rows written by a bare C program, in the same session.
struct Baseline: Codable {
    struct Run: Codable {
        var push: Double
        var update: Double
        var pull: Double
        var bytesPerRecord: Double

        enum CodingKeys: String, CodingKey {
            case push = "push_rows_s"
            case update = "update_rows_s"
            case pull = "pull_rows_s"
            case bytesPerRecord = "db_bytes_per_record"
        }
    }

    let program: URL
    let folder: URL
    let records: URL

    /// One run with so many rows in a transaction; `withHistory` also keeps every change's payload.
    func run(rows: Int, withHistory: Bool = false) throws -> Run {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = program
        process.arguments =
            [folder.appendingPathComponent("baseline.db").path, records.path, String(rows)]
            + (withHistory ? ["fullhist"] : [])
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try JSONDecoder().decode(Run.self, from: output)
    }
}
