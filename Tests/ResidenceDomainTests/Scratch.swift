import Foundation
import ResidenceDomain

/// Runs a body with the path of a file that holds some bytes, in a folder of its own that is
/// removed afterwards.
func withFile<Result>(
    _ bytes: some Sequence<UInt8>,
    _ body: (String) throws -> Result
) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "ledger.csv")
    try Data(bytes).write(to: file)
    return try body(file.path)
}

/// The records of a CSV text.
func records(_ bytes: some Sequence<UInt8>) throws -> [CSVRecord] {
    try withFile(bytes) { path in
        let reader = try CSVReader(path: path)
        var records: [CSVRecord] = []
        while let record = try reader.next() { records.append(record) }
        return records
    }
}

/// The rows of a ledger.
func rows(_ bytes: some Sequence<UInt8>) throws -> [LedgerRow] {
    try withFile(bytes) { try rows(path: $0) }
}

/// The rows of a ledger in a file.
func rows(path: String) throws -> [LedgerRow] {
    let reader = try LedgerReader(path: path)
    var rows: [LedgerRow] = []
    while let row = try reader.next() { rows.append(row) }
    return rows
}

extension LedgerRow {
    /// The values of an accepted row.
    var entry: LedgerEntry? {
        guard case .accepted(let entry) = self else { return nil }
        return entry
    }

    /// The defect of a refused row.
    var defect: LedgerDefect? {
        guard case .refused(let defect) = self else { return nil }
        return defect
    }
}
