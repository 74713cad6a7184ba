import Foundation
import ResidenceDomain
import Testing

@Suite struct RefusedRowsTests {
    /// Writes the refused rows of a ledger beside it, and gives the path.
    func refuse(_ ledger: String, as name: String = "refused.csv") throws -> String {
        let path = URL(filePath: ledger).deletingLastPathComponent().appending(path: name).path
        let reader = try LedgerReader(path: ledger)
        let writer = try RefusedRowsWriter(path: path, header: reader.header)
        while let row = try reader.next() {
            if let defect = row.defect { try writer.write(defect) }
        }
        try writer.close()
        #expect(writer.rows == reader.refusedRows)
        return path
    }

    @Test func `the file is what spreadsheet programs like`() throws {
        try withFile(SampleRow("姓名", "").csv.utf8) { ledger in
            let path = try refuse(ledger)
            let bytes = try Data(contentsOf: URL(filePath: path))
            let text = try #require(String(data: bytes, encoding: .utf8))
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]

            #expect(bytes.starts(with: [0xEF, 0xBB, 0xBF]))
            #expect(text.hasSuffix("\r\n"))
            #expect(text.contains("备注,错误代码,错误说明\r\n"))
            #expect(text.contains("name_missing,缺少“姓名”；请补填后重新导入。"))
            #expect(mode as? Int == 0o600)
        }
    }

    @Test(arguments: Fixture.allCases)
    func `unmended rows are refused again for the same reason`(fixture: Fixture) throws {
        try withFile(try Data(contentsOf: URL(filePath: fixture.path))) { ledger in
            let first = try rows(path: ledger).compactMap(\.defect)
            let second = try rows(path: try refuse(ledger)).compactMap(\.defect)

            #expect(second.count == first.count)
            // A row that was too short comes back filled up, and lacks what it lacked.
            for (one, other) in zip(first, second) where one.code != "columns_missing" {
                #expect(one.code == other.code)
            }
        }
    }

    @Test func `mended rows import`() throws {
        var sample = SampleRow("申报日期", "2026-02-30")
        sample["备注"] = "房东说\"下月搬走\",待核实\n需回访"
        try withFile(sample.csv.utf8) { ledger in
            let path = try refuse(ledger)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let mended = text.replacing("2026-02-30", with: "2026-04-12")

            sample["申报日期"] = "2026-04-12"
            #expect(try rows(mended.utf8).compactMap(\.entry) == [try sample.read()?.entry])
        }
    }

    @Test func `rows refused again have one set of the two columns`() throws {
        try withFile(SampleRow("姓名", "").csv.utf8) { ledger in
            let once = try refuse(ledger)
            let twice = try refuse(once, as: "again.csv")

            #expect(
                try Data(contentsOf: URL(filePath: once)) == Data(contentsOf: URL(filePath: twice))
            )
        }
    }

    @Test func `a row that is too long keeps all that it has`() throws {
        let sample = SampleRow()
        try withFile((sample.header + "\n" + sample.line + ",多余\n").utf8) { ledger in
            let again = try rows(path: try refuse(ledger))

            #expect(again.first?.defect?.code == "columns_surplus")
            #expect(again.first?.defect?.cells.last == "多余")
        }
    }

    @Test func `long numbers and formulas come to no harm in a spreadsheet`() throws {
        var sample = SampleRow("姓名", "")
        sample["备注"] = "=HYPERLINK(\"http://example.com\")"
        sample["证件号码"] = "110105194912310021"
        try withFile(sample.csv.utf8) { ledger in
            let text = try String(contentsOfFile: try refuse(ledger), encoding: .utf8)

            #expect(text.contains("\"\t110105194912310021\""))
            #expect(text.contains("\"\t=HYPERLINK"))
        }
    }

    @Test func `a name that nobody chose gives way to a file that is there`() throws {
        try withFile(SampleRow().csv.utf8) { ledger in
            let second = RefusedRowsWriter.freePath(like: ledger)
            try Data().write(to: URL(filePath: second))

            #expect(second.hasSuffix("ledger-2.csv"))
            #expect(RefusedRowsWriter.freePath(like: ledger).hasSuffix("ledger-3.csv"))
            #expect(RefusedRowsWriter.freePath(like: ledger + ".new") == ledger + ".new")
        }
    }

    @Test func `a file that is already there is never overwritten`() throws {
        try withFile(SampleRow().csv.utf8) { ledger in
            let before = try Data(contentsOf: URL(filePath: ledger))

            let error = #expect(throws: LedgerError.self) {
                try RefusedRowsWriter(path: ledger, header: [])
            }

            #expect(error?.code == .fileUnwritable)
            #expect(try Data(contentsOf: URL(filePath: ledger)) == before)
        }
    }
}
