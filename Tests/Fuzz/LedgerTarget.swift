internal import Foundation
internal import Glibc
internal import ResidenceDomain
internal import SyncProtocol

/// Ledgers in any encoding: no row is lost or made up, accepted rows make valid records, and refused rows
/// are refused for the same reason when they come back.
struct LedgerTarget: FuzzTarget {
    private let folder = FileManager.default.temporaryDirectory.path
    private var refusedPath: String { "\(folder)/refused-\(getpid()).csv" }

    func run(_ bytes: [UInt8]) {
        withFile("given", bytes) { path in
            csv(at: path)
            ledger(at: path)
        }
    }

    // MARK: Records

    private func csv(at path: String) {
        guard let records = read(path) else { return }
        let cells = records.map(\.cells)
        // A cell with a NUL comes from UTF-16 alone; in UTF-8 it is what no text has.
        guard !cells.joined().contains(where: { $0.utf8.contains(0) }) else { return }
        withFile("written", written(cells)) { path in
            expect(
                read(path)?.dropFirst().map(\.cells) == cells,
                "what was read is read again as it was written"
            )
        }
    }

    private func read(_ path: String) -> [CSVRecord]? {
        guard let reader = try? CSVReader(path: path) else { return nil }
        var records: [CSVRecord] = []
        do throws(LedgerError) {
            while let record = try reader.next() {
                expect(!record.cells.isEmpty, "a record has a cell")
                expect(record.row > records.last?.row ?? 0, "rows ascend")
                expect(
                    record.garbled.allSatisfy(record.cells.indices.contains),
                    "garbled cells are cells"
                )
                expect((0...1).contains(reader.fractionRead), "a fraction is between 0 and 1")
                records.append(record)
            }
        } catch {
            return nil
        }
        expect(
            records.last?.row ?? 0 <= records.count + reader.blankRows,
            "every row is a record or blank"
        )
        return records
    }

    /// UTF-8 with every cell in quotation marks, under a first line that shows the delimiter.
    private func written(_ records: [[String]]) -> [UInt8] {
        let lines = [["", ""]] + records
        let text = lines.map { cells in
            cells.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(separator: ",")
        }
        return [0xEF, 0xBB, 0xBF] + Array(text.map { $0 + "\r\n" }.joined().utf8)
    }

    // MARK: Rows

    private func ledger(at path: String) {
        guard let (header, rows) = judged(path) else { return }
        var refused: [LedgerDefect] = []
        for row in rows {
            switch row {
            case .accepted(let entry): check(entry)
            // A row that was too short comes back filled up.
            case .refused(let defect) where defect.code != "columns_missing": refused.append(defect)
            case .refused: continue
            }
        }
        // What is garbled comes back as other characters, and a NUL makes the file no text.
        guard !refused.isEmpty,
            !(header + refused.flatMap(\.cells)).contains(where: {
                $0.utf8.contains(0) || $0.contains("\u{FFFD}")
            })
        else { return }
        check(refused, header)
    }

    private func judged(_ path: String) -> (header: [String], rows: [LedgerRow])? {
        guard let reader = try? LedgerReader(path: path) else { return nil }
        var rows: [LedgerRow] = []
        while let row = try? reader.next() { rows.append(row) }
        expect(rows.count == reader.rows, "every row is counted")
        expect(
            reader.refusedRows == rows.count { if case .refused = $0 { true } else { false } },
            "every refused row is counted"
        )
        return (reader.header, rows)
    }

    private func check(_ entry: LedgerEntry) {
        let records = LedgerRecords(entry)
        let violations = [
            ResidenceRules().violations(of: records.person.fieldMap, as: Person.recordType),
            ResidenceRules().violations(of: records.dwelling.fieldMap, as: Dwelling.recordType),
        ].joined()
        expect(violations.isEmpty, "an accepted row makes valid records: \(violations.map(\.code))")
    }

    private func check(_ refused: [LedgerDefect], _ header: [String]) {
        unlink(refusedPath)
        defer { unlink(refusedPath) }
        do throws(LedgerError) {
            let writer = try RefusedRowsWriter(path: refusedPath, header: header)
            for defect in refused { try writer.write(defect) }
            try writer.close()
        } catch {
            return
        }
        guard let (_, again) = judged(refusedPath) else {
            broken("a file of refused rows is a ledger")
        }
        let codes = again.map { row in
            if case .refused(let defect) = row { defect.code } else { "" }
        }
        expect(
            codes == refused.map(\.code),
            "refused rows come back for the same reasons: \(refused.map(\.code)), then \(codes)"
        )
    }

    // MARK: Files

    /// Runs a closure on a file that is there for so long.
    private func withFile(_ name: String, _ bytes: [UInt8], _ body: (String) -> Void) {
        let path = "\(folder)/\(name)-\(getpid()).csv"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        expect(write(descriptor, bytes, bytes.count) == bytes.count, "a file can be written")
        close(descriptor)
        defer { unlink(path) }
        body(path)
    }
}
