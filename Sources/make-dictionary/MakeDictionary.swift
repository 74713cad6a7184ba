internal import Foundation
internal import ResidenceDomain
internal import SyncProtocol

/// Makes the preset dictionary of the present schema from a ledger: `make dictionary`.
///
/// Typical records as they travel, one after the other: of 16 KiB, people, dwellings and registrations alike. That
/// packs small batches by all but a few hundredths as well as twice as much would, and costs half the time.
@main
struct MakeDictionary {
    /// How large it becomes, in bytes.
    static let size = 16 << 10

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3 else {
            throw SyncError("arguments", "make-dictionary LEDGER.csv FILE", hint: "make dictionary")
        }
        let bytes = try dictionary(of: entries(of: arguments[1]))
        try Data(bytes).write(to: URL(fileURLWithPath: arguments[2]), options: .atomic)
    }

    private static func entries(of ledger: String) throws -> [LedgerEntry] {
        let reader = try LedgerReader(path: ledger)
        var entries: [LedgerEntry] = []
        while let row = try reader.next() {
            if case .accepted(let entry) = row { entries.append(entry) }
        }
        return entries
    }

    /// Rows from all over the ledger, as many as there is room for.
    private static func dictionary(of entries: [LedgerEntry]) -> [UInt8] {
        let records = entries.map { entry -> [UInt8] in
            let records = LedgerRecords(entry)
            return records.person.fieldMap.bytes + records.dwelling.fieldMap.bytes
                + records.registration.fieldMap.bytes
        }
        let typical = records.reduce(0) { $0 + $1.count } / max(1, records.count)
        let wanted = max(1, size / max(1, typical))
        var bytes: [UInt8] = []
        for record in stride(from: 0, to: records.count, by: max(1, records.count / wanted)) {
            guard bytes.count + records[record].count <= size else { break }
            bytes += records[record]
        }
        return bytes
    }
}
